/** The stage of each operator in a placement by hand, and the order of the stages. */

import type { Failure, Failures } from "../core/failure.js";
import { isGlob, matchesGlob } from "../core/glob.js";
import { fail, ok, type Result } from "../core/result.js";
import type { OperatorGraph } from "../ir/operator-graph.js";
import type { StagePartition } from "../partition/stage-partition.js";
import type { StageBlockSpec } from "../placement/stage-spec.js";
import {
  blockWithoutOperators,
  operatorPlacedTwice,
  operatorsNotPlaced,
  operatorUnknown,
  stageGraphCyclic,
} from "./failures.js";

/** A partition by hand. */
export interface AssignedStages {
  readonly partition: StagePartition;
  /** For each stage its block: position in the specification. */
  readonly blockOf: readonly number[];
}

/** Failures of one kind that are reported at most. */
const MOST = 10;

/**
 * Assigns every operator to the block that names it. A name beats a pattern; two blocks with patterns
 * for one operator are a mistake.
 *
 * Order: stages topologically, blocks in the order of the specification where that leaves a choice.
 * Fails: `placement-operator-unknown`, `operator-placed-twice`, `operators-not-placed`,
 * `block-without-operators`, `stage-graph-cyclic`. Cost: O(operators x patterns).
 */
export function assignOperators(
  graph: OperatorGraph,
  blocks: readonly StageBlockSpec[],
  file: string,
): Result<AssignedStages> {
  const found = blockOfOperators(graph, blocks, file);
  if (!found.ok) {
    return found;
  }
  const { order, cycle } = orderOf(graph, found.value, blocks.length);
  if (cycle !== undefined) {
    const names = cycle.blocks.map((block) => blocks[block]?.id ?? "");
    const operators = cycle.operators.map((id) => graph.operators[id]?.name ?? "");
    return fail([stageGraphCyclic(file, names, operators)]);
  }
  const stageAt = new Map(order.map((block, stage) => [block, stage]));
  const stageOf = found.value.map((block) => stageAt.get(block) ?? 0);
  return ok({ partition: { stageCount: blocks.length, stageOf }, blockOf: order });
}

function blockOfOperators(
  graph: OperatorGraph,
  blocks: readonly StageBlockSpec[],
  file: string,
): Result<Int32Array> {
  const byName = new Map(graph.operators.map(({ name, id }) => [name, id]));
  const blockOf = new Int32Array(graph.operators.length).fill(-1);
  const isNamed = new Uint8Array(graph.operators.length);
  const failures: Failure[] = [];
  const place = (operator: number, block: number, pointer: string): void => {
    const known = blockOf[operator]!;
    if (known >= 0 && known !== block) {
      const name = graph.operators[operator]?.name ?? "";
      const [a, b] = [blocks[known]?.id ?? "", blocks[block]?.id ?? ""];
      failures.push(operatorPlacedTwice(`${file} at ${pointer}`, name, a, b));
    }
    blockOf[operator] = block;
  };
  const eachEntry = (visit: (entry: string, block: number, pointer: string) => void): void => {
    blocks.forEach(({ operators }, block) => {
      operators.forEach((entry, i) => {
        visit(entry, block, `/blocks/${block}/operators/${i}`);
      });
    });
  };
  eachEntry((entry, block, pointer) => {
    const operator = byName.get(entry);
    if (operator !== undefined) {
      place(operator, block, pointer);
      isNamed[operator] = 1;
    } else if (!isGlob(entry)) {
      failures.push(operatorUnknown(`${file} at ${pointer}`, entry, closestName(entry, byName)));
    }
  });
  eachEntry((entry, block, pointer) => {
    if (byName.has(entry) || !isGlob(entry)) {
      return;
    }
    const matching = graph.operators.filter(({ name }) => matchesGlob(name, entry));
    if (matching.length === 0) {
      failures.push(operatorUnknown(`${file} at ${pointer}`, entry, undefined));
    }
    for (const { id } of matching) {
      if (isNamed[id] === 0) {
        place(id, block, pointer);
      }
    }
  });
  const missing = graph.operators.filter(({ id }) => blockOf[id] === -1).map(({ name }) => name);
  if (missing.length > 0 && failures.length === 0) {
    failures.push(operatorsNotPlaced(file, missing));
  }
  blocks.forEach(({ id }, block) => {
    if (failures.length === 0 && !blockOf.includes(block)) {
      failures.push(blockWithoutOperators(`${file} at /blocks/${block}`, id));
    }
  });
  const [first, ...rest] = failures.slice(0, MOST);
  return first === undefined ? ok(blockOf) : fail<Failures>([first, ...rest]);
}

/** The likely intended name: one that differs only in case, or that ends in the entry. */
function closestName(entry: string, names: ReadonlyMap<string, number>): string | undefined {
  const wanted = entry.toLowerCase();
  return [...names.keys()].find(
    (name) => name.toLowerCase() === wanted || name.toLowerCase().endsWith(wanted),
  );
}

interface BlockOrder {
  readonly order: readonly number[];
  /** Blocks of a cycle, the first repeated at the end, and an operator that reads for each step. */
  readonly cycle?: { readonly blocks: readonly number[]; readonly operators: readonly number[] };
}

function orderOf(graph: OperatorGraph, blockOf: Int32Array, count: number): BlockOrder {
  const readers: Map<number, number>[] = Array.from({ length: count }, () => new Map());
  for (const { id, successors } of graph.operators) {
    for (const to of successors) {
      const [a, b] = [blockOf[id]!, blockOf[to]!];
      if (a !== b && !readers[a]?.has(b)) {
        readers[a]?.set(b, to);
      }
    }
  }
  const left = new Set(Array.from({ length: count }, (_, block) => block));
  const order: number[] = [];
  const isFed = (block: number): boolean => [...left].some((other) => readers[other]?.has(block));
  while (left.size > 0) {
    const next = [...left].find((block) => !isFed(block));
    if (next === undefined) {
      return { order, cycle: cycleAmong(left, readers) };
    }
    order.push(next);
    left.delete(next);
  }
  return { order };
}

/** Walking back along what feeds each block must come round. */
function cycleAmong(left: ReadonlySet<number>, readers: readonly ReadonlyMap<number, number>[]) {
  const path: number[] = [];
  let at = [...left][0]!;
  while (!path.includes(at)) {
    path.push(at);
    at = [...left].find((other) => readers[other]?.has(at))!;
  }
  const blocks = [...path.slice(path.indexOf(at)), at].reverse();
  const operators = blocks.slice(1).map((to, i) => readers[blocks[i]!]?.get(to) ?? 0);
  return { blocks, operators };
}
