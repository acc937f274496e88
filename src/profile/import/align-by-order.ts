import { productOf } from "../../core/product.js";
import type { Operator, OperatorId } from "../../ir/operator-graph.js";
import type { LoweredModel } from "../../onnx/lowered-model.js";
import type { ImportedPart, PlaceInOrder } from "./imported-part.js";

/** Most pairs of a part and an operator that are looked at, a byte each. */
export const MOST_PAIRS = 100_000_000;

const SKIP_PART = 1;
const SKIP_OPERATOR = 2;
const MATCH = 3;

/**
 * Matches parts with operators so that both stay in order and the matched parts take the most time: those
 * that may be of one type and, where the tool says it, whose largest inputs have as many elements. Gives
 * the operator of each part, `undefined` for those without.
 *
 * Requires: parts times operators are at most `MOST_PAIRS`. Cost: O(parts * operators).
 */
export function alignByOrder(
  parts: readonly ImportedPart[],
  lowered: LoweredModel,
): readonly (OperatorId | undefined)[] {
  const { operators } = lowered.graph;
  const elements = operators.map((operator) => largestInput(operator, lowered));
  const types = operators.map(({ type }) => type.slice(type.lastIndexOf(":") + 1));
  const width = operators.length + 1;
  const step = new Uint8Array((parts.length + 1) * width);
  // The most time of the parts from here on, for every operator to go on from.
  let below = new Float64Array(width);
  for (let part = parts.length - 1; part >= 0; part--) {
    const best = new Float64Array(width);
    const { order, wholeNs } = parts[part] as ImportedPart;
    for (let at = operators.length - 1; at >= 0; at--) {
      const matched = isAlike(order, types[at] ?? "", elements[at])
        ? wholeNs + (below[at + 1] ?? 0)
        : -1;
      const [skippedPart, skippedOperator] = [below[at] ?? 0, best[at + 1] ?? 0];
      best[at] = Math.max(matched, skippedPart, skippedOperator);
      step[part * width + at] =
        matched === best[at] ? MATCH : skippedOperator === best[at] ? SKIP_OPERATOR : SKIP_PART;
    }
    below = best;
  }
  return followed(step, parts.length, operators);
}

function followed(
  step: Uint8Array,
  parts: number,
  operators: readonly Operator[],
): readonly (OperatorId | undefined)[] {
  const found = new Array<OperatorId | undefined>(parts).fill(undefined);
  let at = 0;
  for (let part = 0; part < parts && at < operators.length; ) {
    switch (step[part * (operators.length + 1) + at]) {
      case MATCH:
        found[part++] = operators[at++]?.id;
        break;
      case SKIP_OPERATOR:
        at++;
        break;
      default:
        part++;
    }
  }
  return found;
}

function isAlike(
  order: PlaceInOrder | undefined,
  type: string,
  elements: number | undefined,
): boolean {
  if (order === undefined || !order.types.includes(type)) {
    return false;
  }
  return order.elements === undefined || elements === undefined || order.elements === elements;
}

/** Elements of an operator's largest input, weights included. */
function largestInput({ node }: Operator, { model, types }: LoweredModel): number | undefined {
  const counts = (model.graph.nodes[node]?.inputs ?? []).flatMap((name) => {
    const type = types.get(name);
    return type === undefined ? [] : [productOf(type.dims)];
  });
  return counts.length === 0 ? undefined : counts.reduce((a, b) => Math.max(a, b));
}
