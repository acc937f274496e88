// Makespans of every pipeline algorithm at equal memory limits: `npm run bench:makespan`.
// `-- --ours NAME` compares another algorithm than the default, `-- --only SHAPE` one shape,
// `-- --max-nodes N` limits ours, `-- --short` prints one row per placement: ours / best reference / lower bound.
import { buildShape } from "../../dist/placement/shapes/build-shape.js";
import { PIPELINE_ALGORITHMS } from "../../dist/schedule/pipeline-algorithm-names.js";
import { searchPipeline } from "../../dist/search/pipeline/algorithms.js";

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
const maxNodes = Number(option("max-nodes") ?? 0);
const isShort = process.argv.includes("--short");
const others = PIPELINE_ALGORITHMS.filter((name) => !OWN.includes(name));
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

/** Makespans of all algorithms for so many micro-batches. */
function compare(shape, options, count) {
  const built = buildShape(shape, options);
  if (!built.ok) {
    throw new Error(built.error[0].message);
  }
  const limits = (name) =>
    name === "tessel" ? { maxNodes: 400_000 } : name === ours && maxNodes ? { maxNodes } : {};
  const found = [ours, ...others].map((name) =>
    searchPipeline(name, built.value, count, limits(name)),
  );
  const [own, ...spans] = found.map((each) => (each.ok ? each.value.whole.makespan : undefined));
  const best = Math.min(...spans.map((span) => span ?? Number.POSITIVE_INFINITY));
  const who = others.filter((_, at) => spans[at] === best);
  const bound = found.reduce((most, each) => {
    return each.ok ? Math.max(most, each.value.makespanLowerBound) : most;
  }, 0);
  if ((own ?? Number.POSITIVE_INFINITY) > best) {
    const reached = own === undefined ? "nothing" : own;
    const name = nameOf(shape, options);
    losses.push(`${name}, N = ${count}: ${ours} ${reached}, ${best} by ${who.join(", ")}`);
  }
  return { own, spans, best, who, bound };
}

function fullRow(shape, options, count) {
  const { own, spans, best, bound } = compare(shape, options, count);
  const least = Math.min(best, own ?? Number.POSITIVE_INFINITY);
  const cells = [own, ...spans].map((span) =>
    span === undefined ? "" : span === least ? `**${span}**` : String(span),
  );
  console.log(`| ${nameOf(shape, options)} | ${count} | ${bound} | ${cells.join(" | ")} |`);
}

function shortRow(shape, options) {
  const names = new Set();
  const cells = COUNTS.map((count) => {
    const { own, best, who, bound } = compare(shape, options, count);
    for (const name of who) {
      names.add(name);
    }
    const mark = (span) => (span === bound ? `**${span}**` : String(span));
    return `${mark(own)} / ${best === Number.POSITIVE_INFINITY ? "–" : mark(best)} / ${bound}`;
  });
  console.log(`| ${nameOf(shape, options)} | ${cells.join(" | ")} | ${[...names].join(", ")} |`);
}

const heads = isShort
  ? ["placement", ...COUNTS.map((count) => `N = ${count}`), "best reference"]
  : ["placement", "N", "lower bound", ours, ...others];
console.log(`| ${heads.join(" | ")} |`);
console.log(`|${heads.map(() => "---|").join("")}`);
for (const [shape, options] of CASES) {
  if (only !== undefined && shape !== only) {
    continue;
  }
  if (isShort) {
    shortRow(shape, options);
  } else {
    for (const count of COUNTS) {
      fullRow(shape, options, count);
    }
  }
}
console.log(`\nWhere a reference is shorter than ${ours}: ${losses.length}`);
for (const loss of losses) {
  console.log(`- ${loss}`);
}
