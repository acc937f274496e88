import type { Operator, OperatorGraph, Tensor } from "./operator-graph.js";

/**
 * Returns the problems of an operator graph: none for a well-formed one.
 *
 * Checks that ids are positions, names are unique, tensors know their producer and consumers,
 * operators know their predecessors and successors, every edge goes forward, and figures of work
 * are finite and not negative.
 *
 * Order: tensors, then operators, each in order; at most 20 problems.
 * Cost: O(operators + edges).
 */
export function verifyGraph(graph: OperatorGraph): readonly string[] {
  const problems: string[] = [];
  checkNames(graph, problems);
  const expected = relationsOf(graph);
  for (const [position, tensor] of graph.tensors.entries()) {
    checkTensor(tensor, position, expected, problems);
  }
  for (const [position, operator] of graph.operators.entries()) {
    checkOperator(operator, position, expected, problems);
  }
  const inputs = new Set(graph.inputs);
  for (const tensor of graph.tensors) {
    if ((tensor.producer === undefined) !== inputs.has(tensor.id)) {
      problems.push(`tensor "${tensor.name}" is an input or has a producer, not both or neither`);
    }
  }
  for (const id of graph.outputs) {
    if (graph.tensors[id] === undefined) {
      problems.push(`output ${id} is not a tensor`);
    }
  }
  return problems.slice(0, 20);
}

/**
 * Producers, consumers, predecessors and successors as implied by the inputs and outputs of
 * operators.
 */
interface Relations {
  readonly producer: ReadonlyMap<number, number>;
  readonly consumers: readonly number[][];
  readonly predecessors: readonly number[][];
  readonly successors: readonly number[][];
}

function relationsOf(graph: OperatorGraph): Relations {
  const producer = new Map<number, number>();
  for (const operator of graph.operators) {
    for (const output of operator.outputs) {
      producer.set(output, operator.id);
    }
  }
  const consumers: number[][] = graph.tensors.map(() => []);
  const successors: number[][] = graph.operators.map(() => []);
  const predecessors = graph.operators.map((operator) => {
    const makers = new Set<number>();
    for (const input of new Set(operator.inputs)) {
      consumers[input]?.push(operator.id);
      const maker = producer.get(input);
      if (maker !== undefined) {
        makers.add(maker);
      }
    }
    const sorted = [...makers].sort((a, b) => a - b);
    for (const maker of sorted) {
      successors[maker]?.push(operator.id);
    }
    return sorted;
  });
  return { producer, consumers, predecessors, successors };
}

function checkNames(graph: OperatorGraph, problems: string[]): void {
  for (const list of [graph.tensors, graph.operators]) {
    const seen = new Set<string>();
    for (const { name } of list) {
      if (name === "" || seen.has(name)) {
        problems.push(`name "${name}" is empty or repeated`);
      }
      seen.add(name);
    }
  }
}

function checkTensor(
  tensor: Tensor,
  position: number,
  expected: Relations,
  problems: string[],
): void {
  const at = `tensor "${tensor.name}"`;
  if (tensor.id !== position) {
    problems.push(`${at} has id ${tensor.id} at position ${position}`);
  }
  if (tensor.producer !== expected.producer.get(position)) {
    problems.push(`${at} has the wrong producer`);
  }
  if (!isEqual(tensor.consumers, expected.consumers[position])) {
    problems.push(`${at} has the wrong consumers`);
  }
  if (![...tensor.dims, tensor.bytes].every((size) => Number.isSafeInteger(size) && size >= 0)) {
    problems.push(`${at} has an invalid size`);
  }
}

function checkOperator(
  operator: Operator,
  position: number,
  expected: Relations,
  problems: string[],
): void {
  const at = `operator "${operator.name}"`;
  if (operator.id !== position) {
    problems.push(`${at} has id ${operator.id} at position ${position}`);
  }
  if (!isEqual(operator.predecessors, expected.predecessors[position])) {
    problems.push(`${at} has the wrong predecessors`);
  }
  if (!isEqual(operator.successors, expected.successors[position])) {
    problems.push(`${at} has the wrong successors`);
  }
  if (operator.predecessors.some((predecessor) => predecessor >= operator.id)) {
    problems.push(`${at} comes before something that it reads`);
  }
  if (Object.values(operator.work).some((figure) => !Number.isFinite(figure) || figure < 0)) {
    problems.push(`${at} has invalid work`);
  }
}

function isEqual(actual: readonly number[], expected: readonly number[] | undefined): boolean {
  return actual.length === expected?.length && actual.every((item, i) => item === expected[i]);
}
