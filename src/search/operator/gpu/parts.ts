import type { UnitGraph } from "./chain-units.js";

/**
 * The graph as consecutive parts that can be scheduled one after the other: cut behind every
 * unit that all paths pass, and, where that leaves more than `most` units, anywhere in the
 * topological order.
 *
 * A unit is a cut when no dependency leads from before it to after it, ends of the graph
 * counting as going to a common end.
 *
 * Cost: O(V + E). Source: cut nodes as in IOS's blocks (Ding et al., MLSys 2021, section 4).
 */
export function partsOf(
  { predecessors, successors }: UnitGraph,
  most: number,
): readonly (readonly number[])[] {
  const count = successors.length;
  const parts: number[][] = [];
  let part: number[] = [];
  let far = predecessors.findLastIndex((list) => list.length === 0);
  for (let unit = 0; unit < count; unit++) {
    part.push(unit);
    const isCut = far <= unit;
    far = Math.max(far, ...(successors[unit] ?? []), successors[unit]?.length === 0 ? count : 0);
    if (isCut || part.length === most) {
      parts.push(part);
      part = [];
    }
  }
  if (part.length > 0) {
    parts.push(part);
  }
  return parts;
}
