/**
 * Proves from the placement alone that the devices of a schedule take no less than a claim says, in spans or in idle time within
 * them. It shares no code with the search.
 *
 * Blocks that some path leads to from a block of the device, and from there to another of its blocks, run within its span. Without
 * the others they are a pipeline, and what is certain of its makespan (`isTooShort`) is certain of the span. Limits stay where
 * no block that changes memory is left out.
 */
import { isPlain } from "../placement/micro-batches.js";
import type { Placement } from "../placement/placement.js";
import { isTooShort } from "./check-makespan.js";
import { deviceLoads } from "./pipeline-metrics.js";
import { objectiveFloor } from "./pipeline-objectives.js";

/** Whether it is certain that no schedule of so many micro-batches takes less than `bound`. False proves nothing. */
export function isSpanBound(
  placement: Placement,
  microBatches: number,
  objective: "span" | "bubble",
  bound: number,
): boolean {
  if (bound <= objectiveFloor(objective, placement, microBatches)) {
    return true;
  }
  const devices = [...placement.devices.keys()].filter(
    (at) => placement.devices[at]?.isLink !== true,
  );
  if (!isPlain(placement)) {
    return false;
  }
  if (objective === "span") {
    return devices.some((at) => isTooShort(within(placement, at), microBatches, bound - 1));
  }
  const loads = deviceLoads(placement);
  let idle = 0;
  for (const device of devices) {
    const load = (loads[device] ?? 0) * microBatches;
    idle += leastSpan(within(placement, device), microBatches, load, load + bound - idle) - load;
    if (idle >= bound) {
      return true;
    }
  }
  return false;
}

/** The most, from `low` to `high`, that is certain of a span: every less is too short where one is. */
function leastSpan(placement: Placement, microBatches: number, low: number, high: number): number {
  let [least, most] = [low, high];
  while (least < most) {
    const middle = Math.ceil((least + most) / 2);
    if (isTooShort(placement, microBatches, middle - 1)) {
      least = middle;
    } else {
      most = middle - 1;
    }
  }
  return least;
}

/** What runs within the span of a device. */
function within(placement: Placement, device: number): Placement {
  const { blocks, dependencies } = placement;
  const own = blocks.flatMap((block, at) => (block.devices.includes(device) ? [at] : []));
  const reached = (from: "from" | "to", to: "from" | "to"): ReadonlySet<number> => {
    const found = new Set(own);
    for (let size = -1; size !== found.size; ) {
      size = found.size;
      for (const each of dependencies) {
        if (found.has(each[from])) {
          found.add(each[to]);
        }
      }
    }
    return found;
  };
  const behind = reached("from", "to");
  const kept = [...reached("to", "from")].filter((at) => behind.has(at)).sort((a, b) => a - b);
  const changes = (at: number): boolean =>
    blocks.some(({ devices, memory }, block) => {
      return memory !== 0 && devices.includes(at) && !kept.includes(block);
    });
  return {
    ...placement,
    devices: placement.devices.map((each, at) =>
      changes(at) ? { ...each, memory: undefined } : each,
    ),
    blocks: kept.map((at) => blocks[at]!),
    dependencies: dependencies.flatMap((each) => {
      const [from, to] = [kept.indexOf(each.from), kept.indexOf(each.to)];
      return from === -1 || to === -1 ? [] : [{ from, to, latency: each.latency }];
    }),
  };
}
