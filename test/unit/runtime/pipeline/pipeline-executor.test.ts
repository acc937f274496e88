import { describe, expect, it } from "vitest";
import {
  createPipelineExecutor,
  type PipelineOptions,
} from "../../../../src/runtime/pipeline/pipeline-executor.js";
import {
  checkPlan,
  type PipelinePlan,
  type PlanBlock,
  type PlanStage,
} from "../../../../src/runtime/pipeline/pipeline-plan.js";
import { randomFeeds } from "../../../../src/runtime/random-feeds.js";
import type { TensorData, TensorSpec } from "../../../../src/runtime/tensor-data.js";
import { SKIP_REASON } from "../../../support/onnx-runtime.js";
import { tinyModel } from "../../../support/tiny-model.js";
import { value } from "../../../support/values.js";

const MICRO_BATCHES = 12;

function spec(name: string, elements: number): TensorSpec {
  return { name, elementType: "float32", dims: [elements] };
}

/** One node as a stage model. */
function stage(
  tensors: readonly TensorSpec[],
  type: string,
  inputs: readonly number[],
  outputs: readonly number[],
  device: number,
): PlanStage {
  const at = (i: number): TensorSpec => tensors[i] as TensorSpec;
  const name = (i: number): string => at(i).name;
  return {
    name: `${type} ${outputs.map(name).join(" ")}`,
    device,
    model: tinyModel({
      nodes: [{ type, inputs: inputs.map(name), outputs: outputs.map(name) }],
      inputs: inputs.map(at),
      outputs: outputs.map(at),
    }),
    inputs: inputs.map((tensor) => ({ tensor, name: name(tensor) })),
    outputs: outputs.map((tensor) => ({ tensor, name: name(tensor) })),
  };
}

function all(stageAt: number): PlanBlock[] {
  return Array.from({ length: MICRO_BATCHES }, (_, microBatch) => ({ stage: stageAt, microBatch }));
}

/**
 * x -> a (device 0) -> b (device 1) -> y (device 0), and y reads a as well: a stays on device 0 and
 * goes to device 1, which is a copy and a move.
 */
function diamond(elements = 8): PipelinePlan {
  const tensors = ["x", "a", "b", "y"].map((name) => spec(name, elements));
  const [first, last] = [all(0), all(2)];
  return {
    tensors,
    inputs: [0],
    outputs: [1, 3],
    stages: [
      stage(tensors, "Neg", [0], [1], 0),
      stage(tensors, "Abs", [1], [2], 1),
      stage(tensors, "Add", [1, 2], [3], 0),
    ],
    devices: [
      {
        name: "d0",
        blocks: first
          .flatMap((block, i) => [block, ...(i < 1 ? [] : [last[i - 1] as PlanBlock])])
          .concat(last.slice(-1)),
      },
      { name: "d1", blocks: all(1) },
    ],
    microBatches: MICRO_BATCHES,
    windows: [{ producer: 0, consumer: 1, ahead: 2 }],
    session: {},
  };
}

function feedsOf(plan: PipelinePlan, sets = 3): ReadonlyMap<string, TensorData>[] {
  const inputs = plan.inputs.map((at) => plan.tensors[at] as TensorSpec);
  return Array.from({ length: sets }, (_, seed) => value(randomFeeds(inputs, seed + 1)));
}

function floats(data: TensorData | undefined): number[] {
  return [...new Float32Array(Uint8Array.from(data?.bytes ?? []).buffer)];
}

/** Another program in the place of ours: says it is ready and then does what it likes. */
function program(body: string): URL {
  const source = `
    import { parentPort, workerData } from "node:worker_threads";
    const control = new Int32Array(workerData.control);
    parentPort.postMessage({ kind: "ready" });
    Atomics.wait(control, 0, 0);
    ${body}`;
  return new URL(`data:text/javascript,${encodeURIComponent(source)}`);
}

async function failureOf(plan: PipelinePlan, options: PipelineOptions = {}): Promise<object> {
  const executor = await createPipelineExecutor(plan, feedsOf(plan), options);
  const outcome = executor.ok ? await executor.value.run() : executor;
  if (outcome.ok) {
    throw new Error("nothing failed");
  }
  if (executor.ok) {
    const again = await executor.value.run();
    expect(again).toMatchObject({ ok: false, error: [{ code: "executor-closed" }] });
  }
  return outcome.error[0];
}

describe("checkPlan", () => {
  it("takes a sound plan and refuses blocks that wait for each other", () => {
    const plan = diamond();
    checkPlan(plan);
    const stuck = { ...plan, windows: [{ producer: 0, consumer: 2, ahead: 1 }] };
    expect(() => checkPlan(stuck)).toThrow("wait for each other");
  });
});

describe.skipIf(SKIP_REASON !== undefined)("the pipeline executor", () => {
  it("never runs a stage on values that no stage has made", async () => {
    const tensors = ["x", "a", "y"].map((name) => ({
      ...spec(name, 3),
      elementType: "int64" as const,
    }));
    const plan: PipelinePlan = {
      tensors,
      inputs: [0],
      outputs: [2],
      stages: [stage(tensors, "Neg", [0], [1], 0), stage(tensors, "Div", [0, 1], [2], 1)],
      devices: [
        { name: "d0", blocks: all(0) },
        { name: "d1", blocks: all(1) },
      ],
      microBatches: MICRO_BATCHES,
      windows: [],
      session: {},
    };
    const bytes = new Uint8Array(BigInt64Array.of(3n, -5n, 7n).buffer);
    const feeds = [new Map([["x", { elementType: "int64" as const, dims: [3], bytes }]])];
    const executor = value(await createPipelineExecutor(plan, feeds));
    const quotients: bigint[] = [];
    value(
      await executor.run((_, _name, data) => {
        quotients.push(...new BigInt64Array(Uint8Array.from(data.bytes).buffer));
      }),
    );
    expect(quotients).toEqual(Array.from({ length: 3 * MICRO_BATCHES }, () => -1n));
    await executor.close();
  });

  it.each([8, 20_000])("computes every micro-batch from its own inputs, twice (%i)", async (n) => {
    const plan = diamond(n);
    const feeds = feedsOf(plan);
    const executor = value(await createPipelineExecutor(plan, feeds));
    for (let round = 0; round < 2; round++) {
      const outputs = new Map<string, number[]>();
      value(await executor.run((m, name, data) => outputs.set(`${name} ${m}`, floats(data))));
      expect(outputs.size).toBe(2 * MICRO_BATCHES);
      for (let m = 0; m < MICRO_BATCHES; m++) {
        const x = floats(feeds[m % feeds.length]?.get("x"));
        expect(outputs.get(`a ${m}`)).toEqual(x.map((each) => -each));
        expect(outputs.get(`y ${m}`)).toEqual(x.map((each) => -each + Math.abs(each)));
      }
    }
    await executor.close();
  });

  it("keeps each device's order, every dependency and the window between devices", async () => {
    const plan = diamond();
    const executor = value(await createPipelineExecutor(plan, feedsOf(plan)));
    const { blocks, makespanNs } = value(await executor.run());
    await executor.close();
    for (const [device, { blocks: wanted }] of plan.devices.entries()) {
      const own = blocks.filter((block) => block.device === device);
      expect(own.map(({ stage: s, microBatch }) => ({ stage: s, microBatch }))).toEqual(wanted);
      own.slice(1).forEach((block, i) => {
        expect(block.startNs).toBeGreaterThanOrEqual(own[i]?.endNs ?? 0);
      });
    }
    const find = (s: number, m: number) =>
      blocks.find((block) => block.stage === s && block.microBatch === m);
    for (let m = 0; m < MICRO_BATCHES; m++) {
      expect(find(1, m)?.startNs).toBeGreaterThanOrEqual(find(0, m)?.startNs ?? 0);
      expect(find(2, m)?.startNs).toBeGreaterThanOrEqual(find(1, m)?.startNs ?? 0);
      // Two begun and not finished at most: the third begins after the first is done.
      expect(find(0, m + 2)?.startNs ?? makespanNs).toBeGreaterThanOrEqual(
        find(1, m)?.startNs ?? 0,
      );
    }
  });

  it("names the stage that gives another shape, and the micro-batch", async () => {
    const plan = diamond();
    const tensors = plan.tensors.map((each) =>
      each.name === "y" ? { ...each, dims: [2, 4] } : each,
    );
    expect(await failureOf({ ...plan, tensors })).toMatchObject({
      code: "stage-output-wrong-shape",
      where: "stage Add y on d0",
      message: expect.stringContaining('"y" of micro-batch 0 is [8]'),
    });
  });

  it("names the stage that ONNX Runtime does not take", async () => {
    const plan = diamond();
    const stages = plan.stages.map((each, at) =>
      at === 1 ? { ...each, model: new Uint8Array([1, 2, 3]) } : each,
    );
    expect(await failureOf({ ...plan, stages })).toMatchObject({
      code: "stage-failed",
      where: "stage Abs b on d1",
    });
  });

  it.each([
    ["worker-died", "throw new Error('gone');", {}],
    ["worker-died", "process.exit(3);", {}],
    [
      "worker-out-of-memory",
      "const a = []; for (;;) a.push(new Array(1e5).fill({}));",
      { heapLimitMb: 32 },
    ],
    ["executor-timed-out", "Atomics.wait(control, 1, 0);", { timeoutMs: 300 }],
  ] as const)("ends with one failure %s when a thread does %s", async (code, body, options) => {
    const failure = await failureOf(diamond(), { program: program(body), ...options });
    expect(failure).toMatchObject({ code });
  });

  it("stops when it is told to", async () => {
    const plan = diamond();
    const stop = new AbortController();
    const options = { program: program("Atomics.wait(control, 1, 0);"), signal: stop.signal };
    const executor = value(await createPipelineExecutor(plan, feedsOf(plan), options));
    setTimeout(() => stop.abort(), 50);
    expect(await executor.run()).toMatchObject({ ok: false, error: [{ code: "stopped" }] });
  });

  it("refuses inputs of another size before it starts", async () => {
    const plan = diamond();
    const wrong = [
      new Map([["x", { elementType: "float32", dims: [1], bytes: new Uint8Array(4) }]]),
    ];
    const made = await createPipelineExecutor(plan, wrong as never);
    expect(made).toMatchObject({ ok: false, error: [{ code: "wrong-input-tensor" }] });
  });
});
