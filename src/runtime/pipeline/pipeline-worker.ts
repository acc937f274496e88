/**
 * The program of a device thread: owns the sessions of the stages of one device and runs its blocks in
 * exactly the order of the schedule, each as soon as its inputs are there and no reader is too far
 * behind.
 *
 * ONNX Runtime returns every output in a new buffer of its own. The buffer is moved to the last device
 * that reads it, without a copy; other devices get copies, this device keeps it as it is.
 */

import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { errorText } from "../../core/error-text.js";
import { present } from "../../core/invariant.js";
import {
  createSession,
  loadOnnxRuntime,
  type OnnxRuntime,
  type RuntimeSession,
  type RuntimeTensor,
} from "../onnx-runtime.js";
import { elementsOver, tensorBytes } from "../tensor-data.js";
import { STATE_RUNNING } from "../thread-life.js";
import { warmHeap } from "../warm-heap.js";
import type { PlanBlock } from "./pipeline-plan.js";
import {
  awaitValue,
  blockWord,
  type DeviceReport,
  type DeviceSetup,
  FIRST_STAGE,
  RUN_NUMBER,
  RUN_STATE,
  type SentTensor,
} from "./pipeline-protocol.js";

/** A device thread with its sessions made. */
interface Device {
  readonly setup: DeviceSetup;
  readonly runtime: OnnxRuntime;
  /** By stage; `undefined` for stages of other devices. */
  readonly sessions: readonly (RuntimeSession | undefined)[];
  readonly control: Int32Array;
  readonly timeline: BigInt64Array;
  /** Inputs of the model as ONNX Runtime reads them, by tensor, then set of inputs. */
  readonly feeds: ReadonlyMap<number, readonly RuntimeTensor[]>;
  /** Tensors of other stages that are still to be read, and how often, by `keyOf`. */
  readonly held: Map<number, { readonly tensor: RuntimeTensor; readonly readers: number }>;
  /** For each tensor: the device of the stage that writes it, and the stages that read it. */
  readonly routes: readonly Route[];
}

interface Route {
  readonly producer: number | undefined;
  /** Other devices that read it. */
  readonly receivers: readonly number[];
  /** Stages of this device that read it. */
  readonly localReaders: readonly number[];
  readonly isResult: boolean;
}

await main(workerData as DeviceSetup);

function report(message: DeviceReport, transfer: readonly ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, transfer);
}

async function main(setup: DeviceSetup): Promise<void> {
  const runtime = await loadOnnxRuntime();
  if (!runtime.ok) {
    report({ kind: "runtime-missing", message: String(runtime.error[0].cause) });
    return;
  }
  const control = new Int32Array(setup.control);
  const sessions: (RuntimeSession | undefined)[] = [];
  for (const [stage, model] of setup.models.entries()) {
    if (Atomics.load(control, RUN_STATE) !== STATE_RUNNING) {
      return;
    }
    const name = present(setup.stages[stage], "stage").name;
    const session =
      model === undefined
        ? undefined
        : await createSession(runtime.value, model, setup.session, name);
    if (session?.ok === false) {
      const { cause, message } = session.error[0];
      const text = cause === undefined ? message : errorText(cause);
      report({ kind: "failed", stage, microBatch: undefined, message: text });
      return;
    }
    sessions.push(session?.value);
  }
  await warmHeap();
  const device: Device = {
    setup,
    runtime: runtime.value,
    sessions,
    control,
    timeline: new BigInt64Array(setup.timeline),
    feeds: feedTensors(setup, runtime.value),
    held: new Map(),
    routes: routesOf(setup),
  };
  report({ kind: "ready" });
  await serve(device);
  for (const session of sessions) {
    await session?.release();
  }
  for (const port of setup.ports) {
    port?.close();
  }
}

function feedTensors(
  setup: DeviceSetup,
  runtime: OnnxRuntime,
): ReadonlyMap<number, readonly RuntimeTensor[]> {
  return new Map(
    [...setup.feeds].map(([tensor, buffers]) => [
      tensor,
      buffers.map((buffer) => {
        const { dims } = present(setup.tensors[tensor], "tensor");
        return tensorOver(setup, runtime, { tensor, buffer, dims });
      }),
    ]),
  );
}

function routesOf({ device, tensors, stages, outputs }: DeviceSetup): readonly Route[] {
  const results = new Set(outputs);
  return tensors.map((_, tensor) => {
    const producer = stages.findIndex((stage) =>
      stage.outputs.some((out) => out.tensor === tensor),
    );
    const readers = stages.flatMap((stage, at) =>
      stage.inputs.some((input) => input.tensor === tensor) ? [at] : [],
    );
    const deviceOf = (stage: number): number => stages[stage]?.device ?? -1;
    return {
      producer: producer < 0 ? undefined : producer,
      receivers: [...new Set(readers.map(deviceOf))].filter((other) => other !== device),
      localReaders: readers.filter((stage) => deviceOf(stage) === device),
      isResult: results.has(tensor),
    };
  });
}

async function serve(device: Device): Promise<void> {
  for (let last = 0; ; ) {
    const started = awaitValue(device.control, RUN_NUMBER, (run) => run !== last);
    if (!started || Atomics.load(device.control, RUN_STATE) !== STATE_RUNNING) {
      return;
    }
    last = Atomics.load(device.control, RUN_NUMBER);
    if (!(await runBlocks(device, last))) {
      return;
    }
    report({ kind: "finished", run: last });
  }
}

/** One run of the whole schedule. Gives false when it was given up. */
async function runBlocks(device: Device, run: number): Promise<boolean> {
  const { setup, control, timeline } = device;
  for (const [position, block] of setup.blocks.entries()) {
    if (!awaitWindows(device, block.stage) || !awaitInputs(device, block, run)) {
      return false;
    }
    timeline[2 * position] = process.hrtime.bigint();
    try {
      if (!(await runBlock(device, block))) {
        return false;
      }
    } catch (error) {
      report({ kind: "failed", ...block, message: errorText(error) });
      return false;
    }
    timeline[2 * position + 1] = process.hrtime.bigint();
    const word = blockWord(setup.stages.length, setup.microBatches, block);
    Atomics.store(control, word, run);
    Atomics.notify(control, word);
    Atomics.add(control, FIRST_STAGE + block.stage, 1);
    Atomics.notify(control, FIRST_STAGE + block.stage);
  }
  return true;
}

/** Waits until no reader of the stage's outputs is too far behind. */
function awaitWindows({ setup, control }: Device, stage: number): boolean {
  return setup.windows.every(({ producer, consumer, ahead }) => {
    if (producer !== stage) {
      return true;
    }
    const begun = Atomics.load(control, FIRST_STAGE + stage) + 1;
    return awaitValue(control, FIRST_STAGE + consumer, (finished) => begun - finished <= ahead);
  });
}

function awaitInputs(device: Device, { stage, microBatch }: PlanBlock, run: number): boolean {
  const { setup, control, routes } = device;
  for (const { tensor } of present(setup.stages[stage], "stage").inputs) {
    const from = routes[tensor]?.producer;
    const fromDevice = from === undefined ? undefined : setup.stages[from]?.device;
    if (from === undefined || fromDevice === undefined || fromDevice === setup.device) {
      continue;
    }
    const word = blockWord(setup.stages.length, setup.microBatches, { stage: from, microBatch });
    if (!awaitValue(control, word, (done) => done === run)) {
      return false;
    }
    receive(device, fromDevice);
  }
  return true;
}

/** Takes in everything that another device has sent here. */
function receive(device: Device, from: number): void {
  const { setup } = device;
  const port = present(setup.ports[from], "port");
  for (let got = receiveMessageOnPort(port); got !== undefined; got = receiveMessageOnPort(port)) {
    keep(device, got.message as SentTensor);
  }
}

/** Keeps a tensor until every stage of this device that reads it has run. */
function keep({ setup, held, runtime, routes }: Device, sent: SentTensor): void {
  const { tensor, microBatch } = sent;
  held.set(keyOf(setup, tensor, microBatch), {
    tensor: tensorOver(setup, runtime, sent),
    readers: routes[tensor]?.localReaders.length ?? 0,
  });
}

/** Runs one stage for one micro-batch and hands its outputs on. Returns false for an unexpected shape. */
async function runBlock(device: Device, { stage, microBatch }: PlanBlock): Promise<boolean> {
  const { setup, held } = device;
  const { inputs, outputs } = present(setup.stages[stage], "stage");
  const feeds: Record<string, RuntimeTensor> = {};
  for (const { tensor, name } of inputs) {
    const sets = device.feeds.get(tensor);
    feeds[name] = present(
      sets === undefined
        ? held.get(keyOf(setup, tensor, microBatch))?.tensor
        : sets[microBatch % sets.length],
      `tensor "${name}" of micro-batch ${microBatch}`,
    );
  }
  const fetches: Record<string, null> = Object.fromEntries(outputs.map(({ name }) => [name, null]));
  const given = await present(device.sessions[stage], "session").run(feeds, fetches);
  const results: SentTensor[] = [];
  for (const { tensor, name } of outputs) {
    const output = present(given[name], `output "${name}"`);
    const { dims, isOpen } = present(setup.tensors[tensor], "tensor");
    const found = [...output.dims];
    if (isOpen !== true && found.join() !== dims.join()) {
      report({ kind: "wrong-shape", stage, microBatch, tensor, found });
      return false;
    }
    handOver(device, { tensor, microBatch, buffer: bufferOf(output), dims: found }, results);
  }
  for (const { tensor } of inputs) {
    release(device, tensor, microBatch);
  }
  if (results.length > 0) {
    report(
      { kind: "results", results },
      results.map(({ buffer }) => buffer),
    );
  }
  return true;
}

/** Every owner but the last gets a copy, the last one the buffer itself. */
function handOver(device: Device, sent: SentTensor, results: SentTensor[]): void {
  const { setup, routes } = device;
  const { receivers, localReaders, isResult } = present(routes[sent.tensor], "route");
  const owners: ((own: SentTensor) => void)[] = receivers.map((receiver) => (own) => {
    present(setup.ports[receiver], "port").postMessage(own, [own.buffer]);
  });
  if (isResult) {
    owners.push((own) => results.push(own));
  }
  if (localReaders.length > 0) {
    owners.push((own) => keep(device, own));
  }
  for (const [at, give] of owners.entries()) {
    give(at === owners.length - 1 ? sent : { ...sent, buffer: sent.buffer.slice(0) });
  }
}

/** Forgets a tensor once the last stage of this device has read it. */
function release({ setup, held }: Device, tensor: number, microBatch: number): void {
  const key = keyOf(setup, tensor, microBatch);
  const entry = held.get(key);
  if (entry !== undefined && entry.readers > 1) {
    held.set(key, { ...entry, readers: entry.readers - 1 });
  } else {
    held.delete(key);
  }
}

function keyOf({ microBatches }: DeviceSetup, tensor: number, microBatch: number): number {
  return tensor * microBatches + microBatch;
}

/** A tensor over a buffer. */
function tensorOver(
  { tensors }: DeviceSetup,
  runtime: OnnxRuntime,
  { tensor, buffer, dims }: Omit<SentTensor, "microBatch">,
): RuntimeTensor {
  const { elementType } = present(tensors[tensor], "tensor");
  const elements = elementsOver(elementType, buffer, tensorBytes({ elementType, dims }));
  return new runtime.Tensor(elementType, elements, dims);
}

/** The memory of an output as a buffer of its own. */
function bufferOf(output: RuntimeTensor): ArrayBuffer {
  const { buffer, byteOffset, byteLength } = output.data;
  const isWhole = buffer instanceof ArrayBuffer && byteOffset === 0;
  return isWhole ? buffer : Uint8Array.from(new Uint8Array(buffer, byteOffset, byteLength)).buffer;
}
