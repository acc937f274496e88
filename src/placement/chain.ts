import type { Block, Placement } from "./placement.js";

/** The blocks of one stage of a chain, by position in `Placement.blocks`. */
export interface ChainStage {
  readonly device: number;
  readonly forward: number;
  readonly backward: number | undefined;
  /** Gradient of the weights where it is a block of its own. */
  readonly weight: number | undefined;
}

/**
 * The stages of a placement whose forwards make one chain over single devices, in its order, with
 * at most one backward and one weight block each on the device of the forward; `undefined` for any
 * other placement. The backwards come in the opposite order, the first after the last forward.
 */
export function chainOf(placement: Placement): readonly ChainStage[] | undefined {
  const { blocks, dependencies } = placement;
  if (blocks.some(({ devices, kind }) => devices.length !== 1 || kind === "other")) {
    return undefined;
  }
  const ofKind = (kind: Block["kind"]): number[] =>
    blocks.flatMap((block, at) => (block.kind === kind ? [at] : []));
  const forwards = lineUp(ofKind("forward"), placement);
  const backwards = lineUp(ofKind("backward"), placement)?.toReversed();
  const weights = ofKind("weight");
  if (forwards === undefined || backwards === undefined) {
    return undefined;
  }
  const isInference = backwards.length === 0 && weights.length === 0;
  if (!isInference && backwards.length !== forwards.length) {
    return undefined;
  }
  const edges = new Set(dependencies.map(({ from, to }) => `${from} ${to}`));
  const weightOf = firstWeights(placement);
  const stages = forwards.map((forward, at): ChainStage => {
    const backward = backwards[at];
    const weight = backward === undefined ? undefined : weightOf.get(backward);
    return { device: blocks[forward]?.devices[0] ?? 0, forward, backward, weight };
  });
  const isWhole =
    weights.length === stages.filter(({ weight }) => weight !== undefined).length &&
    stages.every(({ device, backward, weight }) =>
      [backward, weight].every(
        (block) => block === undefined || blocks[block]?.devices[0] === device,
      ),
    );
  return isWhole && hasOnlyChainEdges(stages, edges) ? stages : undefined;
}

/**
 * The stages of a placement that is one chain, or several that do not depend on each other, as `chainOf` has them: those of
 * the chain with the first block, then of the next; `undefined` for any other placement.
 *
 * Order: along each chain. `lengths` says how many stages each has.
 */
export function chainsOf(
  placement: Placement,
): { readonly stages: readonly ChainStage[]; readonly lengths: readonly number[] } | undefined {
  const stages: ChainStage[] = [];
  const lengths: number[] = [];
  for (const own of componentsOf(placement)) {
    const at = new Map(own.map((block, position) => [block, position]));
    const blocks = own.flatMap((block) => placement.blocks[block] ?? []);
    const dependencies = placement.dependencies.flatMap(({ from, to, latency }) => {
      const [first, second] = [at.get(from), at.get(to)];
      return first === undefined || second === undefined
        ? []
        : [{ from: first, to: second, latency }];
    });
    const chain = chainOf({ ...placement, blocks, dependencies });
    if (chain === undefined) {
      return undefined;
    }
    const back = (position: number): number => own[position] ?? -1;
    lengths.push(chain.length);
    for (const { device, forward, backward, weight } of chain) {
      stages.push({
        device,
        forward: back(forward),
        backward: backward === undefined ? undefined : back(backward),
        weight: weight === undefined ? undefined : back(weight),
      });
    }
  }
  return { stages, lengths };
}

/** Blocks that depend on each other, however far: ascending, by the first of each. */
function componentsOf({ blocks, dependencies }: Placement): readonly (readonly number[])[] {
  const heads = blocks.map((_, block) => block);
  const headOf = (block: number): number => {
    let at = block;
    while (heads[at] !== at) {
      heads[at] = heads[heads[at] ?? at] ?? at;
      at = heads[at] ?? at;
    }
    return at;
  };
  for (const { from, to } of dependencies) {
    const [a, b] = [headOf(from), headOf(to)];
    heads[Math.max(a, b)] = Math.min(a, b);
  }
  const components = new Map<number, number[]>();
  for (const block of blocks.keys()) {
    const head = headOf(block);
    const own = components.get(head) ?? [];
    own.push(block);
    components.set(head, own);
  }
  return [...components.values()];
}

/** Whether every dependency is one of a chain's, and the way back begins after the way there. */
function hasOnlyChainEdges(stages: readonly ChainStage[], edges: ReadonlySet<string>): boolean {
  const known = new Set<string>();
  stages.forEach(({ forward, backward, weight }, at) => {
    const next = stages[at + 1];
    known.add(`${forward} ${next?.forward}`).add(`${next?.backward} ${backward}`);
    known.add(`${forward} ${backward}`).add(`${backward} ${weight}`);
  });
  const last = stages.at(-1);
  const turns = last?.backward === undefined || edges.has(`${last.forward} ${last.backward}`);
  return turns && [...edges].every((edge) => known.has(edge));
}

/** By block: the first of the weight blocks that depend on it. */
function firstWeights({ blocks, dependencies }: Placement): ReadonlyMap<number, number> {
  const first = new Map<number, number>();
  for (const { from, to } of dependencies) {
    if (blocks[to]?.kind === "weight") {
      first.set(from, Math.min(to, first.get(from) ?? to));
    }
  }
  return first;
}

/** The blocks in the order of the one path through all of them; `undefined` when there is none. */
function lineUp(
  blocks: readonly number[],
  { dependencies }: Placement,
): readonly number[] | undefined {
  const own = new Set(blocks);
  const next = new Map<number, number>();
  const hasBefore = new Set<number>();
  for (const { from, to } of dependencies) {
    if (own.has(from) && own.has(to)) {
      if (next.has(from) || hasBefore.has(to)) {
        return undefined;
      }
      next.set(from, to);
      hasBefore.add(to);
    }
  }
  const path: number[] = [];
  for (let at = blocks.find((each) => !hasBefore.has(each)); at !== undefined; at = next.get(at)) {
    path.push(at);
  }
  return path.length === blocks.length ? path : undefined;
}
