import { invariant } from "../core/invariant.js";
import type { OperatorGraph } from "../ir/operator-graph.js";

/** A device that runs one stage. */
export interface PartitionDevice {
  readonly name: string;
  /** Times as fast as the device that the durations are of; > 0. */
  readonly speed: number;
  /** Memory for everything of its stage; `undefined` is unlimited. */
  readonly memoryBytes: number | undefined;
  /** Integer nanoseconds that its stage takes whatever is in it; default 0. */
  readonly fixedNs?: number;
}

/** The link between any two devices. */
export interface PartitionLink {
  /** Paid for each tensor and each stage that receives it. */
  readonly latencyNs: number;
  /** > 0; `Infinity` where bytes cost nothing. */
  readonly bytesPerSecond: number;
}

/** Device memory that operators need, in bytes by operator id. */
export interface OperatorMemory {
  /** Held always. */
  readonly parameterBytes: Float64Array;
  /** Held for each micro-batch in flight, from its forward to its backward pass; 0 in inference. */
  readonly keptBytes: Float64Array;
  /** Held while the operator runs. */
  readonly workspaceBytes: Float64Array;
  /** Data that several operators read and a stage holds once, not in the figures above; default none. */
  readonly shared?: readonly SharedMemory[];
}

/** Memory that every stage with one of its readers holds once. */
export interface SharedMemory {
  /** Operators: ascending, unique, at least one. */
  readonly readers: readonly number[];
  /** Held always. */
  readonly parameterBytes: number;
  /** Held for each micro-batch in flight. */
  readonly keptBytes: number;
}

/**
 * A model to be cut into as many stages as there are devices: stage `s` runs on `devices[s]`.
 *
 * The time of a stage is its operators' durations over its device's speed, what its device takes
 * for any stage, and receiving: every tensor that an earlier stage wrote and this one reads is received once, for `latencyNs` and its
 * bytes over the link, rounded up. The receiving stage pays; with `overlapped` it receives while it
 * computes, so that the longer of the two counts. Inputs of the model cost nothing to receive, and
 * what is sent is taken to leave at once.
 *
 * The memory of a stage is its parameters, for each micro-batch in flight what is kept and what is
 * received, and the largest workspace of its operators.
 *
 * The *period* is the time of the slowest stage: what a pipeline of many micro-batches takes per
 * micro-batch.
 */
export interface PartitionProblem {
  readonly graph: OperatorGraph;
  /** On a device of speed 1, integer nanoseconds, by operator id. */
  readonly durationNs: Float64Array;
  /** Bytes that cross when the tensor does, by tensor id. */
  readonly tensorBytes: Float64Array;
  readonly memory: OperatorMemory;
  readonly devices: readonly PartitionDevice[];
  /** Micro-batches in flight in each stage: one entry per device. */
  readonly inFlight: readonly number[];
  readonly link: PartitionLink;
  readonly transfers: "serial" | "overlapped";
  /** The seating of stages on devices where it is not one on one; used only to word failures. */
  readonly seating?: StageSeating;
}

/** Stages that share devices, or have several. */
export interface StageSeating {
  readonly devices: number;
  /** Stages of a device per devices of such a stage, where that is most. */
  readonly stagesPerDevice: number;
  /** Devices of the stage with most. */
  readonly devicesPerStage: number;
}

/** Options of a problem besides the graph and its durations. */
export interface PartitionProblemOptions {
  readonly devices: readonly PartitionDevice[];
  readonly link: PartitionLink;
  /** Default `serial`. */
  readonly transfers?: "serial" | "overlapped";
  /** Default 2 in every stage: one micro-batch is computed while the next one arrives. */
  readonly inFlight?: readonly number[];
  /** Default `inferenceMemory(graph)`. */
  readonly memory?: OperatorMemory;
}

/** The problem of a graph with these durations, tensors of the size they have in the graph. */
export function partitionProblemOf(
  graph: OperatorGraph,
  durationNs: Float64Array,
  options: PartitionProblemOptions,
): PartitionProblem {
  const { devices, link } = options;
  const inFlight = options.inFlight ?? devices.map(() => 2);
  invariant(durationNs.length === graph.operators.length, "a duration for each operator");
  invariant(inFlight.length === devices.length, "a number in flight for each device");
  return {
    graph,
    durationNs,
    tensorBytes: Float64Array.from(graph.tensors, ({ bytes }) => bytes),
    memory: options.memory ?? inferenceMemory(graph),
    devices,
    inFlight,
    link,
    transfers: options.transfers ?? "serial",
  };
}

/** `count` devices of speed 1 with the same memory. */
export function equalDevices(count: number, memoryBytes?: number): readonly PartitionDevice[] {
  return Array.from({ length: count }, (_, i) => ({ name: `d${i}`, speed: 1, memoryBytes }));
}

/**
 * Memory of an inference: nothing is kept, and the workspace of an operator is all tensors alive
 * while it runs when the operators run in the order of their ids: those written so far that
 * something still reads, and outputs of the model.
 *
 * An upper bound for every stage: it runs its operators in that order too, and of the tensors alive
 * it holds only its own.
 * Cost: O(operators + tensors + reads).
 */
export function inferenceMemory(graph: OperatorGraph): OperatorMemory {
  const count = graph.operators.length;
  const isOutput = new Set<number>(graph.outputs);
  const change = new Float64Array(count + 1);
  for (const { id, bytes, producer, consumers } of graph.tensors) {
    const first = producer ?? 0;
    const last = isOutput.has(id) ? count - 1 : (consumers.at(-1) ?? first);
    change[first] = change[first]! + bytes;
    change[last + 1] = change[last + 1]! - bytes;
  }
  let alive = 0;
  const workspaceBytes = new Float64Array(count);
  for (let operator = 0; operator < count; operator++) {
    alive += change[operator]!;
    workspaceBytes[operator] = alive;
  }
  return {
    parameterBytes: Float64Array.from(graph.operators, ({ work }) => work.parameterBytes),
    keptBytes: new Float64Array(count),
    workspaceBytes,
  };
}

/** Integer nanoseconds to receive one tensor. */
export function transferNs({ link }: Pick<PartitionProblem, "link">, bytes: number): number {
  return Math.ceil(link.latencyNs + (bytes / link.bytesPerSecond) * 1e9);
}
