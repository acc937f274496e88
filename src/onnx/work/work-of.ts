import type { OperatorWork } from "../../ir/operator-graph.js";
import { factBytes } from "../infer/fact.js";
import { typeOf } from "../infer/rules.js";
import { ELEMENTWISE_WORK } from "./elementwise.js";
import { MOVEMENT_WORK, PARTIAL_READERS } from "./movement.js";
import { PRODUCT_WORK } from "./products.js";
import { REDUCTION_WORK } from "./reductions.js";
import type { WorkCall, WorkRule } from "./work-rule.js";

const RULES: ReadonlyMap<string, WorkRule> = new Map(
  [ELEMENTWISE_WORK, PRODUCT_WORK, REDUCTION_WORK, MOVEMENT_WORK].flatMap((table) =>
    Object.entries(table),
  ),
);

/** The FLOP formula of an operator type, or `undefined` for one that is not known. */
export function workRuleOf(type: string): WorkRule | undefined {
  return RULES.get(type);
}

/** Every operator type with a FLOP formula, sorted. */
export function workTypes(): readonly string[] {
  return [...RULES.keys()].sort();
}

/**
 * Work of one node by formula; an unknown operator type moves bytes only.
 *
 * Bytes: every distinct input is read once and every output written once. Operators that look up
 * parts read no more of a tensor than they write, be it an activation or a table of weights.
 */
export function nodeWork(work: WorkCall): OperatorWork {
  const { call, outputs } = work;
  const type = typeOf(call.node);
  const bytesWritten = outputs.reduce((sum, output) => sum + factBytes(output), 0);
  const isPartial = PARTIAL_READERS.has(type);
  let bytesRead = 0;
  let parameterBytes = 0;
  const seen = new Set([""]);
  for (const [i, name] of call.node.inputs.entries()) {
    if (seen.has(name)) {
      continue;
    }
    seen.add(name);
    const input = call.input(i);
    const whole = factBytes(input);
    const bytes = isPartial && i === 0 ? Math.min(whole, bytesWritten) : whole;
    if (input.isConstant) {
      parameterBytes += bytes;
    } else {
      bytesRead += bytes;
    }
  }
  return {
    flops: figureOf(RULES.get(type)?.flops(work) ?? 0),
    bytesRead,
    bytesWritten,
    parameterBytes,
  };
}

/** Attributes that make no sense (no heads, a negative size) must not make figures that are none. */
function figureOf(flops: number): number {
  return Number.isFinite(flops) && flops > 0 ? flops : 0;
}
