/**
 * The memory and messages that the pipeline executor and its device threads share.
 *
 * Control words: the number of the run in progress, the state, then for each stage how many
 * micro-batches it has finished in this run, then for each stage and micro-batch the number of the
 * run in which it was last done. Tensors go from device to device by ports, their memory with them;
 * the words tell when to look.
 */
import type { MessagePort } from "node:worker_threads";
import type { SessionOptions } from "../onnx-runtime.js";
import type { TensorSpec } from "../tensor-data.js";
import { STATE_RUNNING } from "../thread-life.js";
import type { PlanBlock, PlanStage, PlanWindow } from "./pipeline-plan.js";

/** Number of the run in progress: raised by the caller to start one. */
export const RUN_NUMBER = 0;
/** One of the `STATE_` values. */
export const RUN_STATE = 1;
/** The word of stage s is `FIRST_STAGE + s`: micro-batches finished in this run. */
export const FIRST_STAGE = 2;

/** The word that holds the run in which a block was last done. */
export function blockWord(stages: number, microBatches: number, block: PlanBlock): number {
  return FIRST_STAGE + stages + block.stage * microBatches + block.microBatch;
}

/** The data that a device thread starts with. */
export interface DeviceSetup {
  readonly device: number;
  readonly tensors: readonly TensorSpec[];
  /** All stages, models left out. */
  readonly stages: readonly Omit<PlanStage, "model">[];
  /** Models of the stages of this device; others `undefined`. */
  readonly models: readonly (Uint8Array | undefined)[];
  readonly blocks: readonly PlanBlock[];
  readonly windows: readonly PlanWindow[];
  readonly microBatches: number;
  readonly outputs: readonly number[];
  readonly session: SessionOptions;
  /** For each input of the model that this device reads: bytes of each set of inputs, by tensor. */
  readonly feeds: ReadonlyMap<number, readonly ArrayBuffer[]>;
  readonly control: SharedArrayBuffer;
  /** Start and end of each block of this device, in nanoseconds of the monotonic clock (64-bit). */
  readonly timeline: SharedArrayBuffer;
  /** To each other device; the device's own place is `undefined`. */
  readonly ports: readonly (MessagePort | undefined)[];
}

/** A tensor of one micro-batch whose memory changes its owner. */
export interface SentTensor {
  readonly tensor: number;
  readonly microBatch: number;
  readonly buffer: ArrayBuffer;
  /** Those of the run. */
  readonly dims: readonly number[];
}

/** A message of a device thread to the executor. */
export type DeviceReport =
  | { readonly kind: "ready" }
  | { readonly kind: "runtime-missing"; readonly message: string }
  | {
      readonly kind: "failed";
      readonly stage: number;
      /** `undefined`: before the first micro-batch. */
      readonly microBatch: number | undefined;
      readonly message: string;
    }
  | {
      readonly kind: "wrong-shape";
      readonly stage: number;
      readonly microBatch: number;
      readonly tensor: number;
      /** Dims of the tensor in the run. */
      readonly found: readonly number[];
    }
  /** Outputs of the model. */
  | { readonly kind: "results"; readonly results: readonly SentTensor[] }
  | { readonly kind: "finished"; readonly run: number };

/**
 * Looks at a word this often before sleeping: about 20 us, what waking a sleeping thread costs, so
 * that waiting never costs more than twice the better choice.
 */
const SPINS = 2000;

/** A sleeping thread looks at the state this often, in case the wake-up that it needs never comes. */
const LOOK_UP_MS = 100;

/**
 * Waits until `isEnough` of a word's value. Gives false when the executor was closed meanwhile.
 *
 * Cost: spins for about 20 us, then sleeps.
 */
export function awaitValue(
  control: Int32Array,
  word: number,
  isEnough: (value: number) => boolean,
): boolean {
  for (let i = 0; i < SPINS; i++) {
    if (isEnough(Atomics.load(control, word))) {
      return true;
    }
  }
  for (;;) {
    const seen = Atomics.load(control, word);
    if (isEnough(seen)) {
      return true;
    }
    if (Atomics.load(control, RUN_STATE) !== STATE_RUNNING) {
      return false;
    }
    Atomics.wait(control, word, seen, LOOK_UP_MS);
  }
}
