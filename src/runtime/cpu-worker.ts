/**
 * The program of a worker thread: owns the sessions of one stream and executes them, one inference
 * after the other, until the executor is closed.
 *
 * A tensor has up to three homes. Its *private* buffer is what ONNX Runtime reads and writes (it
 * refuses shared memory), its *shared* buffer carries a copy to others, and a *moved* buffer changes
 * hands without a copy. Output tensors are given to ONNX Runtime ready-made, so that a run allocates
 * nothing.
 */
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { invariant, present } from "../core/invariant.js";
import {
  createSession,
  loadOnnxRuntime,
  type OnnxRuntime,
  type RuntimeSession,
  type RuntimeTensor,
} from "./onnx-runtime.js";
import { elementsOver, tensorBytes } from "./tensor-data.js";
import type { PlanSegment } from "./worker-plan.js";
import {
  awaitGeneration,
  awaitWord,
  FINISHED,
  FIRST_TENSOR,
  type MovedBuffer,
  publishWord,
  STATE,
  STATE_FAILED,
  type WorkerReport,
  type WorkerSetup,
} from "./worker-protocol.js";

/** A worker with its sessions made. */
interface Running {
  readonly setup: WorkerSetup;
  readonly runtime: OnnxRuntime;
  readonly sessions: readonly RuntimeSession[];
  readonly control: Int32Array;
  readonly timeline: BigInt64Array;
  /** Tensor objects over private or moved buffers, by tensor. */
  readonly held: (RuntimeTensor | undefined)[];
  /** Moved buffers that came back to their producer, by tensor. */
  readonly spare: ArrayBuffer[][];
  /** Moved buffers that arrived, by tensor. */
  readonly arrived: (ArrayBuffer | undefined)[];
  /** The generation in which the private copy of a tensor was taken, by tensor. */
  readonly copied: Int32Array;
}

await main(workerData as WorkerSetup);

async function main(setup: WorkerSetup): Promise<void> {
  const runtime = await loadOnnxRuntime();
  if (!runtime.ok) {
    report({ kind: "runtime-missing", message: String(runtime.error[0].cause) });
    return;
  }
  const sessions: RuntimeSession[] = [];
  for (let segment = 0; segment < setup.segments.length; segment++) {
    const model = present(setup.models[0], "sub-model");
    setup.models.shift();
    const session = await createSession(runtime.value, model, {}, "");
    if (!session.ok) {
      report({ kind: "failed", phase: "load", segment, message: session.error[0].message });
      return;
    }
    sessions.push(session.value);
  }
  const count = setup.tensors.length;
  const worker: Running = {
    setup,
    runtime: runtime.value,
    sessions,
    control: new Int32Array(setup.control),
    timeline: new BigInt64Array(setup.timeline),
    held: new Array<RuntimeTensor | undefined>(count).fill(undefined),
    spare: Array.from({ length: count }, () => []),
    arrived: new Array<ArrayBuffer | undefined>(count).fill(undefined),
    copied: new Int32Array(count),
  };
  report({ kind: "ready" });
  await serve(worker);
  for (const session of sessions) {
    await session.release();
  }
  for (const port of setup.ports) {
    port?.close();
  }
}

function report(message: WorkerReport): void {
  parentPort?.postMessage(message);
}

async function serve(worker: Running): Promise<void> {
  let generation: number | undefined = 0;
  for (;;) {
    generation = awaitGeneration(worker.control, generation);
    if (generation === undefined || !(await runSegments(worker, generation))) {
      return;
    }
    giveBack(worker);
    if (Atomics.add(worker.control, FINISHED, 1) + 1 === worker.setup.workerCount) {
      Atomics.notify(worker.control, FINISHED);
    }
  }
}

/** One inference. Gives false when it was given up. */
async function runSegments(worker: Running, generation: number): Promise<boolean> {
  for (const [position, segment] of worker.setup.segments.entries()) {
    for (const tensor of segment.inputs) {
      if (!awaitInput(worker, tensor, generation)) {
        return false;
      }
    }
    const slot = 2 * (worker.setup.firstSegment + position);
    worker.timeline[slot] = process.hrtime.bigint();
    try {
      await runSegment(worker, position, segment, generation);
    } catch (error) {
      report({ kind: "failed", phase: "run", segment: position, message: textOf(error) });
      publishWord(worker.control, STATE, STATE_FAILED);
      Atomics.notify(worker.control, FINISHED);
      return false;
    }
    worker.timeline[slot + 1] = process.hrtime.bigint();
  }
  return true;
}

function awaitInput(worker: Running, tensor: number, generation: number): boolean {
  const { producer } = present(worker.setup.routes[tensor], "route");
  return (
    producer === undefined ||
    producer === worker.setup.worker ||
    awaitWord(worker.control, FIRST_TENSOR + tensor, generation)
  );
}

async function runSegment(
  worker: Running,
  position: number,
  segment: Omit<PlanSegment, "model">,
  generation: number,
): Promise<void> {
  const { tensors } = worker.setup;
  const feeds: Record<string, RuntimeTensor> = {};
  for (const tensor of segment.inputs) {
    feeds[present(tensors[tensor], "tensor").name] = inputTensor(worker, tensor, generation);
  }
  const fetches: Record<string, RuntimeTensor> = {};
  for (const tensor of segment.outputs) {
    fetches[present(tensors[tensor], "tensor").name] = outputTensor(worker, tensor);
  }
  const outputs = await present(worker.sessions[position], "session").run(feeds, fetches);
  for (const tensor of segment.outputs) {
    const name = present(tensors[tensor], "tensor").name;
    const fetched = present(fetches[name], "fetched tensor");
    const given = present(outputs[name], `output ${name}`);
    // ONNX Runtime may leave the ready-made tensor aside, for instance to alias an input.
    if (given.data.buffer !== fetched.data.buffer) {
      bytesOver(fetched).set(bytesOver(given));
    }
    handOver(worker, tensor, generation);
  }
}

/** The tensor as ONNX Runtime can read it, fetched from its producer if that is somebody else. */
function inputTensor(worker: Running, tensor: number, generation: number): RuntimeTensor {
  const { setup } = worker;
  const route = present(setup.routes[tensor], "route");
  if (route.producer === setup.worker) {
    return present(worker.held[tensor], "tensor of an earlier segment");
  }
  if (route.handover === "move") {
    return movedTensor(worker, tensor, present(route.producer, "producer of a moved tensor"));
  }
  const own = privateTensor(worker, tensor);
  if (worker.copied[tensor] !== generation) {
    worker.copied[tensor] = generation;
    bytesOver(own).set(new Uint8Array(present(setup.shared[tensor], "shared buffer")));
  }
  return own;
}

/** A tensor for ONNX Runtime to write: private, or over a buffer that is to be moved on. */
function outputTensor(worker: Running, tensor: number): RuntimeTensor {
  const route = present(worker.setup.routes[tensor], "route");
  if (route.handover !== "move") {
    return privateTensor(worker, tensor);
  }
  receive(worker, present(route.consumers[0], "consumer of a moved tensor"));
  const spare = worker.spare[tensor]?.pop();
  const made = makeTensor(worker, tensor, spare);
  worker.held[tensor] = made;
  return made;
}

/** Publishes a finished tensor. */
function handOver(worker: Running, tensor: number, generation: number): void {
  const { setup } = worker;
  const route = present(setup.routes[tensor], "route");
  if (route.handover === "local") {
    return;
  }
  const held = present(worker.held[tensor], "output tensor");
  if (route.handover === "copy") {
    new Uint8Array(present(setup.shared[tensor], "shared buffer")).set(bytesOver(held));
  } else {
    worker.held[tensor] = undefined;
    send(worker, present(route.consumers[0], "consumer"), tensor, bufferOf(held));
  }
  publishWord(worker.control, FIRST_TENSOR + tensor, generation);
}

/** Returns every moved buffer to its producer: after the inference, off the critical path. */
function giveBack(worker: Running): void {
  for (const [tensor, route] of worker.setup.routes.entries()) {
    const held = worker.held[tensor];
    if (
      route.handover === "move" &&
      held !== undefined &&
      route.consumers[0] === worker.setup.worker
    ) {
      worker.held[tensor] = undefined;
      send(worker, present(route.producer, "producer"), tensor, bufferOf(held));
    }
  }
}

function send(worker: Running, to: number, tensor: number, buffer: ArrayBuffer): void {
  const moved: MovedBuffer = { tensor, buffer };
  present(worker.setup.ports[to], "port").postMessage(moved, [buffer]);
}

/** Takes in what another worker sent: tensors it made, and buffers of ours that come back. */
function receive(worker: Running, from: number): void {
  const port = present(worker.setup.ports[from], "port");
  for (;;) {
    const received = receiveMessageOnPort(port);
    if (received === undefined) {
      return;
    }
    const { tensor, buffer } = received.message as MovedBuffer;
    if (worker.setup.routes[tensor]?.producer === worker.setup.worker) {
      worker.spare[tensor]?.push(buffer);
    } else {
      worker.arrived[tensor] = buffer;
    }
  }
}

function movedTensor(worker: Running, tensor: number, producer: number): RuntimeTensor {
  const held = worker.held[tensor];
  if (held !== undefined) {
    return held;
  }
  receive(worker, producer);
  const made = makeTensor(worker, tensor, present(worker.arrived[tensor], "moved buffer"));
  worker.arrived[tensor] = undefined;
  worker.held[tensor] = made;
  return made;
}

function privateTensor(worker: Running, tensor: number): RuntimeTensor {
  worker.held[tensor] ??= makeTensor(worker, tensor, undefined);
  return worker.held[tensor];
}

function makeTensor(
  worker: Running,
  tensor: number,
  buffer: ArrayBuffer | undefined,
): RuntimeTensor {
  const spec = present(worker.setup.tensors[tensor], "tensor");
  const bytes = tensorBytes(spec);
  const elements = elementsOver(spec.elementType, buffer ?? new ArrayBuffer(bytes), bytes);
  return new worker.runtime.Tensor(spec.elementType, elements, spec.dims);
}

function bytesOver(tensor: RuntimeTensor): Uint8Array {
  const { buffer, byteOffset, byteLength } = tensor.data;
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function bufferOf(tensor: RuntimeTensor): ArrayBuffer {
  const { buffer } = tensor.data;
  invariant(buffer instanceof ArrayBuffer, "a tensor of a session lies in shared memory");
  return buffer;
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
