import { invariant } from "../core/invariant.js";
import type { TensorSpec } from "./tensor-data.js";

/** A run of operators of one stream, executed as one sub-model. */
export interface PlanSegment {
  /** Names of its operators, for messages and timelines. */
  readonly operators: readonly string[];
  /** The sub-model as an ONNX file; its inputs and outputs carry the names of the plan's tensors. */
  readonly model: Uint8Array;
  /** Positions in `WorkerPlan.tensors`. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

/** The work of each worker thread in one inference, and the tensors that cross between them. */
export interface WorkerPlan {
  readonly tensors: readonly TensorSpec[];
  /** Tensors that the caller passes in and receives: positions in `tensors`. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** The segments of each worker, in the order of execution. */
  readonly workers: readonly (readonly PlanSegment[])[];
}

/** The route of one tensor of a plan. */
export interface TensorRoute {
  /** Worker that writes it; `undefined`: the caller. */
  readonly producer: number | undefined;
  /** Workers that read it, ascending. */
  readonly consumers: readonly number[];
  /**
   * `local`: stays in the memory of one worker.
   * `copy`: through shared memory, written once, read by every worker that needs it.
   * `move`: the buffer itself changes its owner.
   * `send`: its sizes differ from run to run; every other reader gets a buffer with its dims.
   */
  readonly handover: "local" | "copy" | "move" | "send";
  /** Whether the caller receives it. */
  readonly isResult: boolean;
}

/**
 * From this size on a buffer is moved instead of copied. Measured one way between two threads that
 * are awake: a move takes 2.3 us at 1 KiB, 2.7 at 16 KiB, 4 at 100 KiB, 18 at 1 MiB and 50 at 4 MiB
 * (the reader's cache misses), a copy in and out of shared memory 0.4, 3.0, 16, 73 and 400 us.
 */
const MOVE_FROM_BYTES: number = 16 * 1024;

/**
 * The route of every tensor of a plan. Only a tensor with one reader can be moved, and only if
 * neither the caller nor its producer reads it afterwards.
 *
 * Throws `InternalError` for a plan that is not sound: an input without a producer, a tensor with
 * two producers, or segments that wait for each other.
 */
export function routesOf(
  plan: WorkerPlan,
  bytesOf: (tensor: TensorSpec) => number,
): readonly TensorRoute[] {
  checkPlan(plan);
  const producer = new Map<number, number>();
  const consumers = plan.tensors.map(() => new Set<number>());
  for (const [worker, segments] of plan.workers.entries()) {
    for (const segment of segments) {
      for (const tensor of segment.outputs) {
        producer.set(tensor, worker);
      }
      for (const tensor of segment.inputs) {
        consumers[tensor]?.add(worker);
      }
    }
  }
  const visible = new Set([...plan.inputs, ...plan.outputs]);
  const results = new Set(plan.outputs);
  return plan.tensors.map((spec, tensor): TensorRoute => {
    const from = producer.get(tensor);
    const to = [...(consumers[tensor] ?? [])].sort((a, b) => a - b);
    const isLocal = !visible.has(tensor) && to.every((worker) => worker === from);
    const isMovable =
      !visible.has(tensor) && to.length === 1 && to[0] !== from && bytesOf(spec) >= MOVE_FROM_BYTES;
    const shared = isMovable ? "move" : "copy";
    return {
      producer: from,
      consumers: to,
      handover: isLocal ? "local" : spec.isOpen === true ? "send" : shared,
      isResult: results.has(tensor),
    };
  });
}

/** Walks the plan as the workers would, each as far as it gets; everything must get done. */
function checkPlan(plan: WorkerPlan): void {
  const done = new Set(plan.inputs);
  const next = plan.workers.map(() => 0);
  let left = plan.workers.reduce((sum, segments) => sum + segments.length, 0);
  for (let advanced = true; advanced; ) {
    advanced = false;
    for (const [worker, segments] of plan.workers.entries()) {
      for (;;) {
        const segment = segments[next[worker] ?? 0];
        if (segment === undefined || !segment.inputs.every((tensor) => done.has(tensor))) {
          break;
        }
        for (const tensor of segment.outputs) {
          invariant(!done.has(tensor), `tensor ${tensor} of a plan is produced twice`);
          done.add(tensor);
        }
        next[worker] = (next[worker] ?? 0) + 1;
        left--;
        advanced = true;
      }
    }
  }
  invariant(left === 0, "segments of a plan wait for each other or for a missing tensor");
  invariant(
    plan.outputs.every((tensor) => done.has(tensor)),
    "an output of a plan is not produced",
  );
}
