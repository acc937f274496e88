/**
 * Trains the weights of GPG and draws the curve: `npm run train:gpg`. Argument: steps.
 * Writes src/partition/gpg/pretrained-weights.ts and docs/partition-training.svg, or with a second
 * argument both into that folder.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { encodeParameters } from "../../../dist/learn/fixed-point.js";
import { judgePolicy, syntheticLessons, trainPolicy } from "./training.js";
import { type CurvePoint, curveSvg } from "./training-curve.js";

const OPTIONS = { steps: 200, models: 16, rounds: 2, draws: 16, rate: 2e-3, seed: 1 };
/** Steps between two points of the curve. */
const STRIDE = 25;

const [, , given = OPTIONS.steps, folder] = process.argv;
const held = syntheticLessons(100, 999);
const curve: CurvePoint[] = [];
const start = performance.now();
const parameters = trainPolicy({ ...OPTIONS, steps: Number(given) }, (done, now) => {
  if (done % STRIDE === 0) {
    const [first, later] = [judgePolicy(held, now, 1, 5), judgePolicy(held, now, 4, 5)];
    curve.push({ done, first, later });
    const seconds = ((performance.now() - start) / 1000).toFixed(0);
    console.log(`${done} steps  ${first.toFixed(4)} ${later.toFixed(4)}  ${seconds} s`);
  }
});
console.log(`rounded ${judgePolicy(held, parameters, 4, 5).toFixed(4)}`);
write("src/partition/gpg", "pretrained-weights.ts", weightsFile(encodeParameters(parameters)));
write("docs", "partition-training.svg", curveSvg(curve));

function write(home: string, name: string, text: string): void {
  writeFileSync(join(folder ?? home, name), text);
}

function weightsFile(text: string): string {
  const lines = (text.match(/.{1,92}/g) ?? []).map((line) => `  "${line}",`);
  return `/**
 * Weights of the order policy, trained on made-up models by \`npm run train:gpg\`, which writes this
 * file: see \`decodeParameters\` for the encoding.
 */
export const PRETRAINED_WEIGHTS: string = [
${lines.join("\n")}
].join("");
`;
}
