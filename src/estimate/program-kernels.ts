/**
 * The kernels of our own program on a GPU that is not there.
 *
 * How many kernels an operator or group has, their thread blocks, threads and shared memory are those of the program that
 * would be launched: it is made, as for a GPU that is there. What each takes is estimated from the bytes that it
 * moves and its arithmetic; the kernels of libraries are estimated altogether. Operators without device code get the kernels
 * that runtimes launch.
 */
import { present } from "../core/invariant.js";
import type { DeviceModel } from "../cost/device-model.js";
import type { Kernel } from "../cost/kernel.js";
import { passesOfGroup } from "../cost/kernels/group-kernels.js";
import { neighborhoodEfficiency } from "../cost/kernels/neighborhood.js";
import { kernelsOf } from "../cost/kernels/operator-kernels.js";
import { trafficOf } from "../cost/kernels/product-kernels.js";
import { passesOf } from "../cost/kernels/row-kernels.js";
import { streamKernel } from "../cost/kernels/stream-kernel.js";
import type { Operator, OperatorId } from "../ir/operator-graph.js";
import type { DeviceNode, DevicePlan } from "../kernels/device-node.js";
import type { EmittedModel } from "../kernels/emit.js";
import { type KernelCode, sharedBytesOf } from "../kernels/language/kernel.js";
import { bytesAt } from "../kernels/place-bytes.js";
import type { Precision } from "../kernels/precision.js";
import { groupWork } from "../onnx/fuse/group-work.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import { estimatedProgram } from "./estimated-program.js";
import { type LibraryCall, libraryKernels } from "./library-calls.js";
import { productMath } from "./product-math.js";

/**
 * The kernels of every operator, in launch order; none where another operator's launch computes it, or where it has no
 * elements. Requires, `only` and costs: as for `estimatedProgram`.
 */
export function programKernels(
  lowered: LoweredModel,
  device: DeviceModel,
  math: Precision,
  only?: ReadonlySet<OperatorId>,
): readonly (readonly Kernel[])[] {
  const program = estimatedProgram(lowered, math, only);
  const estimates = new ProgramEstimates(program, device, math);
  return program.plans.map((plan, id) =>
    estimates.ofPlan(plan, present(lowered.graph.operators[id], "operator")),
  );
}

type KernelNode = Extract<DeviceNode, { readonly kind: "kernel" }>;

class ProgramEstimates {
  readonly #program: EmittedModel;
  readonly #device: DeviceModel;
  readonly #math: Precision;
  /** Operators that have stand-ins. */
  readonly #refused: ReadonlySet<OperatorId>;

  constructor(program: EmittedModel, device: DeviceModel, math: Precision) {
    this.#program = program;
    this.#device = device;
    this.#math = math;
    this.#refused = new Set(program.estimated.map(({ id }) => id));
  }

  ofPlan(plan: DevicePlan, operator: Operator): readonly Kernel[] {
    const { nodes, parts = [{ members: [operator.id], nodes: nodes.length }] } = plan;
    let first = 0;
    return parts.flatMap((part) => {
      const own = nodes.slice(first, first + part.nodes);
      first += part.nodes;
      return this.#ofPart(part.members, own, plan);
    });
  }

  /** The kernels of nodes that compute these operators. */
  #ofPart(
    ids: readonly OperatorId[],
    nodes: readonly DeviceNode[],
    plan: DevicePlan,
  ): readonly Kernel[] {
    const { lowered } = this.#program;
    const members = ids.map((id) => present(lowered.graph.operators[id], "operator"));
    const [first] = members;
    if (first !== undefined && this.#refused.has(first.id)) {
      const { fused: _, ...plain } = lowered;
      return kernelsOf(first, plain, this.#device, productMath(first, this.#math));
    }
    const work = first !== undefined && members.length === 1 ? first.work : groupWork(lowered, ids);
    const [only] = nodes;
    if (only?.kind === "kernel" && nodes.length === 1) {
      const bytes = trafficOf(work) * passesOver(members, lowered);
      return [this.#ofKernel(only.kernel, work.flops, bytes, members)];
    }
    return this.#ofNodes(nodes, work.flops, members, plan);
  }

  /**
   * The kernels of several nodes, each of which moves all that is at its places. The calls do the arithmetic of their products;
   * what is left does the longest of their kernels, or, without calls, the kernel that moves most.
   */
  #ofNodes(
    nodes: readonly DeviceNode[],
    flops: number,
    members: readonly Operator[],
    plan: DevicePlan,
  ): readonly Kernel[] {
    const calls = nodes.map((node) => (node.kind === "kernel" ? [] : this.#ofCall(node)));
    const known = calls.flat();
    const left = Math.max(0, flops - known.reduce((sum, kernel) => sum + kernel.flops, 0));
    const longest = mostOf(known, ({ durationNs }) => durationNs);
    const bytes = nodes.map((node) => (node.kind === "kernel" ? this.#bytesOf(node, plan) : 0));
    const busiest = known.length > 0 ? -1 : mostOf(bytes, (each) => each);
    return nodes.flatMap((node, at) =>
      node.kind === "kernel"
        ? this.#ofKernel(node.kernel, at === busiest ? left : 0, bytes[at] ?? 0, members)
        : (calls[at] ?? []).map((kernel) =>
            kernel === known[longest] ? { ...kernel, flops: kernel.flops + left } : kernel,
          ),
    );
  }

  #ofCall(call: LibraryCall): readonly Kernel[] {
    return libraryKernels(call, { device: this.#device, math: this.#math });
  }

  #ofKernel(
    kernel: KernelCode,
    flops: number,
    bytes: number,
    members: readonly Operator[],
  ): Kernel {
    const [efficiency] = members.flatMap(
      (operator) => neighborhoodEfficiency(operator, this.#device) ?? [],
    );
    return streamKernel(
      {
        items: kernel.grid,
        itemsPerBlock: 1,
        threadsPerBlock: kernel.threads,
        registersPerThread: REGISTERS,
        sharedBytesPerBlock: sharedBytesOf(kernel),
        flops,
        bytes,
        ...(efficiency === undefined ? {} : { efficiency }),
      },
      this.#device,
    );
  }

  /** Bytes at the places of a kernel, each once. */
  #bytesOf({ buffers }: KernelNode, plan: DevicePlan): number {
    return buffers.reduce((sum, place) => sum + bytesAt(this.#program, plan, place), 0);
  }
}

/** Registers of a thread of our own kernels. As nvcc 13.0 compiles those of the fixtures for sm_90, few have more, and none above 47. */
const REGISTERS = 32;

/** How often the one kernel of these operators goes over its data; attention keeps its rows in a thread block. */
function passesOver(members: readonly Operator[], lowered: LoweredModel): number {
  const rows = members.filter(({ form }) => form === "rows");
  const [first] = rows;
  if (first === undefined || members.some(({ form }) => form === "product")) {
    return 1;
  }
  return members.length === 1 ? passesOf(first.type) : passesOfGroup(members, lowered);
}

/** Position of the first with the largest size; -1 of none. */
function mostOf<T>(list: readonly T[], sizeOf: (each: T) => number): number {
  let [best, most] = [-1, Number.NEGATIVE_INFINITY];
  for (const [at, each] of list.entries()) {
    const size = sizeOf(each);
    if (size > most) {
      [best, most] = [at, size];
    }
  }
  return best;
}
