import { type OperatorWork, sumOfWork, type TensorId } from "../../ir/operator-graph.js";
import type { KernelGroup } from "../kernel-groups.js";
import type { LoweredModel } from "../lowered-model.js";
import { operatorTypeNamed } from "../operators/catalog.js";

/**
 * The work of a group as one kernel: the arithmetic of all members, but of the memory only what comes in from
 * outside, each tensor once, and what the last member writes. Cost: O(members and their operands).
 */
export function groupWork({ graph }: LoweredModel, members: KernelGroup["members"]): OperatorWork {
  const operators = members.map((id) => graph.operators[id]!);
  const inside = new Set(operators.flatMap(({ outputs }) => outputs));
  const read = new Map<TensorId, number>();
  for (const { type, inputs, outputs } of operators) {
    const isPart = operatorTypeNamed(type)?.readsPart === true;
    const written = outputs.reduce((sum, id) => sum + bytesOf(id), 0);
    for (const [at, id] of [...new Set(inputs)].entries()) {
      if (!inside.has(id)) {
        const bytes = isPart && at === 0 ? written : bytesOf(id);
        read.set(id, Math.min(bytesOf(id), (read.get(id) ?? 0) + bytes));
      }
    }
  }
  function bytesOf(id: TensorId): number {
    return graph.tensors[id]?.bytes ?? 0;
  }
  const all = operators.map(({ work }) => work).reduce(sumOfWork);
  const last = operators.at(-1)?.outputs ?? [];
  return {
    ...all,
    bytesRead: [...read.values()].reduce((sum, bytes) => sum + bytes, 0),
    bytesWritten: last.reduce((sum, id) => sum + bytesOf(id), 0),
  };
}
