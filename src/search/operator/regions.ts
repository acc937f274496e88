import type { GroupGraph } from "./group-graph.js";

/**
 * The places where a graph of groups narrows to one group.
 *
 * A cut group is one that every path passes: nothing runs parallel to it, and nothing that comes later
 * needs anything earlier but through it. So what happens between two cut groups does not touch the
 * rest, and the time of the whole is the sum over these regions.
 *
 * Example: stem -> {a, b} -> join -> {c, d} -> end: cut groups stem, join, end; two regions.
 *
 * Found in one sweep over a topological order: group v is a cut when no arc leads from before v to
 * after v. Groups without successors lead to an end after everything, groups without predecessors
 * hang on a start before everything.
 */

/** Groups `first` to `last`, both included; each is a cut group or the first or last of the graph. */
export interface Region {
  readonly first: number;
  readonly last: number;
  /** True if nothing lies parallel to `first` or before it, so that it ends the region before. */
  readonly hasEntry: boolean;
}

/** The regions in order; a region's last group is the entry of the next. Cost: O(V + E). */
export function regionsOf(groups: GroupGraph): readonly Region[] {
  const cuts = cutGroups(groups);
  const regions: Region[] = [];
  let first = 0;
  let hasEntry = false;
  for (const cut of cuts) {
    if (cut > first || !hasEntry) {
      regions.push({ first, last: cut, hasEntry });
    }
    first = cut;
    hasEntry = true;
  }
  if (first < groups.count - 1 || !hasEntry) {
    regions.push({ first, last: groups.count - 1, hasEntry });
  }
  return regions.filter(({ last }) => last >= 0);
}

function cutGroups({ count, predecessors, successors }: GroupGraph): number[] {
  let far = 0;
  for (let group = 0; group < count; group++) {
    if (predecessors.start[group] === predecessors.start[group + 1]) {
      far = group;
    }
  }
  const cuts: number[] = [];
  for (let group = 0; group < count; group++) {
    if (far <= group) {
      cuts.push(group);
    }
    const from = successors.start[group]!;
    const end = successors.start[group + 1]!;
    far = from === end ? count : far;
    for (let i = from; i < end; i++) {
      far = Math.max(far, successors.items[i]!);
    }
  }
  return cuts;
}
