import { describe, expect, it } from "vitest";
import type { Result } from "../../../src/core/result.js";
import { type CpuExecutor, createCpuExecutor } from "../../../src/runtime/cpu-executor.js";
import { randomFeeds } from "../../../src/runtime/random-feeds.js";
import type { TensorData, TensorSpec } from "../../../src/runtime/tensor-data.js";
import type { PlanSegment, WorkerPlan } from "../../../src/runtime/worker-plan.js";
import { SKIP_REASON } from "../../support/onnx-runtime.js";
import { tinyModel } from "../../support/tiny-model.js";

function value<T>(result: Result<T>): T {
  if (!result.ok) {
    throw new Error(`${result.error[0].code}: ${result.error[0].message}`);
  }
  return result.value;
}

function vector(name: string, length = 4): TensorSpec {
  return { name, elementType: "float32", dims: [length] };
}

function negate(tensors: readonly TensorSpec[], from: number, to: number): PlanSegment {
  const [input, output] = [tensors[from] as TensorSpec, tensors[to] as TensorSpec];
  return {
    operators: [output.name],
    model: tinyModel({
      nodes: [{ type: "Neg", inputs: [input.name], outputs: [output.name] }],
      inputs: [input],
      outputs: [output],
    }),
    inputs: [from],
    outputs: [to],
  };
}

/** t0 -> t1 -> ... over the workers in turn. */
function relay(length: number, workers: number, elements = 4): WorkerPlan {
  const tensors = Array.from({ length: length + 1 }, (_, i) => vector(`t${i}`, elements));
  const lists: PlanSegment[][] = Array.from({ length: workers }, () => []);
  for (let i = 0; i < length; i++) {
    lists[i % workers]?.push(negate(tensors, i, i + 1));
  }
  return { tensors, inputs: [0], outputs: [length], workers: lists };
}

function feedsOf(plan: WorkerPlan, seed = 1): ReadonlyMap<string, TensorData> {
  return value(
    randomFeeds(
      plan.inputs.map((i) => plan.tensors[i] as TensorSpec),
      seed,
    ),
  );
}

/** Our worker's place is taken by a program that says it is ready and then does what it likes. */
function program(body: string): URL {
  const source = `
    import { parentPort, workerData } from "node:worker_threads";
    const control = new Int32Array(workerData.control);
    parentPort.postMessage({ kind: "ready" });
    Atomics.wait(control, 0, 0);
    ${body}`;
  return new URL(`data:text/javascript,${encodeURIComponent(source)}`);
}

async function failureOf(executor: CpuExecutor, plan: WorkerPlan): Promise<string> {
  const outcome = await executor.run(feedsOf(plan));
  expect(outcome.ok).toBe(false);
  return outcome.ok ? "" : outcome.error[0].code;
}

describe.skipIf(SKIP_REASON !== undefined)("the CPU executor", () => {
  it.each([
    ["one worker", 3, 1, 4],
    ["small tensors by copy", 8, 2, 4],
    ["large tensors by moving their buffers", 8, 2, 20_000],
    ["three workers", 9, 3, 20_000],
  ])("computes with %s, again and again", async (_, length, workers, elements) => {
    const plan = relay(length, workers, elements);
    const executor = value(await createCpuExecutor(plan));
    for (let seed = 1; seed <= 6; seed++) {
      const feeds = feedsOf(plan, seed);
      const { outputs } = value(await executor.run(feeds));
      const given = new Float32Array(feeds.get("t0")?.bytes.slice().buffer as ArrayBuffer);
      const got = outputs.get(`t${length}`)?.bytes.slice().buffer as ArrayBuffer;
      const sign = length % 2 === 0 ? 1 : -1;
      expect([...new Float32Array(got)]).toEqual([...given].map((x) => x * sign));
    }
    await executor.close();
  });

  it("gives a timeline in which every segment starts after what it waits for", async () => {
    const plan = relay(6, 2);
    const executor = value(await createCpuExecutor(plan));
    const { segments, durationNs } = value(await executor.run(feedsOf(plan)));
    const inOrder = [...segments].sort((a, b) => a.segment - b.segment || a.worker - b.worker);
    expect(inOrder.map((s) => s.worker)).toEqual([0, 1, 0, 1, 0, 1]);
    for (const [i, segment] of inOrder.entries()) {
      expect(segment.endNs).toBeGreaterThanOrEqual(segment.startNs);
      // Its producer's outputs are out before its end is written.
      expect(segment.startNs).toBeGreaterThanOrEqual(inOrder[i - 1]?.startNs ?? 0);
      expect(segment.endNs).toBeLessThanOrEqual(durationNs);
    }
    await executor.close();
  });

  it("names the operators of a segment that ONNX Runtime cannot load", async () => {
    const plan = relay(2, 2);
    const broken = plan.workers.map((segments, worker) =>
      segments.map((s) => (worker === 1 ? { ...s, model: new Uint8Array([1, 2, 3]) } : s)),
    );
    const result = await createCpuExecutor({ ...plan, workers: broken });
    expect(result).toMatchObject({ ok: false, error: [{ code: "segment-failed", where: "t2" }] });
  });

  it("names a tensor of another size than planned, with its dims, and is closed then", async () => {
    const tensors: TensorSpec[] = [
      { name: "table", elementType: "float32", dims: [2] },
      { name: "y", elementType: "float32", dims: [3] },
    ];
    // The sub-model gives two elements where the plan says three.
    const model = tinyModel({
      nodes: [{ type: "Neg", inputs: ["table"], outputs: ["y"] }],
      inputs: [{ name: "table", dims: [2] }],
      outputs: [{ name: "y", dims: [2] }],
    });
    const segment = { operators: ["lookup"], model, inputs: [0], outputs: [1] };
    const plan = { tensors, inputs: [0], outputs: [1], workers: [[segment]] };
    const executor = value(await createCpuExecutor(plan));
    const outcome = await executor.run(feedsOf(plan));
    expect(outcome).toMatchObject({
      error: [
        {
          code: "sizes-differ",
          where: "lookup",
          message: '"y" has the dims [2] in this run, and [3] in the schedule',
        },
      ],
    });
    expect(await failureOf(executor, plan)).toBe("executor-closed");
  });

  it("refuses inputs that are missing or of another size, and goes on", async () => {
    const plan = relay(2, 2);
    const executor = value(await createCpuExecutor(plan));
    const short = new Map([
      ["t0", { elementType: "float32" as const, dims: [1], bytes: new Uint8Array(4) }],
    ]);
    for (const feeds of [new Map(), short]) {
      expect(await executor.run(feeds)).toMatchObject({
        error: [{ code: "wrong-input-tensor", where: "t0" }],
      });
    }
    expect((await executor.run(feedsOf(plan))).ok).toBe(true);
    await executor.close();
  });

  it("can be closed twice and does not run afterwards", async () => {
    const plan = relay(2, 2);
    const executor = value(await createCpuExecutor(plan));
    await executor.close();
    await executor.close();
    expect(await failureOf(executor, plan)).toBe("executor-closed");
  });
});

describe("workers that fail", () => {
  const plan = relay(4, 2);

  it.each([
    ["ends", "process.exit(3);", "worker-died"],
    ["throws", "throw new Error('broken');", "worker-died"],
    [
      "has no memory left",
      "const all = []; for (;;) all.push(new Array(1e5).fill({}));",
      "worker-out-of-memory",
    ],
    ["hangs", "for (;;) {}", "executor-timed-out"],
    [
      "sleeps for ever",
      "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);",
      "executor-timed-out",
    ],
  ])("one that %s ends the inference with one failure", async (_, body, code) => {
    const made = await createCpuExecutor(plan, {
      program: program(body),
      heapLimitMb: 32,
      graceMs: 100,
      timeoutMs: code === "executor-timed-out" ? 5000 : 900_000,
    });
    // On a machine that is too busy to start in time, that is what runs out of time.
    if (!made.ok && code === "executor-timed-out") {
      expect(made.error[0].code).toBe(code);
      return;
    }
    const executor = value(made);
    expect(await failureOf(executor, plan)).toBe(code);
    expect(await failureOf(executor, plan)).toBe("executor-closed");
  });

  it("stops an inference in progress when told to", async () => {
    const stop = new AbortController();
    const executor = value(
      await createCpuExecutor(plan, {
        program: program("for (;;) {}"),
        signal: stop.signal,
        graceMs: 100,
      }),
    );
    const outcome = failureOf(executor, plan);
    setImmediate(() => stop.abort());
    expect(await outcome).toBe("stopped");
  });

  it("stops the start-up when told to", async () => {
    const stop = AbortSignal.abort();
    const never = new URL("data:text/javascript,setInterval(()=>{},1000)");
    const result = await createCpuExecutor(plan, { program: never, signal: stop, graceMs: 100 });
    expect(result).toMatchObject({ ok: false, error: [{ code: "stopped" }] });
  });

  it("gives up on sessions that are never ready", async () => {
    const never = new URL("data:text/javascript,setInterval(()=>{},1000)");
    const result = await createCpuExecutor(plan, { program: never, timeoutMs: 200, graceMs: 100 });
    expect(result).toMatchObject({ ok: false, error: [{ code: "executor-timed-out" }] });
  });

  it("refuses element types that cannot cross sessions", async () => {
    const tensors = plan.tensors.map((t) => ({ ...t, elementType: "bfloat16" as const }));
    expect(await createCpuExecutor({ ...plan, tensors })).toMatchObject({
      error: [{ code: "unsupported-element-type", where: "t0" }],
    });
  });
});
