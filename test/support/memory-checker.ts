/** Whether a memory plan is safe under a schedule, worked out without the planner's code. */
import { present } from "../../src/core/invariant.js";
import type { DeviceNode, Place } from "../../src/kernels/device-node.js";
import type { DeviceProgram } from "../../src/runtime/cuda/program/program.js";
import type { OperatorSchedule } from "../../src/schedule/operator-schedule.js";

/** Pairs of values that share bytes although both may be alive at the same time. */
export function unsafePairs(program: DeviceProgram, schedule: OperatorSchedule): readonly string[] {
  const { graph } = program.model.lowered;
  const isBefore = endsBefore(schedule);
  const outputs = new Set(graph.outputs);
  const nodesOf = (operator: number): readonly DeviceNode[] =>
    present(program.nodesOf[operator], "nodes").map(
      (at) => present(program.nodes[at], "node").node,
    );
  const isOf = (place: Place, tensor: number): boolean =>
    (place.kind === "tensor" && place.id === tensor) ||
    (place.kind === "joint" && place.ids.some((id) => id === tensor));
  const values = graph.tensors.flatMap(({ id, name, producer }) => {
    const range = program.memory.tensor(id);
    const among = (places: (node: DeviceNode) => readonly Place[]): readonly number[] =>
      graph.operators
        .map((each) => each.id)
        .filter((each) =>
          nodesOf(each)
            .flatMap(places)
            .some((place) => isOf(place, id)),
        );
    return producer === undefined || range === undefined
      ? []
      : [{ name, range, writers: among(written), users: among(touched), isKept: outputs.has(id) }];
  });
  const scratch = program.model.plans.flatMap(({ scratchBytes }, operator) =>
    scratchBytes.map((_, index) => ({
      name: `scratch ${index} of ${operator}`,
      range: program.memory.rangeOf(operator, { kind: "scratch", index }),
      writers: [operator],
      users: [operator],
      isKept: false,
    })),
  );
  const all = [...values, ...scratch];
  const problems: string[] = [];
  for (const [i, a] of all.entries()) {
    for (const b of all.slice(i + 1)) {
      const overlap =
        a.range.offset < b.range.offset + b.range.bytes &&
        b.range.offset < a.range.offset + a.range.bytes;
      const follows = (first: typeof a, second: typeof a) =>
        !first.isKept &&
        first.users.every((user) => second.writers.every((writer) => isBefore(user, writer)));
      if (overlap && !follows(a, b) && !follows(b, a)) {
        problems.push(`${a.name} and ${b.name}`);
      }
    }
  }
  return problems;
}

function touched(node: DeviceNode): readonly Place[] {
  const behind = node.kind === "conv" ? (node.behind?.buffers ?? []) : [];
  const { bias, residual } = node.kind === "gemm" ? (node.epilogue ?? {}) : noneOrOwn(node);
  const added = [bias, residual].filter((place) => place !== undefined);
  return node.kind === "kernel"
    ? node.buffers
    : node.kind === "gemm"
      ? [node.a.place, node.b.place, node.c.place, ...added]
      : [node.x.place, node.w.place, node.y.place, ...added, ...behind];
}

function noneOrOwn(node: DeviceNode): { readonly bias?: Place; readonly residual?: Place } {
  const { bias, residual } = node.kind === "conv" ? node : {};
  return { ...(bias && { bias }), ...(residual && { residual }) };
}

function written(node: DeviceNode): readonly Place[] {
  return node.kind === "kernel"
    ? node.buffers.filter((_, i) => node.kernel.buffers[i]?.access !== "read")
    : node.kind === "gemm"
      ? [node.c.place]
      : [node.y.place, ...(node.behind === undefined ? [] : [node.behind.y.place])];
}

/** By walking backwards along streams and waits, for every question anew. */
function endsBefore({ launches }: OperatorSchedule): (first: number, second: number) => boolean {
  const earlier = new Map<number, number[]>();
  const lastOfStream = new Map<number, number>();
  for (const { operator, stream, waits } of launches) {
    const before = lastOfStream.get(stream);
    earlier.set(operator, before === undefined ? [...waits] : [before, ...waits]);
    lastOfStream.set(stream, operator);
  }
  const seen = new Map<number, ReadonlySet<number>>();
  const ancestors = (operator: number): ReadonlySet<number> => {
    const known = seen.get(operator);
    if (known !== undefined) {
      return known;
    }
    const found = new Set<number>();
    const stack = [...present(earlier.get(operator), "launch")];
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      if (!found.has(next)) {
        found.add(next);
        stack.push(...present(earlier.get(next), "launch"));
      }
    }
    seen.set(operator, found);
    return found;
  };
  return (first, second) => ancestors(second).has(first);
}
