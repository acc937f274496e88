import { present } from "../../core/invariant.js";
import type { OperatorId, TensorId } from "../../ir/operator-graph.js";
import type { KernelGroup } from "../../onnx/kernel-groups.js";
import type { DeviceNode } from "../device-node.js";
import type { Expression } from "../language/expression.js";
import { broadcastLayout, type Layout, rowMajor, sizeOf } from "../language/layout.js";
import type { ModelIndex, Operand, OperatorCall } from "../operator-call.js";
import { transposeLayout } from "../operators/affine-copy.js";
import { attentionKernel } from "../operators/attention-kernel.js";
import {
  defined,
  ElementValues,
  type KernelStep,
  type Site,
  stored,
} from "../operators/element-values.js";
import { elementwiseStep } from "../operators/elementwise.js";
import { KernelBuffers } from "../operators/kernel-buffers.js";
import { type Arranged, beforeArranging, through } from "./arranged.js";
import { callAt, kernelStep } from "./member-steps.js";

const PRODUCTS: ReadonlySet<string> = new Set([
  "MatMul",
  "com.microsoft:FusedMatMul",
  "com.microsoft:TransposeMatMul",
]);

/**
 * The one kernel of attention: products, scale, mask and softmax, which reads queries, keys and values before they were arranged.
 *
 * `undefined` where the scores do not fit a thread block, operands cannot be read by strides, or an operator has no
 * formula. Cost: O(members).
 */
export function attentionGroup(
  index: ModelIndex,
  { main, members }: KernelGroup,
): readonly DeviceNode[] | undefined {
  const parts = partsOf(index, main, members);
  if (parts === undefined) {
    return undefined;
  }
  const inside = new Set(members);
  const { scores, values, between, behind } = parts;
  const [q, k] = [scores.input(0), scores.input(1)];
  const [v, made, weighted] = [values.input(1), scores.result(), values.result()];
  if (!q || !k || !v || !made || !weighted || !isAttention(scores, values)) {
    return undefined;
  }
  const batch = made.dims.slice(0, -2);
  const [queries, keys] = lastDims(made.dims);
  const [, width] = lastDims(weighted.dims);
  const size = present(q.dims.at(scores.call.int("transA") === 1 ? -2 : -1), "size");
  const read = (operand: Operand, own: readonly [number, number], isTurned: boolean) => {
    const extents = [...batch, ...own];
    const layout = matrixLayout(operand, extents, isTurned);
    return layout && beforeArranging(index, inside, operand, extents, layout);
  };
  const [turnsQ, turnsK] = [scores.call.int("transA") === 1, scores.call.int("transB") === 1];
  const sources = [
    read(q, [queries, size], turnsQ),
    read(k, [size, keys], turnsK),
    read(v, [keys, width], values.call.int("transB") === 1),
  ];
  const [readQ, readK, readV] = sources;
  const target = targetOf(weighted, parts.transposed);
  if (!readQ || !readK || !readV || !target || !isComplete(members, parts, sources)) {
    return undefined;
  }
  const buffers = new KernelBuffers();
  const node = attentionKernel(
    {
      batch,
      queries,
      keys,
      size,
      width,
      q: readQ,
      k: readK,
      v: readV,
      y: target,
      scale: alphaOf(scores) * readQ.factor * readK.factor,
      factor: alphaOf(values) * readV.factor,
      score: applied(between, scores.operator.outputs[0], made, buffers),
      weight: applied(behind, parts.softmax.operator.outputs[0], made, buffers),
    },
    buffers,
  );
  return node && [node];
}

function lastDims(dims: readonly number[]): readonly [number, number] {
  return [present(dims.at(-2), "rows"), present(dims.at(-1), "columns")];
}

/** The operators of attention. */
interface AttentionParts {
  readonly scores: OperatorCall;
  readonly softmax: OperatorCall;
  readonly values: OperatorCall;
  /** Element-wise operators in front of the softmax, and behind it. */
  readonly between: readonly OperatorCall[];
  readonly behind: readonly OperatorCall[];
  readonly transposed: OperatorCall | undefined;
}

function partsOf(
  index: ModelIndex,
  main: OperatorId,
  members: readonly OperatorId[],
): AttentionParts | undefined {
  const calls = new Map(members.map((id) => [id, callAt(index, id)]));
  const softmax = [...calls.values()].find(({ operator }) => operator.type === "Softmax");
  const values = present(calls.get(main), "product with the values");
  const last = present(calls.get(present(members.at(-1), "last")), "last");
  const scores = [...calls.values()].find(
    ({ operator }) => operator.id !== main && PRODUCTS.has(operator.type),
  );
  if (softmax === undefined || scores === undefined || !PRODUCTS.has(values.operator.type)) {
    return undefined;
  }
  const above = ancestors(index, softmax.operator.id, calls);
  const beyond = ancestors(index, main, calls);
  const isBehind = (id: OperatorId, first: OperatorCall) =>
    ancestors(index, id, calls).has(first.operator.id);
  const among = (ids: ReadonlySet<OperatorId>, first: OperatorCall) =>
    [...calls.values()].filter(({ operator: { id } }) => ids.has(id) && isBehind(id, first));
  return {
    scores,
    softmax,
    values,
    between: among(above, scores),
    behind: among(beyond, softmax),
    transposed: last === values ? undefined : last,
  };
}

/** The members that a member depends on. */
function ancestors(
  { lowered }: ModelIndex,
  of: OperatorId,
  members: ReadonlyMap<OperatorId, OperatorCall>,
): ReadonlySet<OperatorId> {
  const found = new Set<OperatorId>();
  const waiting = [of];
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    for (const before of present(lowered.graph.operators[id], "operator").predecessors) {
      if (members.has(before) && !found.has(before)) {
        found.add(before);
        waiting.push(before);
      }
    }
  }
  return found;
}

/** Whether both are batches of matrices of one type, the left factor of the second one as the first makes it. */
function isAttention(scores: OperatorCall, values: OperatorCall): boolean {
  const operands = [scores.input(0), scores.input(1), values.input(0), values.input(1)];
  const [q, k, p, v] = operands;
  const made = scores.result();
  const isSame = operands.every(
    (each) => each !== undefined && each.storage === q?.storage && each.dims.length >= 2,
  );
  const isHalfOrFloat = q?.storage === "f32" || q?.storage === "f16";
  const turned = (op: OperatorCall, name: string) => op.call.int(name) === 1;
  const isPlain =
    !turned(values, "transA") &&
    [scores, values].every((op) => !turned(op, "transBatchA") && !turned(op, "transBatchB"));
  return (
    isSame &&
    isHalfOrFloat &&
    isPlain &&
    k !== undefined &&
    v !== undefined &&
    made !== undefined &&
    sizeOf(made.dims) > 0 &&
    p?.dims.join() === made.dims.join()
  );
}

/** A matrix, or a batch of them broadcast, over the dims of the batch and its own; `isTurned`: stored transposed. */
function matrixLayout(
  { dims }: Operand,
  extents: readonly number[],
  isTurned: boolean,
): Layout | undefined {
  const [rows = 1, columns = 1] = extents.slice(-2);
  const own = isTurned ? [columns, rows] : [rows, columns];
  if (dims.slice(-2).join() !== own.join()) {
    return undefined;
  }
  const { strides } = broadcastLayout(dims, [...extents.slice(0, -2), ...own]);
  const [first = 0, second = 0] = strides.slice(-2);
  const last = isTurned ? [second, first] : [first, second];
  return { offset: 0, strides: [...strides.slice(0, -2), ...last] };
}

/** Where the results belong: in the order of the product, or transposed behind it. */
function targetOf(weighted: Operand, transposed: OperatorCall | undefined) {
  const layout = { offset: 0, strides: rowMajor(weighted.dims) };
  if (transposed === undefined) {
    return { operand: weighted, layout };
  }
  const [x, y] = [transposed.input(0), transposed.result()];
  const isTranspose = transposed.operator.type === "Transpose";
  if (x === undefined || y === undefined || !isTranspose) {
    return undefined;
  }
  // Where the element at a place of x is in y.
  const from = transposeLayout(transposed, x).strides;
  const [own, places] = [rowMajor(x.dims), rowMajor(y.dims)];
  const strides = own.map((stride, axis) => {
    return x.dims[axis] === 1
      ? 0
      : (places[from.findIndex((each, at) => each === stride && y.dims[at] !== 1)] ?? 0);
  });
  const moved = through(layout, weighted.dims, x.dims, { offset: 0, strides });
  return moved && { operand: y, layout: moved };
}

function alphaOf({ call }: OperatorCall): number {
  return call.float("alpha") ?? 1;
}

/** Whether every member is computed by the kernel. */
function isComplete(
  members: readonly OperatorId[],
  { scores, softmax, values, between, behind, transposed }: AttentionParts,
  sources: readonly (Arranged | undefined)[],
): boolean {
  const calls = [scores, softmax, values, ...between, ...behind];
  const done = new Set([
    ...calls.map(({ operator }) => operator.id),
    ...(transposed === undefined ? [] : [transposed.operator.id]),
    ...sources.flatMap((source) => source?.members ?? []),
  ]);
  return (
    members.every((id) => done.has(id)) &&
    [...between, ...behind].every((op) => {
      const step = elementwiseStep(op);
      return step !== undefined && sizeOf(step.result.dims) === sizeOf(scores.result()?.dims ?? []);
    })
  );
}

/** Element-wise operators applied to a value that stands for the tensor `from`, as memory would hold it. */
function applied(
  calls: readonly OperatorCall[],
  from: TensorId | undefined,
  made: Operand,
  buffers: KernelBuffers,
): (value: Expression, site: Site) => Expression {
  return (value, site) => {
    const given = defined(site, `g_${site.tag}`, stored(made.storage, value));
    const steps: KernelStep[] = [{ kind: "given", values: () => [given] }];
    const stepOf = new Map<TensorId, number>(from === undefined ? [] : [[from, 0]]);
    for (const op of calls) {
      const own = elementwiseStep(op);
      const [result] = op.operator.outputs;
      if (own !== undefined && result !== undefined) {
        steps.push(kernelStep(own, stepOf));
        stepOf.set(result, steps.length - 1);
      }
    }
    const [last] = new ElementValues(steps, buffers).of(steps.length - 1, site);
    return present(last, "value");
  };
}
