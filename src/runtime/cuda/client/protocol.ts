/**
 * What the CLI and the native helper say to each other: every request, every answer.
 *
 * One JSON object a line, requests in, responses out, in order, one at a time. The helper is a thin
 * executor: it knows one block of device memory (the *arena*), a list of *nodes* that work on it,
 * and *schedules* that say which node runs on which stream after which others. Everything about
 * ONNX stays on this side. The wire is documented for other users in docs/native-protocol.md.
 *
 * Units: offsets and sizes are bytes, offsets count from the start of the arena; times are
 * microseconds (`Us`), as CUDA's events give them.
 */

import type { HelperError } from "./helper-error.js";

/** The version of the protocol that this client speaks; a helper that says another one is refused. */
export const PROTOCOL_VERSION = 1;

/** How many streams a schedule may use: stream numbers are below it. */
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
  /** What `compile` gave. */
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
 * `C = alpha * op(A) * op(B) + beta * C`, `batch` times (cublasGemmStridedBatchedEx).
 *
 * Column-major: for a row-major product `Y[M,N] = A[M,K] * B[K,N]` give `m = N`, `n = M`, `k = K`,
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
  readonly dtype: NodeDataType;
  readonly math: NodeMath;
}

/** A dense tensor of a `conv` node, last dim fastest. */
export interface ConvTensor {
  readonly offset: number;
  /** N, C, then 2 or 3 spatial dims (weights: outputs, inputs / groups, then the window). */
  readonly dims: readonly number[];
}

/** A convolution in the sense of ONNX (cross-correlation), by cuDNN. */
export interface ConvNode {
  readonly kind: "conv";
  readonly x: ConvTensor;
  readonly w: ConvTensor;
  readonly y: ConvTensor;
  /** Where the bias starts (one element per output channel); none unless given. */
  readonly bias?: number;
  /** `max(0, y)` within the same call; needs a bias. */
  readonly relu?: boolean;
  /** Per spatial dim, the same before and after: cuDNN knows no other; else pad first. */
  readonly pads: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** 1 unless given. */
  readonly groups?: number;
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
export interface Launch {
  /** Position in the nodes of the last `program`. */
  readonly node: number;
  /** 0 unless given; a stream runs its launches in order. */
  readonly stream?: number;
  /** Nodes, launched earlier in this schedule, that must have ended before this one starts. */
  readonly after?: readonly number[];
}

/** Which node runs on which stream after which others; every node at most once. */
export interface HelperSchedule {
  /** In launch order. */
  readonly launches: readonly Launch[];
}

/** Replay a captured CUDA graph (the default), or launch everything anew each time. */
export type ExecutionMode = "graph" | "eager";

/** A schedule and how it is executed. */
export interface ExecutableSchedule extends HelperSchedule {
  readonly mode?: ExecutionMode;
}

/** What the host does for a schedule, in order: what capture sees. */
export type PlanAction =
  | { readonly do: "launch"; readonly stream: number; readonly node: number }
  | { readonly do: "record"; readonly stream: number; readonly event: number }
  | { readonly do: "wait"; readonly stream: number; readonly event: number };

/** One place where a library was looked for, and why it was not taken. */
export interface TriedPath {
  readonly name: string;
  readonly error: string;
}

/** Whether a library was found. */
export type LibraryReport =
  | {
      readonly found: true;
      readonly path: string;
      /** As the library itself says, `13.0` or `9.12.0`; absent if it does not say. */
      readonly version?: string;
      /** Functions that the helper uses and the library lacks; empty when it can be used. */
      readonly missing: readonly string[];
    }
  | { readonly found: false; readonly tried: readonly TriedPath[] };

/** A device's figures, as the driver gives them. */
export interface CudaDevice {
  readonly index: number;
  readonly name: string;
  /** Compute capability, `[9, 0]`. */
  readonly capability: readonly [number, number];
  readonly multiprocessors: number;
  readonly threadsPerMultiprocessor: number;
  readonly blocksPerMultiprocessor: number;
  readonly registersPerMultiprocessor: number;
  readonly sharedBytesPerMultiprocessor: number;
  /** Most that a kernel can ask for a thread block. */
  readonly sharedBytesPerBlock: number;
  /** What the system itself keeps of the shared memory for every thread block. */
  readonly sharedBytesReservedPerBlock: number;
  readonly threadsPerBlock: number;
  readonly warpSize: number;
  readonly l2Bytes: number;
  readonly memoryBytes: number;
  /** Highest clock of the multiprocessors, kHz. */
  readonly clockKhz: number;
  readonly memoryClockKhz: number;
  readonly memoryBusBits: number;
}

/** The libraries besides the driver. */
export type MathLibrary = "nvrtc" | "cublasLt" | "cublas" | "cudnn";

/** What the helper found on this machine. */
export interface ProbeResult {
  readonly driver: LibraryReport;
  /** The CUDA version that the driver supports, `13.0`. */
  readonly driverVersion?: string;
  readonly libraries: Readonly<Record<MathLibrary, LibraryReport>>;
  readonly devices: readonly CudaDevice[];
  /** Why no device can be used; absent when one can. */
  readonly problem?: HelperError;
  /** What may lead to trouble: libraries of different major versions. */
  readonly warnings: readonly string[];
}

/** Bytes to put into the arena: of a file, or given here. */
export type UploadItem =
  | {
      readonly path: string;
      readonly fileOffset: number;
      readonly bytes: number;
      readonly offset: number;
    }
  | { readonly base64: string; readonly offset: number };

/** What `compile` takes: source for NVRTC, or the file of a PTX or cubin image. */
export type CompileRequest =
  | {
      readonly source: string;
      /** Options of NVRTC; the architecture is added. */
      readonly options?: readonly string[];
      /**
       * Only compile, for this architecture (`sm_90`), and load nothing: needs no device. Without it
       * the image is made for the open device and loaded.
       */
      readonly arch?: string;
    }
  | { readonly image: string };

/** What `compile` gives. */
export interface CompileResult {
  /** Number for `KernelNode.module`; absent when nothing was loaded. */
  readonly module?: number;
  /** What NVRTC said, warnings too. */
  readonly log: string;
  /** Size of the image. */
  readonly bytes: number;
}

/** What the helper settled for a node. */
export interface ProgrammedNode {
  /** Bytes of workspace per stream that it needs. */
  readonly workspaceBytes: number;
  /** cuDNN's name for the algorithm of a `conv`. */
  readonly algorithm?: string;
}

/** A kernel as the driver will launch it. */
export interface KernelFacts {
  readonly name: string;
  readonly grid: Extents;
  readonly block: Extents;
  /** Per thread. */
  readonly registers: number;
  readonly staticSharedBytes: number;
  readonly dynamicSharedBytes: number;
  /** Spilled, per thread. */
  readonly localBytes: number;
  /** Thread blocks that fit a multiprocessor at once; absent when the driver refuses to say. */
  readonly residentBlocks?: number;
}

/** What a node becomes in a captured graph. */
export interface NodeKernels {
  /** In launch order. */
  readonly kernels: readonly KernelFacts[];
  /** Other graph nodes: copies and sets of memory. */
  readonly transfers: number;
}

/** What `measure` takes. */
export interface MeasureRequest {
  readonly schedules: readonly ExecutableSchedule[];
  /** Samples per schedule; every round takes one of each, starting with another one each time. */
  readonly rounds: number;
  /** Executions within a sample; 1 unless given. */
  readonly replays?: number;
  /** Copies of the schedule within a graph, one after the other; 1 unless given. */
  readonly repeat?: number;
  /** Executes all schedules in turn for this long before the first round; 200 unless given. */
  readonly warmupMs?: number;
  /** Overwrite the L2 cache before each sample; false unless given. */
  readonly flushL2?: boolean;
  /** A node launched before the clock starts, which keeps the device busy while the host launches. */
  readonly prelude?: number;
}

/** What every request takes and gives. */
export interface HelperOps {
  readonly hello: {
    readonly request: Record<never, never>;
    readonly result: { readonly protocol: number; readonly helper: string };
  };
  readonly probe: { readonly request: Record<never, never>; readonly result: ProbeResult };
  /** Needs no device. */
  readonly plan: {
    readonly request: { readonly nodes: number; readonly schedule: HelperSchedule };
    readonly result: {
      readonly streams: number;
      readonly events: number;
      readonly actions: readonly PlanAction[];
    };
  };
  /** Starts with a device; closes what was open. */
  readonly open: {
    readonly request: { readonly device: number };
    readonly result: { readonly device: CudaDevice };
  };
  /** Makes the device memory, every byte 0xFF (NaN in every float type); drops the nodes. */
  readonly arena: {
    readonly request: { readonly bytes: number; readonly hostBytes?: number };
    readonly result: { readonly bytes: number; readonly freeBytes: number };
  };
  readonly upload: {
    readonly request: { readonly items: readonly UploadItem[] };
    readonly result: { readonly bytes: number };
  };
  /** Fills with f32 numbers in [-1, 1) of a seeded generator. */
  readonly fill: {
    readonly request: { readonly offset: number; readonly count: number; readonly seed: number };
    readonly result: Record<never, never>;
  };
  /** Writes to a file, or answers with the bytes when no path is given (at most 1 MiB then). */
  readonly download: {
    readonly request: { readonly offset: number; readonly bytes: number; readonly path?: string };
    readonly result: { readonly base64?: string };
  };
  readonly compile: { readonly request: CompileRequest; readonly result: CompileResult };
  /** Takes the place of the nodes before. */
  readonly program: {
    readonly request: { readonly nodes: readonly HelperNode[] };
    readonly result: { readonly nodes: readonly ProgrammedNode[] };
  };
  /** Per node of the program. */
  readonly kernels: {
    readonly request: Record<never, never>;
    readonly result: { readonly nodes: readonly NodeKernels[] };
  };
  /** Executes once (or `replays` times, one after the other). */
  readonly run: {
    readonly request: { readonly schedule: ExecutableSchedule; readonly replays?: number };
    readonly result: { readonly us: number };
  };
  readonly measure: {
    readonly request: MeasureRequest;
    /** Microseconds of one execution: per schedule, in the order given, per round. */
    readonly result: { readonly samplesUs: readonly (readonly number[])[] };
  };
  readonly quit: { readonly request: Record<never, never>; readonly result: Record<never, never> };
}

/** The name of a request. */
export type HelperOp = keyof HelperOps;

/** What a request takes besides its name. */
export type RequestOf<O extends HelperOp> = HelperOps[O]["request"];

/** What a request gives. */
export type ResultOf<O extends HelperOp> = HelperOps[O]["result"];
