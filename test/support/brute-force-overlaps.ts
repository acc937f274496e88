import type { Placement } from "../../src/placement/placement.js";

/**
 * Least makespans of tiny placements whose blocks can overlap, from the definitions and by plain enumeration: at every time
 * any works that may start do or do not, alone or two at once. Nothing of it is shared with the searches or the verifiers.
 */

interface Run {
  readonly start: number;
  readonly end: number;
}

/** The least makespan of as many micro-batches, at most `longest`; infinity: it is longer, or memory suffices for none. */
export function leastMakespanOverlapping(
  placement: Placement,
  microBatches: number,
  longest: number,
): number {
  const { blocks, dependencies, devices, memoryRelease, overlaps = [] } = placement;
  const works = Array.from({ length: microBatches }, (_, microBatch) =>
    blocks.map((block, at) => ({ ...block, at, microBatch })),
  ).flat();
  const runs: (Run | undefined)[] = works.map(() => undefined);
  let best = longest + 1;
  const isReady = (work: number, time: number): boolean =>
    runs[work] === undefined &&
    dependencies.every(({ from, to, latency }) => {
      const source = runs[works[work]!.microBatch * blocks.length + from];
      return to !== works[work]!.at || (source !== undefined && source.end + latency <= time);
    }) &&
    // Micro-batches are alike: a block takes them in their order.
    works.every(
      ({ at, microBatch }, other) =>
        at !== works[work]!.at ||
        microBatch >= works[work]!.microBatch ||
        runs[other] !== undefined,
    ) &&
    works.every(
      ({ devices: taken }, other) =>
        runs[other] === undefined ||
        runs[other].end <= time ||
        !taken.some((device) => works[work]!.devices.includes(device)),
    );
  const levelAt = (device: number, time: number): number =>
    works.reduce((level, { devices: own, memory, workspace }, work) => {
      const run = runs[work];
      if (run === undefined || run.start > time || !own.includes(device)) {
        return level;
      }
      const isOver = run.end <= time;
      const isChanged = memory >= 0 || memoryRelease === "start" || isOver;
      return level + (isChanged ? memory : 0) + (isOver ? 0 : workspace);
    }, 0);
  const fits = (time: number): boolean =>
    devices.every(({ memory }, at) => memory === undefined || levelAt(at, time) <= memory);
  const known = new Map<string, number>();
  const step = (time: number): void => {
    const end = runs.reduce((last, run) => Math.max(last, run?.end ?? 0), 0);
    if (end >= best || time >= best) {
      return;
    }
    if (runs.every((run) => run !== undefined)) {
      best = end;
      return;
    }
    const slack = dependencies.reduce((most, { latency }) => Math.max(most, latency), 0);
    const state = runs
      .map((run) => (run === undefined ? "-" : Math.max(-slack, run.end - time)))
      .join();
    if ((known.get(state) ?? Number.POSITIVE_INFINITY) <= time) {
      return;
    }
    known.set(state, time);
    choose(time, 0);
  };
  const choose = (time: number, from: number): void => {
    if (from === works.length) {
      if (fits(time)) {
        step(time + 1);
      }
      return;
    }
    if (isReady(from, time)) {
      const alone = { start: time, end: time + works[from]!.duration };
      for (const { blocks: pair, duration } of overlaps) {
        const other = works.findIndex(
          ({ at }, each) =>
            pair.includes(at) &&
            pair.includes(works[from]!.at) &&
            at !== works[from]!.at &&
            isReady(each, time),
        );
        if (other !== -1) {
          const both = { start: time, end: time + duration };
          runs[from] = both;
          runs[other] = both;
          choose(time, from + 1);
          runs[other] = undefined;
        }
      }
      runs[from] = alone;
      choose(time, from + 1);
      runs[from] = undefined;
    }
    choose(time, from + 1);
  };
  step(0);
  return best > longest ? Number.POSITIVE_INFINITY : best;
}
