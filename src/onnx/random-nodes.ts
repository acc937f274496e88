import { someNames } from "../core/some-of.js";
import { bodiesOf } from "./bodies.js";
import type { LoweredModel } from "./lowered-model.js";
import type { OnnxGraph, OnnxNode } from "./model.js";
import { readsOf } from "./normalize-model.js";
import { operatorTypeNamed, typeOf } from "./operators/catalog.js";
import { tensorFact } from "./tensor-values.js";

/** What of a model differs from run to run. */
export interface RandomParts {
  /** Nodes of the main graph that draw numbers, themselves or in a body, in order. */
  readonly nodes: readonly OnnxNode[];
  /** Values that depend on numbers drawn. */
  readonly values: ReadonlySet<string>;
}

/**
 * The nodes that draw numbers and every value that depends on them. Sizes of drawn tensors do not
 * depend on the numbers.
 *
 * Cost: O(nodes + edges).
 */
export function randomParts({ model, roles, constants }: LoweredModel): RandomParts {
  const isOff = (name: string): boolean =>
    constants.get(name)?.values[0] === 0 || isZero(model.graph, name);
  const nodes: OnnxNode[] = [];
  const values = new Set<string>();
  for (const [at, node] of model.graph.nodes.entries()) {
    if (roles[at] === "constant" || roles[at] === "dead") {
      continue;
    }
    const draws = drawsNumbers(node, isOff);
    if (draws) {
      nodes.push(node);
    }
    if (draws || [...readsOf(node)].some((name) => values.has(name))) {
      for (const name of node.outputs) {
        values.add(name);
      }
    }
  }
  return { nodes, values };
}

/**
 * Whether a node draws numbers, itself or in a body. `isOff` says whether a value is known to be 0 or
 * false, which turns some operators off.
 */
export function drawsNumbers(node: OnnxNode, isOff: (name: string) => boolean): boolean {
  const type = operatorTypeNamed(typeOf(node));
  const training = type?.drawsUnder === undefined ? "" : (node.inputs[type.drawsUnder] ?? "");
  return (
    type?.isRandom === true ||
    (training !== "" && !isOff(training)) ||
    bodiesOf(node).some((body) =>
      body.nodes.some((inner) => drawsNumbers(inner, (name) => isZero(body, name) || isOff(name))),
    )
  );
}

/** Whether a value is a constant of the graph that is 0 or false. */
function isZero(graph: OnnxGraph, name: string): boolean {
  const weight = graph.initializers.find((each) => each.name === name);
  return weight !== undefined && tensorFact(weight).values?.[0] === 0;
}

/** One line on what is not compared; `undefined` for a model that draws nothing. */
export function noteOnRandomNumbers(lowered: LoweredModel): string | undefined {
  const { nodes, values } = randomParts(lowered);
  const [first] = nodes;
  if (first === undefined) {
    return undefined;
  }
  const outputs = lowered.model.graph.outputs.filter(({ name }) => values.has(name));
  const more = nodes.length === 1 ? "" : ` and ${nodes.length - 1} more`;
  const what =
    outputs.length === 0
      ? "no output depends on them"
      : `outputs that depend on them are not compared: ${someNames(outputs.map(({ name }) => name))}`;
  return `the model draws random numbers (${first.opType} "${first.name}"${more}); ${what}`;
}
