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

/** Overlaps of a document: those that suit its blocks as the chosen options have them, and the others. */
export interface FoundOverlaps {
  readonly overlaps: readonly Overlap[];
  /** They suit other options. */
  readonly aside: readonly Overlap[];
}

/**
 * The overlaps of a document by positions, in the order of their blocks; what is wrong with them is added to `problems`.
 *
 * Cost: O(overlaps), times the options of both blocks for those that do not suit the chosen ones.
 */
export function overlapsOf(
  spec: PlacementSpec,
  blockOf: ReadonlyMap<string, number>,
  problems: JsonProblem[],
): FoundOverlaps {
  const seen = new Set<string>();
  const found = { overlaps: [] as Overlap[], aside: [] as Overlap[] };
  for (const [at, { blocks: names, duration }] of spec.overlaps.entries()) {
    const report = ({ pointer, message }: JsonProblem): void => {
      problems.push({ pointer: `/overlaps/${at}${pointer}`, message });
    };
    const unknown = names.findIndex((name) => !blockOf.has(name));
    if (unknown !== -1) {
      const message = `"${names[unknown]}" is not the id of a block`;
      report({ pointer: `/blocks/${unknown}`, message });
      continue;
    }
    const [first = 0, second = 0] = names.map((name) => blockOf.get(name) ?? 0);
    const key = [first, second].sort((a, b) => a - b).join();
    if (seen.has(key)) {
      report({ pointer: "/blocks", message: "are two blocks of another overlap" });
      continue;
    }
    seen.add(key);
    const overlap: Overlap = { blocks: [first, second], duration };
    const problem = problemOf(spec, overlap);
    if (problem === undefined) {
      found.overlaps.push(overlap);
    } else if (problem.isOfOptions && suitsOthers(spec, overlap)) {
      found.aside.push(overlap);
    } else {
      report(problem);
    }
  }
  return { overlaps: found.overlaps.sort(byBlocks), aside: found.aside.sort(byBlocks) };
}

/** Compares overlaps by the positions of their blocks. */
export function byBlocks({ blocks: [a, b] }: Overlap, { blocks: [c, d] }: Overlap): number {
  return a - c || b - d;
}

/** What keeps two blocks from overlapping; `isOfOptions`: other options may let them. */
function problemOf(
  { lengths, blocks, choices }: PlacementSpec,
  { blocks: [first, second], duration }: Overlap,
): (JsonProblem & { readonly isOfOptions: boolean }) | undefined {
  const pair = [blocks[first], blocks[second]].filter((block) => block !== undefined);
  if (lengths !== undefined || pair.some((block) => block.durations ?? block.perStep)) {
    const message = "is of blocks that do not take the same time in every micro-batch";
    return { pointer: "", message, isOfOptions: false };
  }
  const problem = pairProblem(pair, duration);
  if (problem === undefined) {
    return undefined;
  }
  const own = choices.filter(({ options }) =>
    options[0]?.blocks.some(
      ({ id, devices, duration: time }) =>
        (devices ?? time) !== undefined && pair.some((block) => block.id === id),
    ),
  );
  const names = own.map(({ name }) => `"${name}"`).join(" and ");
  return own.length === 0
    ? { ...problem, isOfOptions: false }
    : { pointer: "", message: `suits no options of ${names}`, isOfOptions: true };
}

/** What keeps these two from overlapping for so long. */
function pairProblem(pair: readonly BlockSpec[], duration: number): JsonProblem | undefined {
  if (devicesOf(pair[0]) !== devicesOf(pair[1])) {
    return { pointer: "/blocks", message: "are on different devices" };
  }
  const times = pair.map((block) => block.duration);
  const [longest, apart] = [Math.max(...times), times.reduce((sum, time) => sum + time, 0)];
  const message = `must be from ${longest}, the longer of the two, to ${apart - 1}`;
  return duration < longest || duration >= apart ? { pointer: "/duration", message } : undefined;
}

/** Whether some options of the choices let two blocks overlap. */
function suitsOthers(
  { blocks, choices }: PlacementSpec,
  { blocks: [first, second], duration }: Overlap,
): boolean {
  const versionsOf = (at: number) => {
    const block = blocks[at] as BlockSpec;
    const choice = choices.findIndex(({ options }) =>
      options[0]?.blocks.some(({ id }) => id === block.id),
    );
    const versions = choices[choice]?.options.map((option): BlockSpec => {
      return { ...block, ...option.blocks.find(({ id }) => id === block.id) };
    });
    return { choice, versions: versions ?? [block] };
  };
  const [one, other] = [versionsOf(first), versionsOf(second)];
  const isTogether = one.choice >= 0 && one.choice === other.choice;
  return one.versions.some((a, option) =>
    other.versions.some(
      (b, at) => (!isTogether || at === option) && pairProblem([a, b], duration) === undefined,
    ),
  );
}

function devicesOf(block: BlockSpec | undefined): string {
  return [...(block?.devices ?? [])].sort().join("\n");
}
