/** Nodes that the helper runs, and the schedules that order them: see protocol.ts. */

/** Most streams of a schedule: stream numbers are below it. */
export const STREAM_LIMIT = 128;

/** Element type of what `gemm` and `conv` nodes read and write; sums are always kept in f32. */
export type NodeDataType = "f32" | "f16" | "bf16";

/**
 * How f32 products are made: `ieee` in full precision, `tf32` on tensor cores with 10-bit mantissas.
 * For f16 and bf16 both mean tensor cores.
 */
export type NodeMath = "ieee" | "tf32";

/** A number that JSON can carry: what is not finite goes by its JavaScript name. */
export type WireFloat = number | "Infinity" | "-Infinity" | "NaN";

/** One argument of a kernel, in the order of its parameters. */
export type KernelArgument =
  | { /** A pointer into the arena. */ readonly ptr: number }
  | { readonly i32: number }
  | { /** A 64-bit integer; whole numbers up to 2^53. */ readonly i64: number }
  | { readonly f32: WireFloat }
  | { readonly f64: WireFloat };

/** Three extents, x first, as CUDA has them. */
export type Extents = readonly [number, number, number];

/** Launches a kernel of a compiled module. */
export interface KernelNode {
  readonly kind: "kernel";
  /** The number that `compile` returned. */
  readonly module: number;
  /** The kernel's name in its source; declare it `extern "C"`. */
  readonly function: string;
  /** Thread blocks. */
  readonly grid: Extents;
  /** Threads of a thread block. */
  readonly block: Extents;
  /** Dynamic shared memory, bytes. */
  readonly shared?: number;
  readonly args: readonly KernelArgument[];
}

/** One matrix (or a stack of them) of a `gemm` node, column by column as cuBLAS has it. */
export interface GemmMatrix {
  readonly offset: number;
  /** Elements from one column to the next. */
  readonly leading: number;
  /** Elements from one matrix of the stack to the next; 0 (the default) repeats the same matrix. */
  readonly stride?: number;
}

/**
 * `C = activation(alpha * op(A) * op(B) + residual + bias)`, by one call of cuBLASLt; where it refuses, by cuBLAS and a kernel
 * of our own.
 */
export interface GemmEpilogue {
  /** Start of `m` elements, one for each row of C. */
  readonly bias?: number;
  /** Start of a matrix that is stored as C is. */
  readonly residual?: number;
  /** `gelu` is x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))). */
  readonly activation?: "relu" | "gelu";
}

/**
 * `C = alpha * op(A) * op(B) + beta * C`, `batch` times (cublasGemmStridedBatchedEx).
 *
 * Column-major: for a row-major product `Y[M,N] = A[M,K] * B[K,N]` use `m = N`, `n = M`, `k = K`,
 * `a` = B with leading N, `b` = A with leading K, `c` = Y with leading N.
 */
export interface GemmNode {
  readonly kind: "gemm";
  /** Rows of C. */
  readonly m: number;
  /** Columns of C. */
  readonly n: number;
  /** Length of the sums. */
  readonly k: number;
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  readonly a: GemmMatrix;
  readonly b: GemmMatrix;
  readonly c: GemmMatrix;
  /** 1 unless given. */
  readonly batch?: number;
  /** 1 unless given. */
  readonly alpha?: number;
  /** 0 unless given. */
  readonly beta?: number;
  /** Only with one matrix and without `beta`. */
  readonly epilogue?: GemmEpilogue;
  readonly dtype: NodeDataType;
  readonly math: NodeMath;
}

/** A dense tensor of a `conv` node, last dim fastest, or the channels where the node has them last. */
export interface ConvTensor {
  readonly offset: number;
  /** N, C, then 2 or 3 spatial dims (weights: outputs, inputs / groups, then the window). */
  readonly dims: readonly number[];
}

/** What a `conv` node writes. */
export interface ConvResult extends ConvTensor {
  /** Channels of the tensor that it is part of, where channels are last; absent: its own. */
  readonly channels?: number;
}

/** A function of one number that stands behind a convolution; `numbers` as in the protocol's table of functions. */
export interface NodeFunction {
  readonly name: string;
  readonly numbers: readonly WireFloat[];
}

/**
 * What stands behind a `conv`: `function(result of the conv) + residual`, in one graph of cuDNN with it. Where cuDNN takes no such
 * graph, the convolution writes its own `y`, and `kernel` makes this one of it.
 */
export interface ConvBehind {
  /** Absent: none, and there is a residual. */
  readonly function?: NodeFunction;
  /** Start of a tensor of y's dims. */
  readonly residual?: number;
  /** Of the dims of the convolution's. */
  readonly y: ConvResult;
  readonly kernel: KernelNode;
}

/** A convolution in the sense of ONNX (cross-correlation), by cuDNN. */
export interface ConvNode {
  readonly kind: "conv";
  readonly x: ConvTensor;
  readonly w: ConvTensor;
  readonly y: ConvResult;
  /** Start of the bias (one element per output channel); absent: no bias. */
  readonly bias?: number;
  /** Start of a tensor of y's dims that is added within the same call; needs a bias. */
  readonly residual?: number;
  /** `max(0, y)` within the same call, after the additions; needs a bias. */
  readonly relu?: boolean;
  readonly behind?: ConvBehind;
  /** Per spatial dim, the same before and after: cuDNN knows no other; else pad first. */
  readonly pads: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** 1 unless given. */
  readonly groups?: number;
  /**
   * x, w, y and the residual are stored with their channels (of w: inputs) last; their dims stay in the same order. Only
   * with 2 spatial dims.
   */
  readonly channelsLast?: boolean;
  readonly dtype: NodeDataType;
  readonly math: NodeMath;
  /** Ask cuDNN's table for the algorithm (the default), or time all on the device. */
  readonly search?: "heuristic" | "measure";
  /** Bytes of workspace that an algorithm may take; 256 MiB unless given. */
  readonly workspaceLimit?: number;
}

/** Copies bytes; `src` and `dst` are offsets into the arena, or into the pinned host memory. */
export interface CopyNode {
  readonly kind: "copy";
  readonly src: number;
  readonly dst: number;
  readonly bytes: number;
  /** Within the device (the default), from the host memory of `arena`, or to it. */
  readonly direction?: "device" | "from-host" | "to-host";
}

/** Sets bytes. */
export interface MemsetNode {
  readonly kind: "memset";
  readonly offset: number;
  readonly bytes: number;
  /** 0 to 255. */
  readonly value: number;
}

/** One piece of work that a schedule can launch. */
export type HelperNode = KernelNode | GemmNode | ConvNode | CopyNode | MemsetNode;

/** A node in a schedule. */
export interface NodeLaunch {
  /** Position in the nodes of the last `program`. */
  readonly node: number;
  /** 0 unless given; a stream runs its launches in order. */
  readonly stream?: number;
  /** Nodes, launched earlier in this schedule, that must have ended before this one starts. */
  readonly after?: readonly number[];
}

/** The stream of each node and the nodes that it waits for; every node at most once. */
export interface HelperSchedule {
  /** In launch order. */
  readonly launches: readonly NodeLaunch[];
}

/** Replay a captured CUDA graph (the default), or launch every node again each time. */
export type ExecutionMode = "graph" | "eager";

/** A schedule and how it is executed. */
export interface ExecutableSchedule extends HelperSchedule {
  readonly mode?: ExecutionMode;
}

/** The host's actions for a schedule, in order, as capture sees them. */
export type PlanAction =
  | { readonly do: "launch"; readonly stream: number; readonly node: number }
  | { readonly do: "record"; readonly stream: number; readonly event: number }
  | { readonly do: "wait"; readonly stream: number; readonly event: number };
