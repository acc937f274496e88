import type { OperatorGraph } from "../../../ir/operator-graph.js";

/** A graph of units, numbered in topological order. */
export interface UnitGraph {
  /** By unit: ascending, unique. */
  readonly predecessors: readonly (readonly number[])[];
  readonly successors: readonly (readonly number[])[];
}

/** Units that stand for chains of operators. */
export interface ChainUnits {
  readonly graph: UnitGraph;
  /** Operators of each unit, in order. */
  readonly members: readonly (readonly number[])[];
}

/**
 * Chains of operators as units: an operator joins the unit of its predecessor when neither has
 * anything else on that side.
 *
 * Order: units by their last operator, which is a topological order of the units, since a unit's
 * inputs come in at its first operator and end before it. Cost: O(V + E).
 */
export function contractChains({ operators }: OperatorGraph): ChainUnits {
  const head = new Int32Array(operators.length);
  const chains = new Map<number, number[]>();
  for (const { id, predecessors } of operators) {
    const before = predecessors[0];
    const joins =
      before !== undefined &&
      predecessors.length === 1 &&
      operators[before]?.successors.length === 1;
    head[id] = joins ? head[before]! : id;
    const chain = chains.get(head[id]!);
    if (chain === undefined) {
      chains.set(id, [id]);
    } else {
      chain.push(id);
    }
  }
  const members = [...chains.values()].sort((a, b) => (a.at(-1) ?? 0) - (b.at(-1) ?? 0));
  const unitOf = new Int32Array(operators.length);
  members.forEach((chain, unit) => {
    for (const operator of chain) {
      unitOf[operator] = unit;
    }
  });
  const neighbors = (chain: readonly number[], side: "predecessors" | "successors"): number[] => {
    const end = side === "predecessors" ? chain[0] : chain.at(-1);
    const found = (operators[end ?? 0]?.[side] ?? []).map((id) => unitOf[id]!);
    return [...new Set(found)].sort((a, b) => a - b);
  };
  return {
    members,
    graph: {
      predecessors: members.map((chain) => neighbors(chain, "predecessors")),
      successors: members.map((chain) => neighbors(chain, "successors")),
    },
  };
}
