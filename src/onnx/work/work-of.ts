import type { OperatorWork } from "../../ir/operator-graph.js";
import { factBytes } from "../infer/fact.js";
import type { OperatorType } from "../operators/operator-type.js";
import type { WorkCall } from "./work-rule.js";

/**
 * Work of one node by formula; an unknown operator type moves bytes only.
 *
 * Bytes: every distinct input is read once and every output written once. Operators that look up
 * parts read no more of a tensor than they write, be it an activation or a table of weights, and what
 * chooses among experts reads the weights of those that it can choose.
 */
export function nodeWork(work: WorkCall, type: OperatorType | undefined): OperatorWork {
  const { call, outputs } = work;
  const bytesWritten = outputs.reduce((sum, output) => sum + factBytes(output), 0);
  const isPartial = type?.readsPart === true;
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
    const most = Math.ceil(whole * (type?.readShare?.(call, i) ?? 1));
    const bytes = isPartial && i === 0 ? Math.min(whole, bytesWritten) : most;
    if (input.isConstant) {
      parameterBytes += bytes;
    } else {
      bytesRead += bytes;
    }
  }
  return {
    flops: figureOf(type?.work?.flops(work) ?? 0),
    bytesRead,
    bytesWritten,
    parameterBytes,
  };
}

/** Senseless attributes (no heads, a negative size) must not yield invalid figures. */
function figureOf(flops: number): number {
  return Number.isFinite(flops) && flops > 0 ? flops : 0;
}
