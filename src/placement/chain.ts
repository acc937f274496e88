import type { Placement } from "./placement.js";
import { type Stage, stagesOf } from "./stages.js";

/** The blocks of one stage of a chain, by position in `Placement.blocks`. */
export interface ChainStage {
  readonly device: number;
  readonly forward: number;
  readonly backward: number | undefined;
  /** Gradient of the weights where it is a block of its own. */
  readonly weight: number | undefined;
}

/** Stages of chains. */
export interface Chains {
  /** Along each chain, one chain after the other. */
  readonly stages: readonly ChainStage[];
  /** How many stages each chain has. */
  readonly lengths: readonly number[];
}

/**
 * The stages of a placement whose forwards make one chain over single devices, in its order, with
 * at most one backward and one weight block each on the device of the forward; `undefined` for any
 * other placement. The backwards come in the opposite order, the first after the last forward.
 */
export function chainOf(placement: Placement): readonly ChainStage[] | undefined {
  const chains = chainsOf(placement);
  return chains?.lengths.length === 1 ? chains.stages : undefined;
}

/**
 * The stages of a placement that is one chain, or several that do not depend on each other, as `chainOf` has them, by
 * the first forward block of each; `undefined` for any other placement. In a chain all stages have a backward, or none.
 */
export function chainsOf(placement: Placement): Chains | undefined {
  const { blocks, dependencies } = placement;
  if (
    blocks.some(({ devices, kind }) => devices.length !== 1 || ["other", "transfer"].includes(kind))
  ) {
    return undefined;
  }
  const { stages, left } = stagesOf(placement);
  const edges = new Set(dependencies.map(({ from, to }) => `${from} ${to}`));
  const chains: Stage[][] = [];
  for (const stage of stages) {
    chains[stage.chain] = [...(chains[stage.chain] ?? []), stage];
  }
  const known = new Set(chains.flatMap(chainEdges));
  const isChains =
    left.length === 0 &&
    chains.every((chain) => isLine(chain, edges)) &&
    [...edges].every((edge) => known.has(edge));
  return isChains
    ? {
        stages: stages.map(({ forward, backward, weight }) => {
          return { device: blocks[forward]?.devices[0] ?? 0, forward, backward, weight };
        }),
        lengths: chains.map(({ length }) => length),
      }
    : undefined;
}

/** Whether every forward leads to the next one, and all stages have a backward, or none. */
function isLine(chain: readonly Stage[], edges: ReadonlySet<string>): boolean {
  const isTrained = chain[0]?.backward !== undefined;
  return chain.every(({ forward, backward }, at) => {
    const next = chain[at + 1];
    const leads = next === undefined || edges.has(`${forward} ${next.forward}`);
    return leads && (backward !== undefined) === isTrained;
  });
}

/** Every dependency that a chain can have. */
function chainEdges(chain: readonly Stage[]): readonly string[] {
  return chain.flatMap(({ forward, backward, weight }, at) => {
    const next = chain[at + 1];
    return [
      `${forward} ${next?.forward}`,
      `${next?.backward} ${backward}`,
      `${forward} ${backward}`,
      `${backward} ${weight}`,
    ];
  });
}
