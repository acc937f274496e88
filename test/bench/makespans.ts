/**
 * Makespans of every pipeline algorithm at equal memory limits: `npm run bench:makespan`.
 * `-- --ours NAME` compares another algorithm than the default, `-- --only SHAPE` one shape,
 * `-- --max-nodes N` limits ours, `-- --short` prints one row per placement: ours / best reference /
 * lower bound.
 */
import { buildShape, type ShapeOptions } from "../../dist/placement/shapes/build-shape.js";
import {
  PIPELINE_ALGORITHMS,
  type PipelineAlgorithm,
} from "../../dist/schedule/pipeline-algorithm-names.js";
import { searchPipeline } from "../../dist/search/pipeline/algorithms.js";
import { unwrap } from "./fixture-models.js";

const COUNTS = [8, 16, 32, 64, 128];
const OWN: readonly PipelineAlgorithm[] = ["top-compile", "quick", "modulo", "greedy"];
const EQUAL = { forward: 2, backward: 2, weight: 2 };
const UNEQUAL = { forward: 20, backward: 18, weight: 9 };

const CASES: readonly (readonly [shape: string, options: ShapeOptions])[] = [
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

function option(name: string): string | undefined {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
}

const named = option("ours") ?? PIPELINE_ALGORITHMS[0];
const ours = PIPELINE_ALGORITHMS.find((name) => name === named);
if (ours === undefined) {
  throw new Error(`no algorithm ${named}: ${PIPELINE_ALGORITHMS.join(", ")}`);
}
const only = option("only");
const maxNodes = Number(option("max-nodes") ?? 0);
const isShort = process.argv.includes("--short");
const others = PIPELINE_ALGORITHMS.filter((name) => !OWN.includes(name));
const losses: string[] = [];

function nameOf(
  shape: string,
  { devices, memory, forward, backward, weight, latency }: ShapeOptions,
): string {
  const times = [forward, backward, weight].filter((time) => time !== undefined).join("/");
  return [
    `${shape} ${devices}`,
    memory === undefined ? "no limit" : `memory ${memory}`,
    ...(times === "" ? [] : [times]),
    ...(latency === undefined ? [] : [`latency ${latency}`]),
  ].join(", ");
}

/** What the algorithms reach for so many micro-batches; without a value: no schedule. */
interface Comparison {
  readonly own: number | undefined;
  /** In the order of `others`. */
  readonly spans: readonly (number | undefined)[];
  /** Shortest of the others, infinite if there is none, and whose it is. */
  readonly best: number;
  readonly who: readonly PipelineAlgorithm[];
  readonly bound: number;
}

function compare(
  ours: PipelineAlgorithm,
  shape: string,
  options: ShapeOptions,
  count: number,
): Comparison {
  const placement = unwrap(buildShape(shape, options));
  const limits = (name: PipelineAlgorithm) =>
    name === "tessel" ? { maxNodes: 400_000 } : name === ours && maxNodes ? { maxNodes } : {};
  const found = [ours, ...others].map((name) =>
    searchPipeline(name, placement, count, limits(name)),
  );
  const [own, ...spans] = found.map((each) => (each.ok ? each.value.whole.makespan : undefined));
  const best = Math.min(...spans.map((span) => span ?? Number.POSITIVE_INFINITY));
  const who = others.filter((_, at) => spans[at] === best);
  const bound = Math.max(0, ...found.map((each) => (each.ok ? each.value.makespanLowerBound : 0)));
  if ((own ?? Number.POSITIVE_INFINITY) > best) {
    const name = nameOf(shape, options);
    losses.push(`${name}, N = ${count}: ${ours} ${own ?? "nothing"}, ${best} by ${who.join(", ")}`);
  }
  return { own, spans, best, who, bound };
}

function fullRow(name: string, count: number, { own, spans, best, bound }: Comparison): string {
  const least = Math.min(best, own ?? Number.POSITIVE_INFINITY);
  const cells = [own, ...spans].map((span) =>
    span === undefined ? "" : span === least ? `**${span}**` : String(span),
  );
  return `| ${name} | ${count} | ${bound} | ${cells.join(" | ")} |`;
}

function shortRow(name: string, comparisons: readonly Comparison[]): string {
  const cells = comparisons.map(({ own, best, bound }) => {
    const mark = (span: number | undefined): string =>
      span === undefined || span === Number.POSITIVE_INFINITY
        ? "–"
        : span === bound
          ? `**${span}**`
          : String(span);
    return `${mark(own)} / ${mark(best)} / ${bound}`;
  });
  const names = new Set(comparisons.flatMap(({ who }) => who));
  return `| ${name} | ${cells.join(" | ")} | ${[...names].join(", ")} |`;
}

const heads = isShort
  ? ["placement", ...COUNTS.map((count) => `N = ${count}`), "best reference"]
  : ["placement", "N", "lower bound", ours, ...others];
console.log(`| ${heads.join(" | ")} |`);
console.log(`|${heads.map(() => "---|").join("")}`);
for (const [shape, options] of CASES.filter(([name]) => only === undefined || name === only)) {
  const name = nameOf(shape, options);
  if (isShort) {
    const comparisons = COUNTS.map((count) => compare(ours, shape, options, count));
    console.log(shortRow(name, comparisons));
  } else {
    for (const count of COUNTS) {
      console.log(fullRow(name, count, compare(ours, shape, options, count)));
    }
  }
}
console.log(`\nWhere a reference is shorter than ${ours}: ${losses.length}`);
for (const loss of losses) {
  console.log(`- ${loss}`);
}
