/**
 * The stages of a placement: which forward, backward and weight block belong together, and in which order the stages
 * follow each other.
 *
 * A backward mirrors its forward: it follows the backwards of the stages that follow the forward, and no others. So the
 * pairs are found from the ends on. A forward that nothing follows is paired with the backward that it leads to itself, and
 * each one before it with the backward, on the same devices, that waits for just those of its followers. A follower
 * without a backward (frozen) stands for its own followers. A weight block belongs to the one backward it follows.
 * Blocks of kind `other`, such as transfers, are ways between blocks.
 *
 * Example: f0 -> f1 -> f2 -> b2 -> b1, where f0 is frozen. f2 leads to b2; b1 follows b2, so it is that of f1; nothing
 * follows b1, so f0 has none.
 *
 * Counting from both ends, as chains allow, would pair wrongly where the model skips stages or branches.
 */
import type { BlockKind, Placement } from "./placement.js";

/** A stage by the positions of its blocks. */
export interface Stage {
  /** Stages of one chain depend on each other, however far; chains are counted from 0. */
  readonly chain: number;
  readonly forward: number;
  /** Absent: it has none, as in inference or where the stage is frozen. */
  readonly backward?: number;
  /** Absent: the backward computes both gradients. */
  readonly weight?: number;
}

/** The stages of a placement, and what belongs to none. */
export interface PlacementStages {
  /**
   * Chain after chain, by the first forward block of each; in a chain every stage behind those that it follows, the first in
   * the placement first.
   */
  readonly stages: readonly Stage[];
  /** Backward and weight blocks of no stage, ascending. */
  readonly left: readonly number[];
}

/** The stages of any placement. Cost: O(blocks * dependencies) at worst; about O(n log n) for chains. */
export function stagesOf(placement: Placement): PlacementStages {
  const { blocks } = placement;
  const ways = waysOf(placement);
  const forwards = [...blocks.keys()].filter((block) => blocks[block]?.kind === "forward");
  const followers = new Map(forwards.map((block) => [block, ways.next(block, "forward")]));
  const chains = chainsIn(forwards, followers);
  const backwardOf = pairBackwards(placement, chains.flat().reverse(), { ways, followers });
  const weightOf = pairWeights(placement, ways);
  const stages = chains.flatMap((chain, number) =>
    chain.map((forward): Stage => {
      const backward = backwardOf.get(forward);
      const weight = backward === undefined ? undefined : weightOf.get(backward);
      return {
        chain: number,
        forward,
        ...(backward === undefined ? {} : { backward }),
        ...(weight === undefined ? {} : { weight }),
      };
    }),
  );
  const used = new Set(stages.flatMap(({ backward, weight }) => [backward, weight]));
  const left = [...blocks.keys()].filter((block) => {
    const kind = blocks[block]?.kind;
    return (kind === "backward" || kind === "weight") && !used.has(block);
  });
  return { stages, left };
}

/** Dependencies, those through blocks of kind `other` included. */
interface Ways {
  /** The blocks of a kind that follow a block; ascending. */
  readonly next: (block: number, kind: BlockKind) => readonly number[];
  /** The blocks of a kind that it follows; ascending. */
  readonly before: (block: number, kind: BlockKind) => readonly number[];
}

function waysOf({ blocks, dependencies }: Placement): Ways {
  const next: number[][] = blocks.map(() => []);
  const before: number[][] = blocks.map(() => []);
  for (const { from, to } of dependencies) {
    next[from]?.push(to);
    before[to]?.push(from);
  }
  const reached = (lists: readonly (readonly number[])[], block: number): readonly number[] => {
    const seen = new Set<number>();
    const open = [block];
    for (const at of open) {
      for (const each of lists[at] ?? []) {
        if (!seen.has(each)) {
          seen.add(each);
          if (blocks[each]?.kind === "other") {
            open.push(each);
          }
        }
      }
    }
    return [...seen].sort((a, b) => a - b);
  };
  const ofKind = (kind: BlockKind) => (block: number) => blocks[block]?.kind === kind;
  return {
    next: (block, kind) => reached(next, block).filter(ofKind(kind)),
    before: (block, kind) => reached(before, block).filter(ofKind(kind)),
  };
}

/** Forward blocks that hang together, each group in its order. */
function chainsIn(
  forwards: readonly number[],
  followers: ReadonlyMap<number, readonly number[]>,
): readonly (readonly number[])[] {
  const neighbors = new Map<number, number[]>(forwards.map((block) => [block, []]));
  const missing = new Map<number, number>(forwards.map((block) => [block, 0]));
  for (const [from, list] of followers) {
    for (const to of list) {
      neighbors.get(from)?.push(to);
      neighbors.get(to)?.push(from);
      missing.set(to, (missing.get(to) ?? 0) + 1);
    }
  }
  const seen = new Set<number>();
  const chains: (readonly number[])[] = [];
  for (const head of forwards) {
    if (!seen.has(head)) {
      const group = groupOf(head, neighbors);
      for (const block of group) {
        seen.add(block);
      }
      chains.push(inOrder(group, followers, missing));
    }
  }
  return chains;
}

function groupOf(head: number, neighbors: ReadonlyMap<number, readonly number[]>): Set<number> {
  const group = new Set([head]);
  for (const block of group) {
    for (const other of neighbors.get(block) ?? []) {
      group.add(other);
    }
  }
  return group;
}

/** Every block behind those that it follows; of those that may come next, the first in the placement. */
function inOrder(
  group: ReadonlySet<number>,
  followers: ReadonlyMap<number, readonly number[]>,
  missing: Map<number, number>,
): readonly number[] {
  const ready = [...group].filter((block) => missing.get(block) === 0);
  const order: number[] = [];
  while (ready.length > 0) {
    const block = Math.min(...ready);
    ready.splice(ready.indexOf(block), 1);
    order.push(block);
    for (const next of followers.get(block) ?? []) {
      const left = (missing.get(next) ?? 0) - 1;
      missing.set(next, left);
      if (left === 0) {
        ready.push(next);
      }
    }
  }
  return order;
}

interface Pairing {
  readonly ways: Ways;
  readonly followers: ReadonlyMap<number, readonly number[]>;
}

/** The backward of every forward that has one. Requires: `order` has every forward behind its followers. */
function pairBackwards(
  { blocks }: Placement,
  order: readonly number[],
  { ways, followers }: Pairing,
): ReadonlyMap<number, number> {
  const open = new Map<string, number[]>();
  for (const [at, { kind, devices }] of blocks.entries()) {
    if (kind === "backward") {
      const key = keyOf(devices, ways.before(at, "backward"));
      open.set(key, [...(open.get(key) ?? []), at]);
    }
  }
  const backwardOf = new Map<number, number>();
  /** By forward: the backwards that a backward of the stage before it waits for. */
  const gates = new Map<number, readonly number[]>();
  for (const forward of order) {
    const wanted = new Set((followers.get(forward) ?? []).flatMap((next) => gates.get(next) ?? []));
    const waits = [...wanted].sort((a, b) => a - b);
    const same = open.get(keyOf(blocks[forward]?.devices ?? [], waits)) ?? [];
    const own = ways.next(forward, "backward");
    const direct = same.find((block) => own.includes(block));
    const found = direct ?? (waits.length > 0 ? same[0] : undefined);
    if (found !== undefined) {
      same.splice(same.indexOf(found), 1);
      backwardOf.set(forward, found);
    }
    gates.set(forward, found === undefined ? waits : [found]);
  }
  return backwardOf;
}

function keyOf(devices: readonly number[], waits: readonly number[]): string {
  return `${devices.join(",")} ${waits.join(",")}`;
}

/** By backward: its weight block, the first one on the same devices that follows it and no other. */
function pairWeights({ blocks }: Placement, ways: Ways): ReadonlyMap<number, number> {
  const weightOf = new Map<number, number>();
  for (const [at, { kind, devices }] of blocks.entries()) {
    const [backward, ...others] = kind === "weight" ? ways.before(at, "backward") : [];
    const isOnItsDevices = blocks[backward ?? -1]?.devices.join() === devices.join();
    if (
      backward !== undefined &&
      others.length === 0 &&
      isOnItsDevices &&
      !weightOf.has(backward)
    ) {
      weightOf.set(backward, at);
    }
  }
  return weightOf;
}

/** By stage: how many stages with a lower number are on its first device, as chunks of a model are counted. */
export function chunksOf({ blocks }: Placement, stages: readonly Stage[]): readonly number[] {
  const counts = new Map<number, number>();
  return stages.map(({ forward }) => {
    const devices = blocks[forward]?.devices ?? [];
    const chunk = counts.get(devices[0] ?? -1) ?? 0;
    for (const device of devices) {
      counts.set(device, (counts.get(device) ?? 0) + 1);
    }
    return chunk;
  });
}
