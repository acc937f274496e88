/**
 * The protocol between the CLI and the native helper: every request, every answer.
 *
 * One JSON object a line, requests in, responses out, in order, one at a time. The helper is a thin
 * executor: it knows one block of device memory (the *arena*), a list of *nodes* that work on it,
 * and *schedules*: the stream of each node and the nodes that it waits for. Everything about ONNX
 * stays on this side. The wire is documented for other users in docs/native-protocol.md.
 *
 * Units: offsets and sizes are bytes, offsets count from the start of the arena; times are
 * microseconds (`Us`), as CUDA's events report them.
 */
import type { CudaDevice, ProbeResult } from "./devices.js";
import type {
  ExecutableSchedule,
  Extents,
  HelperNode,
  HelperSchedule,
  PlanAction,
} from "./nodes.js";

/** The version of the protocol that this client speaks; a helper with another one is refused. */
export const PROTOCOL_VERSION = 1;

/** Bytes to put into the arena: of a file, or given here. */
export type UploadItem =
  | {
      readonly path: string;
      readonly fileOffset: number;
      readonly bytes: number;
      readonly offset: number;
    }
  | { readonly base64: string; readonly offset: number };

/** A request of `compile`: source for NVRTC, or the file of a PTX or cubin image. */
export type ModuleRequest =
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

/** The result of `compile`. */
export interface CompileResult {
  /** Number for `KernelNode.module`; absent when nothing was loaded. */
  readonly module?: number;
  /** The log of NVRTC, warnings included. */
  readonly log: string;
  /** Size of the image. */
  readonly bytes: number;
}

/** The helper's choices for a node. */
export interface ProgrammedNode {
  /** Bytes of workspace per stream that it needs. */
  readonly workspaceBytes: number;
  /** cuDNN's name for the algorithm of a `conv`. */
  readonly algorithm?: string;
  /** A kernel of the helper's own adds the bias of a `conv`, because cuDNN refuses to; absent: it does. */
  readonly addsBias?: boolean;
  /**
   * What kernels of the helper's own copy for a `conv`, because cuDNN refuses it as it is: the result to the channels of the
   * larger tensor, or all of its tensors to rows and back.
   */
  readonly copies?: "result" | "all";
  /** What computes that which stands behind a `conv`: one graph of cuDNN with it, or a kernel. */
  readonly behind?: "graph" | "kernel";
}

/** What the plans of cuDNN's graphs took since the device was opened. */
export interface GraphPlans {
  /** Graphs that differ; equal ones share a plan. */
  readonly different: number;
  /** Time of the host. Units: milliseconds. */
  readonly planMs: number;
}

/** A kernel as the driver will launch it. */
export interface KernelFacts {
  /** Empty where the driver does not report it, as before CUDA 12.3. */
  readonly name: string;
  readonly grid: Extents;
  readonly block: Extents;
  /** Per thread. */
  readonly registers: number;
  readonly staticSharedBytes: number;
  readonly dynamicSharedBytes: number;
  /** Spilled, per thread. */
  readonly localBytes: number;
  /** Thread blocks that fit a multiprocessor at once; absent when the driver does not report them. */
  readonly residentBlocks?: number;
}

/** The kernels of a node in a captured graph. */
export interface NodeKernels {
  /** In launch order, where the driver tells it. */
  readonly kernels: readonly KernelFacts[];
  /** Other graph nodes: copies and sets of memory. */
  readonly transfers: number;
  /**
   * By kernel and round: microseconds of a copy of the node with the kernels behind this one switched off. Only of
   * nodes that were to be timed, with several kernels whose order is known.
   */
  readonly prefixUs?: readonly (readonly number[])[];
}

/** A request of `kernels`: what is to be timed kernel by kernel, how many copies in a graph, how often. */
export interface KernelsRequest {
  /** Nodes; none unless given. */
  readonly timed?: readonly number[];
  /** 1 unless given. */
  readonly repeat?: number;
  /** 1 unless given. */
  readonly rounds?: number;
}

/** A request of `measure`. */
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
  /** A prelude for each schedule, in their order, instead of one for all. */
  readonly preludes?: readonly number[];
}

/** Samples of schedules, in the order given, by round. */
export interface MeasureResult {
  /** Microseconds of one execution on the device. */
  readonly samplesUs: readonly (readonly number[])[];
  /** Microseconds that the host took to launch the executions of a sample. */
  readonly hostUs: readonly (readonly number[])[];
}

/** Request and result of every operation. */
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
    readonly result: {
      readonly device: CudaDevice;
      /** Hardware queues that the driver was asked for (`CUDA_DEVICE_MAX_CONNECTIONS`). */
      readonly connections: number;
    };
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
  readonly compile: { readonly request: ModuleRequest; readonly result: CompileResult };
  /** Takes the place of the nodes before. */
  readonly program: {
    readonly request: { readonly nodes: readonly HelperNode[] };
    readonly result: {
      readonly nodes: readonly ProgrammedNode[];
      /** Absent where no node has a graph. */
      readonly graphs?: GraphPlans;
    };
  };
  /** Per node of the program. */
  readonly kernels: {
    readonly request: KernelsRequest;
    readonly result: { readonly nodes: readonly NodeKernels[] };
  };
  /** Executes once (or `replays` times, one after the other). */
  readonly run: {
    readonly request: {
      readonly schedule: ExecutableSchedule;
      readonly replays?: number;
      /**
       * A node launched immediately before the executions, after the one that prepares them: what it wipes
       * out, they have to write themselves.
       */
      readonly prelude?: number;
    };
    readonly result: { readonly us: number };
  };
  readonly measure: {
    readonly request: MeasureRequest;
    readonly result: MeasureResult;
  };
  readonly quit: { readonly request: Record<never, never>; readonly result: Record<never, never> };
}

/** The name of a request. */
export type HelperOp = keyof HelperOps;

/** The fields of a request besides its name. */
export type RequestOf<O extends HelperOp> = HelperOps[O]["request"];

/** The result of a request. */
export type ResultOf<O extends HelperOp> = HelperOps[O]["result"];
