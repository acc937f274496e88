import type { Placement } from "../../../placement/placement.js";
import { maxCycleRatio, type Ratio, reduced } from "../../../schedule/max-cycle-ratio.js";

/** A loop of dependencies, each block waiting for the one before it, and the time that it takes for each micro-batch. */
export interface Loop {
  readonly each: Ratio;
  /** Positions in `Placement.blocks`. */
  readonly blocks: readonly number[];
}

/**
 * The loop over dependencies on earlier micro-batches that takes longest for each micro-batch; `undefined` without any. No
 * repetition is shorter: its durations and latencies pass within as many micro-batches as its distances add up to.
 *
 * Requires: micro-batches that are alike. Cost: that of `maxCycleRatio`.
 */
export function longestLoop({ blocks, dependencies }: Placement): Loop | undefined {
  const into = dependencies.map((each, at) => ({ ...each, at })).sort((a, b) => a.to - b.to);
  const first = new Int32Array(blocks.length + 1);
  for (const { to } of into) {
    first[to + 1] = (first[to + 1] ?? 0) + 1;
  }
  for (let block = 0; block < blocks.length; block++) {
    first[block + 1] = (first[block + 1] ?? 0) + (first[block] ?? 0);
  }
  const { edges } = maxCycleRatio(
    {
      entries: blocks.map((_, block) => ({ block, residue: 0, offset: 0, shift: 0 })),
      first,
      from: Int32Array.from(into, ({ from }) => from),
      distance: Int32Array.from(into, ({ distance = 0 }) => distance),
      latency: Float64Array.from(into, ({ latency }) => latency),
      isDependency: new Uint8Array(into.length).fill(1),
    },
    Float64Array.from(blocks, ({ duration }) => duration),
  );
  if (edges.length === 0) {
    return undefined;
  }
  const loop = edges.map((edge) => into[edge]?.from ?? 0);
  let [time, turns] = [0, 0];
  for (const [at, from] of loop.entries()) {
    const to = loop[(at + 1) % loop.length];
    // Of several between the two, the one on the nearest micro-batch: so is the loop read again.
    const [next] = dependencies
      .filter((each) => each.from === from && each.to === to)
      .sort((a, b) => (a.distance ?? 0) - (b.distance ?? 0));
    time += (blocks[from]?.duration ?? 0) + (next?.latency ?? 0);
    turns += next?.distance ?? 0;
  }
  return { each: reduced(time, turns), blocks: loop };
}
