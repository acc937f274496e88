/** What a server needs: the models as ONNX files, and who runs them. */
import type { LauncherPolicy } from "../../schedule/serving/serving-model.js";
import type { TensorSpec } from "../tensor-data.js";
import type { BoardMemory } from "./serving-board.js";

/** A model for one batch size. */
export interface ServedBatch {
  readonly batch: number;
  /** The ONNX file. */
  readonly model: Uint8Array;
  readonly inputs: readonly TensorSpec[];
  /** Outputs that are answers. */
  readonly outputs: readonly TensorSpec[];
}

/** A model and the worker threads that serve it; each has sessions of its own. */
export interface ServedModel {
  readonly name: string;
  /** Inputs and answers of one request. */
  readonly one: Pick<ServedBatch, "inputs" | "outputs">;
  /** By batch: ascending. */
  readonly batches: readonly ServedBatch[];
  /** Threads inside an operator. */
  readonly threads: number;
  readonly workers: number;
  /** Sets of inputs for one request; request r brings set r modulo their number. At least one. */
  readonly feeds: readonly ReadonlyMap<string, Uint8Array>[];
}

/** The data that a worker starts with. */
export interface ServingSetup extends Omit<ServedModel, "workers"> {
  /** Position of the model. */
  readonly model: number;
  /** The moment that times are counted from, of the monotonic clock. */
  readonly origin: bigint;
}

/** Requests to serve. */
export interface ServingOrder {
  readonly kind: "serve";
  readonly memory: BoardMemory;
  readonly policy: LauncherPolicy;
  /** Moment 0 of the arrivals, in nanoseconds since the origin. */
  readonly startNs: number;
  /** Requests whose answers are kept: every so many. */
  readonly keepEvery: number;
  /** Whether this worker takes part. */
  readonly takesPart: boolean;
}

/** A message to a worker. */
export type ServingMessage = ServingOrder | { readonly kind: "close" };

/** The answer to one request. */
export interface KeptAnswer {
  readonly model: number;
  readonly request: number;
  /** Bytes by name of the output. */
  readonly outputs: ReadonlyMap<string, Uint8Array>;
}

/** A message of a worker. */
export type ServingReport =
  | { readonly kind: "ready" }
  | { readonly kind: "served"; readonly answers: readonly KeptAnswer[] }
  | { readonly kind: "runtime-missing"; readonly message: string }
  | { readonly kind: "failed"; readonly message: string };
