// Trains the weights of GPG and draws the curve: `npm run train:gpg`.
// Writes src/partition/gpg/pretrained-weights.ts and docs/partition-training.svg.
import { writeFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { encodeParameters } from "../../dist/learn/fixed-point.js";
import { judgePolicy, syntheticLessons, trainPolicy } from "../../dist/partition/gpg/training.js";

const OPTIONS = { steps: 200, models: 16, rounds: 2, draws: 16, rate: 2e-3, seed: 1 };
const steps = Number(process.argv[2] ?? OPTIONS.steps);
const held = syntheticLessons(100, 999);
const curve = [];
const start = performance.now();
const parameters = trainPolicy({ ...OPTIONS, steps }, (done, now) => {
  if (done % 25 === 0) {
    curve.push({ done, first: judgePolicy(held, now, 1, 5), later: judgePolicy(held, now, 4, 5) });
    const { first, later } = curve.at(-1);
    const seconds = ((performance.now() - start) / 1000).toFixed(0);
    console.log(`${done} steps  ${first.toFixed(4)} ${later.toFixed(4)}  ${seconds} s`);
  }
});
console.log(`rounded ${judgePolicy(held, parameters, 4, 5).toFixed(4)}`);
writeFileSync("src/partition/gpg/pretrained-weights.ts", weightsFile(encodeParameters(parameters)));
writeFileSync("docs/partition-training.svg", svg(curve));

function weightsFile(text) {
  const lines = text.match(/.{1,92}/g).map((line) => `  "${line}",`);
  return `/**
 * Weights of the order policy, trained on made-up models by \`npm run train:gpg\`, which writes this
 * file: see \`decodeParameters\` for the encoding.
 */
export const PRETRAINED_WEIGHTS: string = [
${lines.join("\n")}
].join("");
`;
}

/** Two lines over the steps of training, lower is better. */
function svg(points) {
  const [width, height, left, top] = [640, 300, 60, 30];
  const values = points.flatMap(({ first, later }) => [first, later]);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const x = (done) => left + ((width - left - 20) * done) / points.at(-1).done;
  const y = (value) => top + ((height - top - 40) * (high - value)) / (high - low);
  const line = (key, color) =>
    `<polyline fill="none" stroke="${color}" stroke-width="2" points="${points.map((p) => `${x(p.done).toFixed(1)},${y(p[key]).toFixed(1)}`).join(" ")}"/>`;
  const ticks = [0, 1, 2, 3].map((i) => low + ((high - low) * i) / 3);
  const grid = ticks.map(
    (value) =>
      `<line x1="${left}" x2="${width - 20}" y1="${y(value).toFixed(1)}" y2="${y(value).toFixed(1)}" stroke="#ddd"/><text x="${left - 6}" y="${(y(value) + 4).toFixed(1)}" text-anchor="end">${value.toFixed(3)}</text>`,
  );
  const steps = [0, 1, 2, 3, 4].map((i) => Math.round((points.at(-1).done * i) / 4));
  const axis = steps.map(
    (done) =>
      `<text x="${x(done).toFixed(1)}" y="${height - 22}" text-anchor="middle">${done}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">
<title>Training of the GPG policy</title>
<rect width="${width}" height="${height}" fill="#fff"/>
${grid.join("\n")}
${axis.join("\n")}
<text x="${width / 2}" y="${height - 6}" text-anchor="middle">steps of training</text>
<text x="${left}" y="18">period over the best cut of the candidate orders, held-out made-up models</text>
${line("first", "#c60")}
${line("later", "#06c")}
<text x="${width - 24}" y="${(y(points.at(-1).first) - 6).toFixed(1)}" text-anchor="end" fill="#c60">after 1 round</text>
<text x="${width - 24}" y="${(y(points.at(-1).later) - 6).toFixed(1)}" text-anchor="end" fill="#06c">after 4 rounds</text>
</svg>
`;
}
