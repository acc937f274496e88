import type { ModuloProblem } from "./modulo-problem.js";

/** One decision of the search: the position in the period of a block on many devices, or a time. */
export interface Decision {
  readonly block: number;
  readonly slotOnly: boolean;
  /** The position was decided before. */
  readonly hasSlot: boolean;
  /** Which neighbors already have a time; with successors only, late times come first. */
  readonly side: "none" | "after" | "before" | "between";
  /** Later periods of the same position may be left out. */
  readonly dominated: boolean;
  /** Blocks that the rest still sees. */
  readonly visible: Int32Array;
  /** Devices that this decision finishes. */
  readonly finishes: readonly number[];
}

/** A block on three or more devices. */
function isSpread(problem: ModuloProblem, block: number): boolean {
  return (problem.devicesOf[block]?.length ?? 0) >= 3;
}

/**
 * The decisions in order, with what each needs to know. `order`: the blocks of one copy; the copies
 * of a block come one right after the other. `limits` per device, Infinity where none applies.
 */
export function decisionsOf(
  problem: ModuloProblem,
  order: readonly number[],
  limits: Float64Array,
): readonly Decision[] {
  const { count, base } = problem;
  const copies = Array.from({ length: count / Math.max(1, base) }, (_, copy) => copy * base);
  const all = order.flatMap((block) => copies.map((shift) => block + shift));
  const spread = all.filter((block) => isSpread(problem, block)).sort((a, b) => a - b);
  const steps = [
    ...spread.map((block) => ({ block, slotOnly: true })),
    ...all.map((block) => ({ block, slotOnly: false })),
  ];
  const slotted = new Uint8Array(count);
  const placed = new Uint8Array(count);
  const waiting = Int32Array.from(problem.blocksOn, (blocks) => blocks.length);
  return steps.map(({ block, slotOnly }) => {
    const visible = Int32Array.from(visibleBlocks(problem, slotted, placed, waiting));
    const hasSlot = slotted[block] === 1;
    const side = slotOnly ? "none" : sideOf(problem, block, placed);
    const dominated = slotOnly || isDominated(problem, block, placed, limits);
    slotted[block] = 1;
    const finishes: number[] = [];
    if (!slotOnly) {
      placed[block] = 1;
      for (const device of problem.devicesOf[block] ?? []) {
        waiting[device] = (waiting[device] ?? 0) - 1;
        if (waiting[device] === 0) {
          finishes.push(device);
        }
      }
    }
    return { block, slotOnly, hasSlot, side, dominated, visible, finishes };
  });
}

function sideOf(problem: ModuloProblem, block: number, placed: Uint8Array): Decision["side"] {
  const behind = (problem.before[block] ?? []).some((edge) => placed[edge.block] === 1);
  const ahead = (problem.after[block] ?? []).some((edge) => placed[edge.block] === 1);
  return behind && ahead ? "between" : behind ? "after" : ahead ? "before" : "none";
}

function visibleBlocks(
  { count, before, after, devicesOf }: ModuloProblem,
  slotted: Uint8Array,
  placed: Uint8Array,
  waiting: Int32Array,
): number[] {
  const visible: number[] = [];
  for (let block = 0; block < count; block++) {
    if (slotted[block] === 0 && placed[block] === 0) {
      continue;
    }
    const edges = [...(before[block] ?? []), ...(after[block] ?? [])];
    const near = edges.some(({ block: other }) => placed[other] === 0);
    const shared = devicesOf[block]?.some((device) => (waiting[device] ?? 0) > 0) ?? false;
    if (placed[block] === 0 || near || shared) {
      visible.push(block);
    }
  }
  return visible;
}

/**
 * Whether one period later is never better for `block`, given what is placed: everything not yet
 * placed that hangs on it hangs on the placed part through it alone, on one side, and moving it all
 * toward the placed part never raises a level.
 */
function isDominated(
  problem: ModuloProblem,
  block: number,
  placed: Uint8Array,
  limits: Float64Array,
): boolean {
  const side = sideOf(problem, block, placed);
  if (side === "between") {
    return false;
  }
  const part = new Set<number>([block]);
  for (const member of part) {
    for (const edge of [...(problem.before[member] ?? []), ...(problem.after[member] ?? [])]) {
      if (placed[edge.block] === 0) {
        part.add(edge.block);
      } else if (member !== block) {
        return false;
      }
    }
  }
  return limits.every((limit, device) => {
    const events = problem.events[device] ?? [];
    const sum = events.reduce((total, e) => total + (part.has(e.block) ? e.change : 0), 0);
    return (
      limit === Number.POSITIVE_INFINITY ||
      (side === "after" ? sum <= 0 : side === "before" ? sum >= 0 : sum === 0)
    );
  });
}
