import type { Placement } from "../placement/placement.js";

/** A placement without some of its blocks. */
export interface WithoutBlocks {
  readonly placement: Placement;
  /** Positions of its blocks in the whole placement. */
  readonly kept: readonly number[];
  /** Time of the others for each micro-batch. */
  readonly time: number;
}

/**
 * A placement without `blocks`, each of which runs on all devices that others use and holds no memory; the position of the first
 * that does not.
 *
 * Take the times at which these run out of a schedule of the whole: nothing else runs then, and no memory depends on them, so what
 * is left is a schedule of the rest, in less time by what they take. Latencies may have gone by meanwhile: there are none in the
 * rest.
 *
 * Cost: O(blocks + dependencies).
 */
export function withoutBlocks(
  placement: Placement,
  blocks: readonly number[],
): WithoutBlocks | number {
  const all = placement.blocks;
  const kept = [...all.keys()].filter((at) => !blocks.includes(at));
  const used = new Set(all.flatMap(({ devices }) => devices));
  const wrong = blocks.find((at, place) => {
    const block = all[at];
    const isAlone = block?.memory === 0 && [...used].every((each) => block.devices.includes(each));
    return !isAlone || blocks.indexOf(at) !== place;
  });
  if (wrong !== undefined) {
    return wrong;
  }
  return {
    kept,
    time: blocks.reduce((sum, at) => sum + (all[at]?.duration ?? 0), 0),
    placement: {
      ...placement,
      blocks: kept.map((at) => all[at]!),
      dependencies: placement.dependencies.flatMap(({ from, to }) => {
        const isKept = kept.includes(from) && kept.includes(to);
        return isKept ? [{ from: kept.indexOf(from), to: kept.indexOf(to), latency: 0 }] : [];
      }),
    },
  };
}

/** Blocks that `withoutBlocks` takes out and that only such come before, or only such behind; ascending. Cost: O(blocks^2). */
export function aloneAtEnds(placement: Placement): readonly number[] {
  const { blocks, dependencies } = placement;
  const alone = [...blocks.keys()].filter(
    (at) => typeof withoutBlocks(placement, [at]) !== "number",
  );
  const isEnd = (before: "from" | "to", after: "from" | "to"): ReadonlySet<number> => {
    const ends = new Set(alone);
    for (let size = -1; size !== ends.size; ) {
      size = ends.size;
      for (const each of dependencies) {
        if (!ends.has(each[before])) {
          ends.delete(each[after]);
        }
      }
    }
    return ends;
  };
  const [first, last] = [isEnd("from", "to"), isEnd("to", "from")];
  return alone.filter((at) => first.has(at) || last.has(at));
}
