/**
 * The program of a server's worker thread: the sessions of one model, one for each batch size. It takes tasks
 * from the board, puts the requests of a task together, runs the session, and takes the answers apart.
 */
import { parentPort, workerData } from "node:worker_threads";
import { errorText } from "../../core/error-text.js";
import { present } from "../../core/invariant.js";
import {
  createSession,
  loadOnnxRuntime,
  type OnnxRuntime,
  type RuntimeSession,
  type RuntimeTensor,
} from "../onnx-runtime.js";
import { elementCount, elementsOver, type TensorSpec, tensorBytes } from "../tensor-data.js";
import { warmHeap } from "../warm-heap.js";
import { type BatchLayout, batchLayout, putRequest, takeRequest } from "./batch-tensors.js";
import { ServingBoard } from "./serving-board.js";
import { clockSince } from "./serving-clock.js";
import type {
  KeptAnswer,
  ServedBatch,
  ServingMessage,
  ServingOrder,
  ServingReport,
  ServingSetup,
} from "./serving-plan.js";

/** A tensor of a batch and where the requests are in it. */
interface Part {
  readonly name: string;
  readonly layout: BatchLayout;
}

/** A session with the memory of its inputs. */
interface BatchSession {
  readonly batch: number;
  readonly session: RuntimeSession;
  readonly feeds: Readonly<Record<string, RuntimeTensor>>;
  readonly fetches: Readonly<Record<string, null>>;
  readonly inputs: readonly (Part & { readonly bytes: Uint8Array })[];
  readonly outputs: readonly Part[];
}

/** Runs of a session before it serves: the first ones allocate. */
const WARM_RUNS = 2;

await main(workerData as ServingSetup);

async function main(setup: ServingSetup): Promise<void> {
  const runtime = await loadOnnxRuntime();
  if (!runtime.ok) {
    report({ kind: "runtime-missing", message: String(runtime.error[0].cause) });
    return;
  }
  await warmHeap();
  const sessions: BatchSession[] = [];
  for (const batch of setup.batches) {
    const session = await opened(runtime.value, setup, batch);
    if (session === undefined) {
      return;
    }
    sessions.push(session);
  }
  try {
    for (const session of sessions) {
      for (let run = 0; run < WARM_RUNS; run++) {
        await answer(
          setup,
          session,
          Array.from({ length: session.batch }, (_, at) => at),
        );
      }
    }
  } catch (error) {
    report({ kind: "failed", message: errorText(error) });
    return;
  }
  parentPort?.on("message", (message: ServingMessage) => {
    if (message.kind === "serve") {
      void serve(setup, sessions, message);
    } else {
      void close(sessions);
    }
  });
  report({ kind: "ready" });
}

function report(message: ServingReport): void {
  parentPort?.postMessage(message);
}

async function close(sessions: readonly BatchSession[]): Promise<void> {
  for (const { session } of sessions) {
    await session.release();
  }
  parentPort?.close();
}

/** The session of a batch size; `undefined`, after a report, if it cannot be had. */
async function opened(
  runtime: OnnxRuntime,
  { one, threads }: ServingSetup,
  batch: ServedBatch,
): Promise<BatchSession | undefined> {
  const options = { intraThreads: threads };
  const session = await createSession(runtime, batch.model, options, "");
  if (!session.ok) {
    report({ kind: "failed", message: session.error[0].message });
    return undefined;
  }
  const inputs = batch.inputs.map((spec) => {
    const buffer = new ArrayBuffer(tensorBytes(spec));
    return { ...partOf(spec, one.inputs), spec, buffer, bytes: new Uint8Array(buffer) };
  });
  const ready: BatchSession = {
    batch: batch.batch,
    session: session.value,
    feeds: Object.fromEntries(
      inputs.map(({ name, spec, buffer, bytes }) => {
        const elements = elementsOver(spec.elementType, buffer, bytes.length);
        return [name, new runtime.Tensor(spec.elementType, elements, spec.dims)];
      }),
    ),
    fetches: Object.fromEntries(batch.outputs.map(({ name }) => [name, null])),
    inputs,
    outputs: batch.outputs.map((spec) => partOf(spec, one.outputs)),
  };
  return ready;
}

function partOf({ name, elementType, dims }: TensorSpec, one: readonly TensorSpec[]): Part {
  const single = present(
    one.find((each) => each.name === name),
    `${name} for one request`,
  );
  const elementBytes = tensorBytes({ elementType, dims }) / Math.max(1, elementCount(dims));
  return { name, layout: batchLayout(single.dims, dims, elementBytes) };
}

async function serve(
  setup: ServingSetup,
  sessions: readonly BatchSession[],
  { memory, policy, startNs, keepEvery, takesPart }: ServingOrder,
): Promise<void> {
  const start = setup.origin + BigInt(Math.round(startNs));
  const board = new ServingBoard(memory, policy, clockSince(start));
  const answers: KeptAnswer[] = [];
  try {
    if (takesPart) {
      await board.serve(setup.model, async (task) => {
        const session = present(
          sessions.find(({ batch }) => batch >= task.requests.length),
          "session of a batch",
        );
        for (const each of await answer(setup, session, task.requests)) {
          if (each.request % keepEvery === 0) {
            answers.push(each);
          }
        }
      });
    }
    report({ kind: "served", answers });
  } catch (error) {
    report({ kind: "failed", message: errorText(error) });
  }
}

/** Runs a task: what a server does with its requests, by their positions, between taking and answering them. */
async function answer(
  { model, feeds }: ServingSetup,
  { session, feeds: tensors, fetches, inputs, outputs }: BatchSession,
  requests: readonly number[],
): Promise<readonly KeptAnswer[]> {
  for (const { name, bytes, layout } of inputs) {
    for (const [at, request] of requests.entries()) {
      const given = present(feeds[request % feeds.length]?.get(name), `input ${name}`);
      putRequest(bytes, given, at, layout);
    }
  }
  const results = await session.run(tensors, fetches);
  return requests.map((request, at) => ({
    model,
    request,
    outputs: new Map(
      outputs.map(({ name, layout }) => {
        const { buffer, byteOffset, byteLength } = present(results[name], `output ${name}`).data;
        const bytes = new Uint8Array(buffer, byteOffset, byteLength);
        return [name, layout.isSplit ? takeRequest(bytes, at, layout) : bytes];
      }),
    ),
  }));
}
