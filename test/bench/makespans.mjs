// Makespans of every pipeline algorithm at equal memory limits: `npm run bench:makespan`.
// `-- --ours NAME` compares another algorithm than the default, `-- --only SHAPE` one shape.
import { buildShape } from "../../dist/placement/shapes/build-shape.js";
import { PIPELINE_ALGORITHMS, searchPipeline } from "../../dist/search/pipeline/algorithms.js";

const COUNTS = [8, 16, 32, 64, 128];
const OWN = ["top-compile", "quick", "modulo", "greedy"];
const EQUAL = { forward: 2, backward: 2, weight: 2 };
const UNEQUAL = { forward: 20, backward: 18, weight: 9 };

const CASES = [
  ["v", { devices: 4, memory: 4 }],
  ["v", { devices: 4, memory: 3 }],
  ["v", { devices: 4, memory: 2 }],
  ["v", { devices: 4 }],
  ["v", { devices: 5, memory: 5 }],
  ["v", { devices: 8, memory: 8 }],
  ["v", { devices: 8, memory: 8, forward: 20, backward: 27, latency: 1 }],
  ["v", { devices: 8, forward: 20, backward: 27, latency: 1 }],
  ["x", { devices: 4, memory: 4 }],
  ["x", { devices: 4 }],
  ["x", { devices: 8, memory: 8 }],
  ["x", { devices: 8, memory: 8, forward: 20, backward: 27, latency: 1 }],
  ["m", { devices: 4, memory: 4 }],
  ["m", { devices: 4, memory: 5 }],
  ["m", { devices: 4, memory: 6 }],
  ["m", { devices: 4, memory: 20 }],
  ["m", { devices: 5, memory: 20 }],
  ["m", { devices: 6, memory: 20 }],
  ["nn", { devices: 4, memory: 6 }],
  ["nn", { devices: 4, memory: 20 }],
  ["nn", { devices: 5, memory: 20 }],
  ["nn-eager", { devices: 4, memory: 6 }],
  ["nn-eager", { devices: 4, memory: 20 }],
  ["k", { devices: 4, memory: 3 }],
  ["k", { devices: 4, memory: 6 }],
  ["k", { devices: 4, memory: 20 }],
  ["k", { devices: 6, memory: 20 }],
  ["mllm", { devices: 4, memory: 6 }],
  ["finetune", { devices: 4, memory: 6 }],
  ["alphafold", { devices: 4, memory: 6 }],
  ["interleaved-1f1b", { devices: 4, memory: 11, forward: 1, backward: 2 }],
  ["interleaved-1f1b", { devices: 8, memory: 23, forward: 1, backward: 2 }],
  ["interleaved-1f1b", { devices: 4, memory: 11, forward: 20, backward: 27, latency: 2 }],
  ["zb-h", { devices: 4, memory: 4, ...EQUAL }],
  ["zb-h", { devices: 4, memory: 6, ...EQUAL }],
  ["zb-h", { devices: 4, memory: 8, ...EQUAL }],
  ["zb-h", { devices: 8, memory: 8, ...EQUAL }],
  ["zb-h", { devices: 8, memory: 16, ...EQUAL }],
  ["zb-h", { devices: 8, memory: 8, ...UNEQUAL, latency: 1 }],
  ["zb-h", { devices: 8, memory: 16, ...UNEQUAL, latency: 1 }],
  ["zb-v", { devices: 4, memory: 8 }],
  ["zb-v", { devices: 8, memory: 16 }],
  ["zb-v", { devices: 8, memory: 16, ...UNEQUAL, latency: 2 }],
  ["dualpipe", { devices: 4, memory: 4 }],
  ["dualpipe", { devices: 4, memory: 8 }],
  ["dualpipe", { devices: 8, memory: 8 }],
  ["dualpipe", { devices: 8, memory: 8, ...UNEQUAL, latency: 1 }],
];

function option(name) {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
}

const ours = option("ours") ?? PIPELINE_ALGORITHMS[0];
const only = option("only");
const others = PIPELINE_ALGORITHMS.filter((name) => !OWN.includes(name));
const contestants = [ours, ...others];
const losses = [];

function nameOf(shape, { devices, memory, forward, backward, weight, latency }) {
  const times = [forward, backward, weight].filter((time) => time !== undefined).join("/");
  return [
    `${shape} ${devices}`,
    memory === undefined ? "no limit" : `memory ${memory}`,
    ...(times === "" ? [] : [times]),
    ...(latency === undefined ? [] : [`latency ${latency}`]),
  ].join(", ");
}

function row(shape, options, count) {
  const built = buildShape(shape, options);
  if (!built.ok) {
    throw new Error(built.error[0].message);
  }
  const found = contestants.map((name) => searchPipeline(name, built.value, count));
  const spans = found.map((each) => (each.ok ? each.value.whole.makespan : undefined));
  const best = Math.min(...spans.map((span) => span ?? Number.POSITIVE_INFINITY));
  const bound = found.reduce((most, each) => {
    return each.ok ? Math.max(most, each.value.makespanLowerBound) : most;
  }, 0);
  const name = nameOf(shape, options);
  if (spans[0] !== best) {
    const who = contestants.filter((_, at) => spans[at] === best);
    losses.push(`${name}, N = ${count}: ${ours} ${spans[0]}, ${best} by ${who.join(", ")}`);
  }
  const cells = spans.map((span) =>
    span === undefined ? "" : span === best ? `**${span}**` : String(span),
  );
  console.log(`| ${name} | ${count} | ${bound} | ${cells.join(" | ")} |`);
}

console.log(`| placement | N | lower bound | ${contestants.join(" | ")} |`);
console.log(`|---|---|---|${contestants.map(() => "---|").join("")}`);
for (const [shape, options] of CASES) {
  if (only === undefined || shape === only) {
    for (const count of COUNTS) {
      row(shape, options, count);
    }
  }
}
console.log(`\n${losses.length} of them not best:`);
for (const loss of losses) {
  console.log(`- ${loss}`);
}
