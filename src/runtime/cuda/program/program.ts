/**
 * A model and its schedules in the terms of the native helper: memory, sources, nodes, launches.
 *
 * One program serves all schedules of a model that are compared, so that they differ in nothing but
 * their launches.
 */
import { present } from "../../../core/invariant.js";
import type {
  CallBehind,
  DeviceNode,
  MatrixOperand,
  Place,
  ProductEpilogue,
} from "../../../kernels/device-node.js";
import type { EmittedModel } from "../../../kernels/emit.js";
import { type KernelSources, kernelSources } from "../../../kernels/language/kernel-source.js";
import type { PrecisionPlan } from "../../../kernels/precision.js";
import type {
  ConvBehind,
  GemmEpilogue,
  GemmMatrix,
  HelperNode,
  HelperSchedule,
  KernelNode,
  NodeLaunch,
  WireFloat,
} from "../client/nodes.js";
import type { LaunchOrder } from "./launch-order.js";
import { type MemoryPlan, planMemory, type Sharing } from "./memory-plan.js";

/**
 * Options of the compiler. Without contraction a multiplication and an addition round as they do on
 * the CPU and in kernels of their own, so a chain of operators computes the same bits as its parts.
 */
export const COMPILE_OPTIONS: readonly string[] = ["--fmad=false"];

/** A node with the operator that it is part of. */
export interface ProgramNode {
  readonly operator: number;
  readonly node: DeviceNode;
}

/** Everything that is sent to the helper once. */
export interface DeviceProgram {
  readonly model: EmittedModel;
  readonly precision: PrecisionPlan;
  readonly memory: MemoryPlan;
  readonly kernels: KernelSources;
  /** In the order of the operators; positions are the helper's node numbers. */
  readonly nodes: readonly ProgramNode[];
  /** By operator: its nodes' numbers, ascending; empty for an operator without work. */
  readonly nodesOf: readonly (readonly number[])[];
}

/** Plans memory and numbers the nodes of a model. Cost: as `planMemory` and `kernelSources`. */
export function buildProgram(
  model: EmittedModel,
  precision: PrecisionPlan,
  sharing: Sharing,
): DeviceProgram {
  const nodes: ProgramNode[] = [];
  const nodesOf = model.plans.map((plan, operator) =>
    plan.nodes.map((node) => nodes.push({ operator, node }) - 1),
  );
  return {
    model,
    precision,
    memory: planMemory(model, sharing),
    kernels: kernelSources(model.plans),
    nodes,
    nodesOf,
  };
}

/**
 * The nodes as the helper takes them.
 *
 * Requires: `modules` has the helper's number of each compiled source, in their order.
 */
export function helperNodes(
  program: DeviceProgram,
  modules: readonly number[],
): readonly HelperNode[] {
  return program.nodes.map((each) => helperNode(program, each, modules));
}

function helperNode(
  program: DeviceProgram,
  { operator, node }: ProgramNode,
  modules: readonly number[],
): HelperNode {
  const offset = (place: Place) => program.memory.rangeOf(operator, place).offset;
  switch (node.kind) {
    case "kernel": {
      const { source, name } = program.kernels.find(node.kernel);
      return kernelNode(node, name, present(modules[source], "module"), offset);
    }
    case "gemm":
      return gemmNode(node, program.precision, offset);
    case "conv":
      return convNode(node, program.precision, offset, (behind) => {
        const { source, name } = program.kernels.find(behind.kernel);
        return kernelNode(behind, name, present(modules[source], "module"), offset);
      });
  }
}

type OffsetOf = (place: Place) => number;

function kernelNode(
  { kernel, buffers }: Pick<CallBehind, "kernel" | "buffers">,
  name: string,
  module: number,
  offset: OffsetOf,
): KernelNode {
  return {
    kind: "kernel",
    module,
    function: name,
    grid: [kernel.grid, 1, 1],
    block: [kernel.threads, 1, 1],
    args: buffers.map((place) => ({ ptr: offset(place) })),
  };
}

/**
 * A row-major matrix is, column by column, its transpose. So the row-major `C = A B` is the
 * column-major `C' = B' A'`: sides change places, and a matrix that is stored transposed stays so.
 */
function gemmNode(
  node: Extract<DeviceNode, { kind: "gemm" }>,
  precision: PrecisionPlan,
  offset: OffsetOf,
): HelperNode {
  const matrix = ({ place, rowStride, batchStride }: MatrixOperand): GemmMatrix => ({
    offset: offset(place),
    leading: rowStride,
    stride: batchStride,
  });
  return {
    kind: "gemm",
    m: node.n,
    n: node.m,
    k: node.k,
    transposeA: node.b.isTransposed,
    transposeB: node.a.isTransposed,
    a: matrix(node.b),
    b: matrix(node.a),
    c: matrix(node.c),
    batch: node.batch,
    alpha: node.alpha,
    beta: node.beta,
    ...(node.epilogue === undefined ? {} : { epilogue: productEpilogue(node.epilogue, offset) }),
    dtype: node.type,
    math: precision.gemm,
  };
}

function productEpilogue(
  { bias, residual, activation }: ProductEpilogue,
  offset: OffsetOf,
): GemmEpilogue {
  return {
    ...(bias === undefined ? {} : { bias: offset(bias) }),
    ...(residual === undefined ? {} : { residual: offset(residual) }),
    ...(activation === undefined ? {} : { activation }),
  };
}

function convNode(
  node: Extract<DeviceNode, { kind: "conv" }>,
  precision: PrecisionPlan,
  offset: OffsetOf,
  kernelBehind: (behind: CallBehind) => KernelNode,
): HelperNode {
  const { behind } = node;
  return {
    kind: "conv",
    x: { offset: offset(node.x.place), dims: node.x.dims },
    w: { offset: offset(node.w.place), dims: node.w.dims },
    y: {
      offset: offset(node.y.place),
      dims: node.y.dims,
      ...(node.y.channels === undefined ? {} : { channels: node.y.channels }),
    },
    ...(node.bias === undefined ? {} : { bias: offset(node.bias) }),
    ...(node.residual === undefined ? {} : { residual: offset(node.residual) }),
    ...(node.relu === true ? { relu: true } : {}),
    ...(behind === undefined
      ? {}
      : { behind: convBehind(node, behind, offset, kernelBehind(behind)) }),
    pads: node.pads,
    strides: node.strides,
    dilations: node.dilations,
    groups: node.groups,
    ...(node.isChannelsLast === true ? { channelsLast: true } : {}),
    dtype: node.type,
    math: precision.conv,
  };
}

function convBehind(
  { y }: Extract<DeviceNode, { kind: "conv" }>,
  { function: applied, residual, y: result }: CallBehind,
  offset: OffsetOf,
  kernel: KernelNode,
): ConvBehind {
  return {
    ...(applied === undefined
      ? {}
      : { function: { name: applied.name, numbers: applied.numbers.map(wireFloat) } }),
    ...(residual === undefined ? {} : { residual: offset(residual) }),
    y: {
      offset: offset(result.place),
      dims: y.dims,
      ...(result.channels === undefined ? {} : { channels: result.channels }),
    },
    kernel,
  };
}

function wireFloat(value: number): WireFloat {
  return Number.isFinite(value) ? value : (String(value) as WireFloat);
}

/**
 * A schedule of operators as launches of nodes: an operator's nodes follow each other on its stream,
 * the first waits for the last nodes of the operators that it waits for. An operator without work
 * passes on what it would have waited for.
 */
export function helperSchedule(program: DeviceProgram, schedule: LaunchOrder): HelperSchedule {
  const launches: NodeLaunch[] = [];
  const ends = new Map<number, readonly number[]>();
  const lastOfStream = new Map<number, number>();
  const streamOf = new Map<number, number>();
  for (const { operator, stream, waits } of schedule.launches) {
    const nodes = present(program.nodesOf[operator], "nodes");
    const before = lastOfStream.get(stream);
    const earlier = before === undefined ? waits : [before, ...waits];
    const after = [...new Set(earlier.flatMap((each) => ends.get(each) ?? []))];
    const foreign = after.filter((node) => streamOf.get(node) !== stream);
    nodes.forEach((node, at) => {
      const isFirst = at === 0 && foreign.length > 0;
      launches.push({ node, stream, ...(isFirst ? { after: ascending(foreign) } : {}) });
      streamOf.set(node, stream);
    });
    const last = nodes.at(-1);
    ends.set(operator, last === undefined ? after : [last]);
    lastOfStream.set(stream, operator);
  }
  return { launches };
}

function ascending(numbers: readonly number[]): readonly number[] {
  return [...numbers].sort((a, b) => a - b);
}
