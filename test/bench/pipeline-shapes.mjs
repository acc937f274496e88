// Least periods of the named shapes, with proof, memory and states: `npm run bench:pipeline`.
import { performance } from "node:perf_hooks";
import { buildShape } from "../../dist/placement/shapes/build-shape.js";
import { searchPeriod } from "../../dist/search/pipeline/period-search.js";

console.log(
  "| shape | devices | memory | period per micro-batch | status | lower bound | peak memory | states | time |\n|---|---|---|---|---|---|---|---|---|",
);
for (const [n, d, m] of [
  ["v", 4, 4],
  ["v", 4, 3],
  ["k", 4, 6],
  ["m", 4, 6],
  ["m", 4, 4],
  ["nn", 4, 6],
  ["nn-eager", 4, 6],
  ["mllm", 4, 6],
  ["finetune", 4, 6],
  ["alphafold", 4, 6],
  ["x", 4, 4],
  ["m", 5, 20],
  ["m", 6, 20],
  ["m", 8, 20],
  ["nn", 5, 20],
  ["nn", 8, 20],
  ["v", 8, 20],
  ["v", 16, 20],
  ["k", 6, 20],
  ["m", 16, 40],
]) {
  const p = buildShape(n, { devices: d, memory: m }).value;
  const t = performance.now();
  const r = searchPeriod(p, { maxNodes: 2e6, seed: 1 });
  const ms = performance.now() - t;
  const q = r.schedule.microBatchesPerPeriod;
  const lb = r.lowerBound;
  console.log(
    `| ${n} | ${d} | ${m} | ${q === 1 ? r.schedule.period : `${r.schedule.period}/${q}`} | ${r.status} | ${lb.denominator === 1 ? lb.numerator : lb.numerator + "/" + lb.denominator} | ${Math.max(...r.peaks.map((x) => x ?? 0))} | ${r.nodes} | ${ms < 1000 ? ms.toFixed(0) + " ms" : (ms / 1000).toFixed(1) + " s"} |`,
  );
}
