/** The form of an operator on the device: kernels, and calls of cuBLAS and cuDNN. */
import type { OperatorId, TensorId } from "../ir/operator-graph.js";
import type { KernelCode } from "./language/kernel.js";

/** Memory that a node reads or writes: all of a value, or the part after an offset. */
export type Place = {
  /** Bytes from the start of the value; default 0. */
  readonly offset?: number;
} & (
  | {
      /** A tensor of the operator graph. */
      readonly kind: "tensor";
      readonly id: TensorId;
      /** The tensor that is part of it, where only that is meant. */
      readonly part?: TensorId;
    }
  | {
      /** Tensors of the operator graph that follow each other in memory without a gap. */
      readonly kind: "joint";
      readonly ids: readonly TensorId[];
    }
  | {
      /** A value that depends on the model alone: a weight, or computed from weights. */
      readonly kind: "constant";
      readonly name: string;
    }
  | {
      /** Memory of one operator, free before and after it; a position in `DevicePlan.scratchBytes`. */
      readonly kind: "scratch";
      readonly index: number;
    }
);

/** The floating-point type of a library call. */
export type LibraryType = "f32" | "f16";

/** One matrix of a product, row-major. Units: elements. */
export interface MatrixOperand {
  readonly place: Place;
  /** Distance of stored rows. */
  readonly rowStride: number;
  /** Stored transposed: the element (r, c) is at `c * rowStride + r`. */
  readonly isTransposed: boolean;
  /** Distance of the matrices of a batch; 0 repeats one. */
  readonly batchStride: number;
}

/** `c = activation(alpha * a x b + residual + bias)`, in one call. */
export interface ProductEpilogue {
  /** One value for each column. */
  readonly bias?: Place;
  /** A matrix that is stored as `c` is. */
  readonly residual?: Place;
  /** `gelu` is the approximation by tanh. */
  readonly activation?: "relu" | "gelu";
}

/** A function of one value that cuDNN applies to the results of a convolution. */
export type CallFunction =
  | {
      readonly name:
        | "relu"
        | "sigmoid"
        | "tanh"
        | "gelu"
        | "gelu-by-tanh"
        | "softplus"
        | "mish"
        /** x * clip(x / 6 + 1 / 2, 0, 1). */
        | "hard-swish";
      readonly numbers: readonly [];
    }
  /** The number is the slope below 0; the value that is approached far below 0, negated; b of x * sigmoid(b * x). */
  | { readonly name: "leaky-relu" | "elu" | "silu"; readonly numbers: readonly [number] }
  /** A lower and an upper bound, of which one may be infinite; a and b of clip(a * x + b, 0, 1). */
  | { readonly name: "clip" | "hard-sigmoid"; readonly numbers: readonly [number, number] };

/** What stands behind a convolution: `function(result) + residual`, in one graph of cuDNN with it. */
export interface CallBehind {
  /** Absent: none, and there is a residual. */
  readonly function?: CallFunction;
  /** A tensor of the result's dims. */
  readonly residual?: Place;
  readonly y: { readonly place: Place; readonly channels?: number };
  /** Makes `y` of what the convolution alone writes: launched where cuDNN takes no such graph. */
  readonly kernel: KernelCode;
  readonly buffers: readonly Place[];
}

/** One launch (or library call) of an operator. */
export type DeviceNode =
  | { readonly kind: "kernel"; readonly kernel: KernelCode; readonly buffers: readonly Place[] }
  /** `c[b] = alpha * a[b] x b[b] + beta * c[b]` with `a` m x k, `b` k x n, `c` m x n. */
  | {
      readonly kind: "gemm";
      readonly type: LibraryType;
      readonly m: number;
      readonly n: number;
      readonly k: number;
      readonly batch: number;
      readonly alpha: number;
      readonly beta: number;
      readonly a: MatrixOperand;
      readonly b: MatrixOperand;
      readonly c: MatrixOperand;
      /** What is done to the product before it is stored; then `beta` is 0 and `batch` 1. */
      readonly epilogue?: ProductEpilogue;
    }
  /** Cross-correlation of [N, C, 2 or 3 spatial dims]; pads are the same on both sides of a dim. */
  | {
      readonly kind: "conv";
      readonly type: LibraryType;
      readonly x: {
        readonly place: Place;
        readonly dims: readonly number[];
        /** Its channels are last in memory whatever the call's are. */
        readonly isChannelsLast?: boolean;
      };
      readonly w: { readonly place: Place; readonly dims: readonly number[] };
      readonly y: {
        readonly place: Place;
        readonly dims: readonly number[];
        /** Channels of the tensor that it is part of, where channels are last; absent: its own. */
        readonly channels?: number;
      };
      /** One value for each output channel. */
      readonly bias: Place | undefined;
      /** Added to the result: a tensor of its dims. Needs a bias. */
      readonly residual?: Place;
      /** No result is below 0. Needs a bias. */
      readonly relu?: boolean;
      /** Only with channels last. */
      readonly behind?: CallBehind;
      readonly pads: readonly number[];
      readonly strides: readonly number[];
      readonly dilations: readonly number[];
      readonly groups: number;
      /** Channels are last in memory, of x, w, y and what is added; never so with 3 spatial dims. */
      readonly isChannelsLast?: boolean;
    };

/** The work of one operator on the device: nodes in order. */
export interface DevicePlan {
  readonly nodes: readonly DeviceNode[];
  /** Sizes of the scratch memories of its nodes. */
  readonly scratchBytes: readonly number[];
  /** What its nodes compute, in their order; absent: all of them are of the operator whose plan it is. */
  readonly parts?: readonly PlanPart[];
}

/** Some nodes in a row of the plan of a group. */
export interface PlanPart {
  /** The operators that they compute. Ascending. */
  readonly members: readonly OperatorId[];
  /** How many nodes; none where all of the operators have no elements. */
  readonly nodes: number;
}

/** A plan whose nodes compute these operators, unless it says more. */
export function planOf(members: readonly OperatorId[], plan: DevicePlan): DevicePlan {
  return plan.parts === undefined
    ? { ...plan, parts: [{ members, nodes: plan.nodes.length }] }
    : plan;
}

/** The nodes and parts of several plans one after the other; each keeps its own scratch memory. */
export function inARow(plans: readonly DevicePlan[]): DevicePlan {
  const nodes: DeviceNode[] = [];
  const scratchBytes: number[] = [];
  const parts = plans.flatMap((plan) => plan.parts ?? []);
  for (const plan of plans) {
    const first = scratchBytes.length;
    scratchBytes.push(...plan.scratchBytes);
    nodes.push(...plan.nodes.map((node) => withPlaces(node, (place) => shifted(place, first))));
  }
  return { nodes, scratchBytes, parts };
}

function shifted(place: Place, by: number): Place {
  return place.kind === "scratch" && by > 0 ? { ...place, index: place.index + by } : place;
}

/** A node with other places. */
function withPlaces(node: DeviceNode, moved: (place: Place) => Place): DeviceNode {
  const at = <T extends { readonly place: Place }>(part: T): T => ({
    ...part,
    place: moved(part.place),
  });
  switch (node.kind) {
    case "kernel":
      return { ...node, buffers: node.buffers.map(moved) };
    case "gemm": {
      const { epilogue } = node;
      const { bias, residual } = epilogue ?? {};
      return {
        ...node,
        a: at(node.a),
        b: at(node.b),
        c: at(node.c),
        ...(epilogue === undefined
          ? {}
          : {
              epilogue: {
                ...epilogue,
                ...(bias === undefined ? {} : { bias: moved(bias) }),
                ...(residual === undefined ? {} : { residual: moved(residual) }),
              },
            }),
      };
    }
    case "conv": {
      const { residual, behind } = node;
      const bias = node.bias === undefined ? undefined : moved(node.bias);
      const added = residual === undefined ? {} : { residual: moved(residual) };
      const further = behind === undefined ? {} : { behind: behindAt(behind, moved) };
      return { ...node, x: at(node.x), w: at(node.w), y: at(node.y), bias, ...added, ...further };
    }
  }
}

function behindAt(behind: CallBehind, moved: (place: Place) => Place): CallBehind {
  const { residual, y, buffers } = behind;
  return {
    ...behind,
    ...(residual === undefined ? {} : { residual: moved(residual) }),
    y: { ...y, place: moved(y.place) },
    buffers: buffers.map(moved),
  };
}

/** The kernel that a node is, or that it falls back on. */
export function kernelOf(node: DeviceNode): KernelCode | undefined {
  switch (node.kind) {
    case "kernel":
      return node.kernel;
    case "gemm":
      return undefined;
    case "conv":
      return node.behind?.kernel;
  }
}

/** The places that a node reads, then those that it writes. */
export function placesOf(node: DeviceNode): {
  readonly reads: readonly Place[];
  readonly writes: readonly Place[];
} {
  switch (node.kind) {
    case "kernel":
      return kernelPlaces(node);
    case "gemm": {
      const { bias, residual } = node.epilogue ?? {};
      const kept = node.beta === 0 ? undefined : node.c.place;
      return {
        reads: [node.a.place, node.b.place, bias, residual, kept].filter(isGiven),
        writes: [node.c.place],
      };
    }
    case "conv": {
      const { x, w, y, bias, residual, behind } = node;
      const own = [x.place, w.place, bias, residual].filter(isGiven);
      const further = behind === undefined ? { reads: [], writes: [] } : kernelPlaces(behind);
      return { reads: [...own, ...further.reads], writes: [y.place, ...further.writes] };
    }
  }
}

function kernelPlaces({ kernel, buffers }: Pick<CallBehind, "kernel" | "buffers">) {
  const access = (i: number) => kernel.buffers[i]?.access;
  return {
    reads: buffers.filter((_, i) => access(i) !== "write"),
    writes: buffers.filter((_, i) => access(i) !== "read"),
  };
}

function isGiven(place: Place | undefined): place is Place {
  return place !== undefined;
}
