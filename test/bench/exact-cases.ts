/**
 * What the pipeline search says of small random placements of many kinds, one JSON object a line, for
 * cp-sat-agreement.py, and a summary at the end.
 *
 *     node test/bench/start.mjs exact-cases [first seed] [count] > cases.jsonl
 */
import { readPlacement } from "../../dist/placement/parse-placement.js";
import { searchPipeline } from "../../dist/search/pipeline/algorithms.js";
import { smallCase } from "./small-placements.js";

const [first = 1, count = 640] = process.argv.slice(2).map(Number);
const counts = new Map<string, number>();

for (let seed = first; seed < first + count; seed++) {
  const { kind, microBatches, placement } = smallCase(seed);
  const read = readPlacement(placement, `seed ${seed}`);
  if (!read.ok) {
    say(seed, kind, { refused: read.error[0].code });
    continue;
  }
  const begin = process.cpuUsage();
  const found = searchPipeline("top-compile", read.value, microBatches, { seed: 1 });
  const { user, system } = process.cpuUsage(begin);
  const seconds = (user + system) / 1e6;
  if (!found.ok) {
    say(seed, kind, { placement, microBatches, seconds, failure: found.error[0].code });
    continue;
  }
  const { periodic, status, boundEach, leastUpTo, whole, makespanLowerBound, makespanStatus } =
    found.value;
  say(seed, kind, {
    placement,
    microBatches,
    seconds,
    status,
    period: periodic.period,
    microBatchesPerPeriod: periodic.microBatchesPerPeriod,
    boundEach,
    leastUpTo,
    makespan: whole.makespan,
    makespanLowerBound,
    makespanStatus,
  });
}
for (const [what, number] of [...counts].toSorted()) {
  process.stderr.write(`${what}: ${number}\n`);
}

function say(seed: number, kind: string, record: Readonly<Record<string, unknown>>): void {
  const { refused, failure, status, makespanStatus } = record;
  for (const what of [refused ?? failure ?? `period ${status}`, makespanStatus]) {
    if (what !== undefined) {
      const line = what === makespanStatus ? `makespan ${what}` : String(what);
      counts.set(line, (counts.get(line) ?? 0) + 1);
    }
  }
  console.log(JSON.stringify({ seed, kind, ...record }));
}
