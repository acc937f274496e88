import type { Placement } from "../../../placement/placement.js";

/**
 * By block: its part where the placement has two; else 0. Proofs for more are not known here: blocks then count from
 * the one that is last of all.
 */
export function countedParts(placement: Placement): readonly number[] {
  const parts = partsOf(placement);
  return parts.includes(1) && !parts.includes(2) ? parts : parts.map(() => 0);
}

/**
 * By block: the part of the placement that it belongs to, counted from 0 by first blocks. Parts are tied by no dependency,
 * and each gives back what it takes wherever memory is limited, so that each may be any number of micro-batches ahead.
 *
 * Cost: O(parts * (blocks + dependencies)).
 */
function partsOf({ blocks, dependencies, devices }: Placement): readonly number[] {
  const part = blocks.map((_, block) => block);
  const join = (a: number, b: number): void => {
    const [keep, drop] = [Math.min(part[a]!, part[b]!), Math.max(part[a]!, part[b]!)];
    for (const [block, own] of part.entries()) {
      part[block] = own === drop ? keep : own;
    }
  };
  for (const { from, to } of dependencies) {
    join(from, to);
  }
  for (const [device, { memory }] of devices.entries()) {
    const left = new Map<number, number>();
    for (const [block, { devices: own, memory: change }] of blocks.entries()) {
      if (memory !== undefined && own.includes(device)) {
        left.set(part[block]!, (left.get(part[block]!) ?? 0) + change);
      }
    }
    const [first, ...others] = [...left].flatMap(([own, change]) => (change === 0 ? [] : [own]));
    for (const other of others) {
      join(first!, other);
    }
  }
  const numbers = new Map<number, number>();
  return part.map((own) => {
    const number = numbers.get(own) ?? numbers.size;
    numbers.set(own, number);
    return number;
  });
}
