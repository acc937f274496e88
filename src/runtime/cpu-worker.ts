/**
 * The program of a worker thread: owns the sessions of one stream and executes them, one inference
 * after the other, until the executor is closed.
 *
 * ONNX Runtime reads tensors from unshared memory only, and its Node binding returns every output in a
 * new buffer (also when it is handed one to write to). So an output is used as it is by later
 * segments of this worker, its buffer is moved to the one other worker that reads it, or its bytes go
 * through shared memory into a private buffer of each reader, made once. A tensor whose sizes depend on
 * data is sent with its dims to everyone who reads it.
 */

import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { errorText } from "../core/error-text.js";
import { invariant, present } from "../core/invariant.js";
import {
  createSession,
  loadOnnxRuntime,
  type OnnxRuntime,
  type RuntimeSession,
  type RuntimeTensor,
} from "./onnx-runtime.js";
import { elementsOver, tensorBytes } from "./tensor-data.js";
import { STATE_RUNNING } from "./thread-life.js";
import { warmHeap } from "./warm-heap.js";
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
  /** Tensors that this worker's segments can read: own outputs, moved tensors, private copies. */
  readonly held: (RuntimeTensor | undefined)[];
  /** The generation from which a held tensor that another worker made is, by tensor. */
  readonly fetched: Int32Array;
}

await main(workerData as WorkerSetup);

async function main(setup: WorkerSetup): Promise<void> {
  const runtime = await loadOnnxRuntime();
  if (!runtime.ok) {
    report({ kind: "runtime-missing", message: String(runtime.error[0].cause) });
    return;
  }
  const sessions: RuntimeSession[] = [];
  const control = new Int32Array(setup.control);
  for (let segment = 0; segment < setup.segments.length; segment++) {
    if (Atomics.load(control, STATE) !== STATE_RUNNING) {
      return;
    }
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
    control,
    timeline: new BigInt64Array(setup.timeline),
    held: new Array<RuntimeTensor | undefined>(count).fill(undefined),
    fetched: new Int32Array(count),
  };
  await warmHeap();
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
    if (Atomics.add(worker.control, FINISHED, 1) + 1 === worker.setup.workerCount) {
      Atomics.notify(worker.control, FINISHED);
    }
  }
}

/** One inference. Gives false when it was given up. */
async function runSegments(worker: Running, generation: number): Promise<boolean> {
  for (const [position, segment] of worker.setup.segments.entries()) {
    if (Atomics.load(worker.control, STATE) !== STATE_RUNNING) {
      return false;
    }
    for (const tensor of segment.inputs) {
      if (!awaitInput(worker, tensor, generation)) {
        return false;
      }
    }
    const slot = 2 * (worker.setup.firstSegment + position);
    worker.timeline[slot] = process.hrtime.bigint();
    try {
      if (!(await runSegment(worker, position, segment, generation))) {
        publishWord(worker.control, STATE, STATE_FAILED);
        Atomics.notify(worker.control, FINISHED);
        return false;
      }
    } catch (error) {
      report({ kind: "failed", phase: "run", segment: position, message: errorText(error) });
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

/** Gives false, after a report, when a tensor has another size than it was compiled for. */
async function runSegment(
  worker: Running,
  position: number,
  segment: Omit<PlanSegment, "model">,
  generation: number,
): Promise<boolean> {
  const { tensors } = worker.setup;
  const feeds: Record<string, RuntimeTensor> = {};
  for (const tensor of segment.inputs) {
    feeds[present(tensors[tensor], "tensor").name] = inputTensor(worker, tensor, generation);
  }
  const fetches: Record<string, null> = {};
  for (const tensor of segment.outputs) {
    fetches[present(tensors[tensor], "tensor").name] = null;
  }
  const outputs = await present(worker.sessions[position], "session").run(feeds, fetches);
  for (const tensor of segment.outputs) {
    const spec = present(tensors[tensor], "tensor");
    const output = present(outputs[spec.name], `output ${spec.name}`);
    if (spec.isOpen !== true && bytesOver(output).length !== tensorBytes(spec)) {
      report({ kind: "other-sizes", segment: position, tensor, found: [...output.dims] });
      return false;
    }
    handOver(worker, tensor, output, generation);
  }
  return true;
}

/** The tensor as ONNX Runtime can read it, fetched from its producer if that is another worker. */
function inputTensor(worker: Running, tensor: number, generation: number): RuntimeTensor {
  const { setup, held } = worker;
  const route = present(setup.routes[tensor], "route");
  if (route.producer !== setup.worker && worker.fetched[tensor] !== generation) {
    worker.fetched[tensor] = generation;
    if (route.handover !== "copy") {
      receiveMoved(worker, present(route.producer, "producer of a moved tensor"));
    } else {
      held[tensor] ??= zeroTensor(worker, tensor);
      bytesOver(held[tensor]).set(new Uint8Array(present(setup.shared[tensor], "shared buffer")));
    }
  }
  return present(held[tensor], "tensor of an earlier segment");
}

/** Keeps a finished tensor for this worker's later segments, or publishes it, or both. */
function handOver(
  worker: Running,
  tensor: number,
  output: RuntimeTensor,
  generation: number,
): void {
  const { setup } = worker;
  const { handover, consumers } = present(setup.routes[tensor], "route");
  if (handover === "move") {
    const moved: MovedBuffer = { tensor, buffer: bufferOf(output), dims: output.dims };
    const port = setup.ports[present(consumers[0], "consumer of a moved tensor")];
    present(port, "port").postMessage(moved, [moved.buffer]);
  } else {
    worker.held[tensor] = output;
  }
  if (handover === "send") {
    send(worker, tensor, output);
  }
  if (handover === "copy") {
    new Uint8Array(present(setup.shared[tensor], "shared buffer")).set(bytesOver(output));
  }
  if (handover !== "local") {
    publishWord(worker.control, FIRST_TENSOR + tensor, generation);
  }
}

/** Gives every other reader a copy, or the last one the buffer itself if this worker does not read it. */
function send({ setup }: Running, tensor: number, output: RuntimeTensor): void {
  const { consumers, isResult } = present(setup.routes[tensor], "route");
  const others = consumers.filter((consumer) => consumer !== setup.worker);
  const readers = isResult ? [...others, setup.workerCount] : others;
  const isKept = others.length < consumers.length || output.data.byteLength === 0;
  for (const [at, reader] of readers.entries()) {
    const isLast = !isKept && at === readers.length - 1;
    const buffer = isLast ? bufferOf(output) : Uint8Array.from(bytesOver(output)).buffer;
    const sent: MovedBuffer = { tensor, buffer, dims: output.dims };
    present(setup.ports[reader], "port").postMessage(sent, [buffer]);
  }
}

/** Takes in every tensor that another worker has moved or sent here. */
function receiveMoved(worker: Running, from: number): void {
  const port = present(worker.setup.ports[from], "port");
  for (;;) {
    const received = receiveMessageOnPort(port);
    if (received === undefined) {
      return;
    }
    const moved = received.message as MovedBuffer;
    worker.held[moved.tensor] = makeTensor(worker, moved);
  }
}

function zeroTensor(worker: Running, tensor: number): RuntimeTensor {
  const spec = present(worker.setup.tensors[tensor], "tensor");
  const buffer = new ArrayBuffer(tensorBytes(spec));
  return makeTensor(worker, { tensor, buffer, dims: spec.dims });
}

function makeTensor(worker: Running, { tensor, buffer, dims }: MovedBuffer): RuntimeTensor {
  const { elementType } = present(worker.setup.tensors[tensor], "tensor");
  const elements = elementsOver(elementType, buffer, tensorBytes({ elementType, dims }));
  return new worker.runtime.Tensor(elementType, elements, dims);
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
