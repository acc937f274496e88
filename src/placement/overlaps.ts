/**
 * Pairs of blocks that can run at once on their devices, in less time than one after the other: both start together, end
 * together, and each waits and is waited for as if it took the joint time. Otherwise they run apart, each in its own.
 */
import type { JsonProblem } from "../core/json-shape.js";
import type { Overlap, Placement } from "./placement.js";
import type { BlockSpec, PlacementSpec } from "./placement-format.js";

/** The joint time of two blocks; `undefined`: they cannot overlap. */
export function jointDuration(
  { overlaps = [] }: Pick<Placement, "overlaps">,
  one: number,
  other: number,
): number | undefined {
  return overlaps.find(
    ({ blocks: [a, b] }) => (a === one && b === other) || (a === other && b === one),
  )?.duration;
}

/**
 * Time that overlapping saves at most for each micro-batch, if only these blocks run: each saves as the first of its pairs, or
 * each as the second, whichever is less.
 */
export function mostSaved(
  { blocks, overlaps = [] }: Pick<Placement, "blocks" | "overlaps">,
  among: readonly number[],
): number {
  const known = new Set(among);
  const saved = [new Map<number, number>(), new Map<number, number>()] as const;
  for (const { blocks: pair, duration } of overlaps) {
    const apart = pair.reduce((sum, at) => sum + (blocks[at]?.duration ?? 0), 0);
    for (const [side, map] of saved.entries()) {
      const at = pair[side] ?? 0;
      if (pair.every((each) => known.has(each))) {
        map.set(at, Math.max(map.get(at) ?? 0, apart - duration));
      }
    }
  }
  const sums = saved.map((map) => [...map.values()].reduce((sum, each) => sum + each, 0));
  return Math.min(...sums);
}

/** The same placement with all blocks apart. */
export function withoutOverlaps({ overlaps: _, ...placement }: Placement): Placement {
  return placement;
}

/** The overlaps of a document by positions, what is wrong with them added to `problems`. */
export function overlapsOf(
  { overlaps, lengths, blocks }: PlacementSpec,
  blockOf: ReadonlyMap<string, number>,
  problems: JsonProblem[],
): readonly Overlap[] {
  const seen = new Set<string>();
  return overlaps.flatMap(({ blocks: names, duration }, at): readonly Overlap[] => {
    const pointer = `/overlaps/${at}`;
    const report = (field: string, message: string): readonly Overlap[] => {
      problems.push({ pointer: `${pointer}${field}`, message });
      return [];
    };
    const unknown = names.findIndex((name) => !blockOf.has(name));
    if (unknown !== -1) {
      return report(`/blocks/${unknown}`, `"${names[unknown]}" is not the id of a block`);
    }
    const [first = 0, second = 0] = names.map((name) => blockOf.get(name) ?? 0);
    const pair = [blocks[first], blocks[second]].filter((block) => block !== undefined);
    const key = [first, second].sort((a, b) => a - b).join();
    if (seen.has(key)) {
      return report("/blocks", "are two blocks of another overlap");
    }
    seen.add(key);
    if (devicesOf(pair[0]) !== devicesOf(pair[1])) {
      return report("/blocks", "are on different devices");
    }
    if (lengths !== undefined || pair.some((block) => block.durations ?? block.perStep)) {
      return report("", "is of blocks that do not take the same time in every micro-batch");
    }
    const times = pair.map((block) => block.duration);
    const [longest, apart] = [Math.max(...times), times.reduce((sum, time) => sum + time, 0)];
    return duration < longest || duration >= apart
      ? report("/duration", `must be from ${longest}, the longer of the two, to ${apart - 1}`)
      : [{ blocks: [first, second], duration }];
  });
}

function devicesOf(block: BlockSpec | undefined): string {
  return [...(block?.devices ?? [])].sort().join("\n");
}
