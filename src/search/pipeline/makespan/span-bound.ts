/**
 * How long the span of a device must be at least, and how much the idle time within spans.
 *
 * What comes behind some block of a device and before some block of it, in a micro-batch, runs within the span of the device. These
 * blocks make a pipeline of their own, and no schedule of it is shorter than its bound (`least-whole.ts`). Memory counts on devices
 * of which all takes and gives are among them, so on the device itself.
 *
 * Example: zero-bubble chain with memory for few micro-batches: the first device begins as many forwards as it can hold, then it
 * waits for the first backward to come back.
 */
import type { Placement } from "../../../placement/placement.js";
import { deviceLoads } from "../../../schedule/pipeline-metrics.js";
import { objectiveFloor, spansOf } from "../../../schedule/pipeline-objectives.js";
import type { PipelineSchedule } from "../../../schedule/pipeline-schedule.js";
import { followersOf, makespanBound, orderOfBlocks } from "../path-bounds.js";
import { leastWhole } from "./least-whole.js";

/** For `span`, devices that are asked, those with most to do first. */
const MOST_ASKED = 4;

/** No schedule takes less than this in the sense of `objective`; at most what `known` takes. Deterministic. */
export function spanBound(
  placement: Placement,
  known: PipelineSchedule,
  objective: "span" | "bubble",
  maxWork: number,
): number {
  const { microBatches } = known;
  const spans = spansOf(placement, known);
  const loads = deviceLoads(placement);
  const devices = [...placement.devices.keys()]
    .filter((at) => placement.devices[at]?.isLink !== true && (loads[at] ?? 0) > 0)
    .sort((a, b) => (loads[b] ?? 0) - (loads[a] ?? 0) || a - b)
    .slice(0, objective === "span" ? MOST_ASKED : placement.devices.length);
  const work = Math.floor(maxWork / Math.max(1, devices.length));
  const least = devices.map((device) => {
    const within = blocksWithin(placement, device);
    const low = makespanBound(within, microBatches);
    return leastWhole(within, microBatches, { low, high: spans[device] ?? 0, maxWork: work });
  });
  const floor = objectiveFloor(objective, placement, microBatches);
  return objective === "span"
    ? least.reduce((most, each) => Math.max(most, each), floor)
    : devices.reduce(
        (sum, device, at) => sum + Math.max(0, least[at]! - (loads[device] ?? 0) * microBatches),
        floor,
      );
}

/** The blocks that run within the span of a device. */
function blocksWithin(placement: Placement, device: number): Placement {
  const { blocks, dependencies, devices } = placement;
  const followers = followersOf(placement);
  const order = orderOfBlocks(followers);
  const isOwn = blocks.map((block) => block.devices.includes(device));
  const [isBehind, isBefore] = [[...isOwn], [...isOwn]];
  for (const at of order) {
    for (const { to } of isBehind[at] === true ? (followers[at] ?? []) : []) {
      isBehind[to] = true;
    }
  }
  for (const at of order.toReversed()) {
    isBefore[at] ||= followers[at]?.some(({ to }) => isBefore[to]) === true;
  }
  const kept = [...blocks.keys()].filter((at) => isBehind[at] === true && isBefore[at] === true);
  const placeOf = new Map(kept.map((block, at) => [block, at]));
  const isWhole = devices.map((_, at) =>
    blocks.every(
      ({ devices: own, memory }, block) => memory === 0 || !own.includes(at) || placeOf.has(block),
    ),
  );
  return {
    ...placement,
    devices: devices.map((each, at) =>
      isWhole[at] === true ? each : { ...each, memory: undefined },
    ),
    blocks: kept.flatMap((at) => blocks[at] ?? []),
    dependencies: dependencies.flatMap(({ from, to, latency }) => {
      const [first, second] = [placeOf.get(from), placeOf.get(to)];
      return first === undefined || second === undefined
        ? []
        : [{ from: first, to: second, latency }];
    }),
  };
}
