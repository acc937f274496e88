import { durationIn, latencyIn, runsIn } from "../placement/micro-batches.js";
import { mostSaved } from "../placement/overlaps.js";
import type { Block, Placement } from "../placement/placement.js";

/**
 * A makespan that no schedule of `microBatches` micro-batches is below, for placements that are not plain, from the
 * placement alone; it shares no code with the searches. As `leastMakespan`, but over the blocks of all micro-batches.
 *
 * Cost: O(passes x dependencies x micro-batches), one or two passes where blocks come in the order of their dependencies.
 */
export function leastMakespanOfInstances(placement: Placement, microBatches: number): number {
  const { blocks, devices } = placement;
  const count = blocks.length;
  const duration = (at: number): number =>
    durationIn(placement, blocks[at % count] as Block, Math.floor(at / count));
  const exists = (at: number): boolean =>
    runsIn(blocks[at % count] as Block, Math.floor(at / count));
  const all = Array.from({ length: count * microBatches }, (_, at) => at).filter(exists);
  const waits = waitsOf(placement, microBatches);
  const heads = new Float64Array(count * microBatches);
  const tails = new Float64Array(count * microBatches);
  for (let hasMoved = true; hasMoved; ) {
    hasMoved = false;
    const raise = (times: Float64Array, at: number, time: number): void => {
      if (time > (times[at] ?? 0)) {
        times[at] = time;
        hasMoved = true;
      }
    };
    for (const { from, to, latency } of waits) {
      raise(heads, to, (heads[from] ?? 0) + duration(from) + latency);
    }
    for (const { from, to, latency } of waits.toReversed()) {
      raise(tails, from, (tails[to] ?? 0) + duration(to) + latency);
    }
  }
  const path = (at: number): number => (heads[at] ?? 0) + duration(at) + (tails[at] ?? 0);
  const longest = all.reduce((most, at) => Math.max(most, path(at)), 0);
  return devices.reduce((most, _, device) => {
    const own = all.filter((at) => blocks[at % count]?.devices.includes(device));
    const least = (times: Float64Array): number =>
      own.reduce((shortest, at) => Math.min(shortest, times[at] ?? 0), Number.POSITIVE_INFINITY);
    const apart = own.reduce((sum, at) => sum + duration(at), 0);
    const one = blocks.flatMap((block, at) => (block.devices.includes(device) ? [at] : []));
    const load = apart - microBatches * mostSaved(placement, one);
    return load === 0 ? most : Math.max(most, least(heads) + load + least(tails));
  }, longest);
}

/** Dependencies between blocks of all micro-batches: position of block b of micro-batch i is i * blocks + b. */
function waitsOf(
  placement: Placement,
  microBatches: number,
): readonly { readonly from: number; readonly to: number; readonly latency: number }[] {
  const { blocks, dependencies } = placement;
  return Array.from({ length: microBatches }, (_, microBatch) =>
    dependencies.flatMap((dependency) => {
      const { distance = 0 } = dependency;
      const source = blocks[dependency.from]?.isPerStep === true ? 0 : microBatch - distance;
      const target = blocks[dependency.to]?.isPerStep === true ? 0 : microBatch;
      const latency = latencyIn(placement, dependency, source);
      return source < 0
        ? []
        : [
            {
              from: source * blocks.length + dependency.from,
              to: target * blocks.length + dependency.to,
              latency,
            },
          ];
    }),
  ).flat();
}
