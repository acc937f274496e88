/**
 * Programs for the device: memory is shared only where schedules order it, and every order that a
 * schedule allows gives the same bytes.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { present } from "../../src/core/invariant.js";
import { seededRandom } from "../../src/core/random.js";
import { operatorId } from "../../src/ir/operator-graph.js";
import { emitModel } from "../../src/kernels/emit.js";
import { precisionPlan } from "../../src/kernels/precision.js";
import { withKernelList } from "../../src/onnx/fuse/fuse-operators.js";
import type { FusionList } from "../../src/onnx/kernel-groups.js";
import type { LoweredModel } from "../../src/onnx/lowered-model.js";
import { constantUploads } from "../../src/runtime/cuda/program/constants.js";
import type { Sharing } from "../../src/runtime/cuda/program/memory-plan.js";
import {
  buildProgram,
  type DeviceProgram,
  helperSchedule,
} from "../../src/runtime/cuda/program/program.js";
import { bindSession, createSession } from "../../src/runtime/onnx-runtime.js";
import { randomFeeds } from "../../src/runtime/random-feeds.js";
import type { OperatorSchedule } from "../../src/schedule/operator-schedule.js";
import { composeSchedule } from "../../src/search/operator/waits.js";
import { unsafePairs } from "../support/memory-checker.js";
import { onnxRuntime, SKIP_REASON } from "../support/onnx-runtime.js";
import { EmulatedDevice } from "../support/program-emulator.js";
import { loweredTinyModel, type TinyNode, tinyModel } from "../support/tiny-model.js";

const SIDE = 5;
const FOLDER = mkdtempSync(join(tmpdir(), "cuda-program-"));

afterAll(() => rmSync(FOLDER, { recursive: true }));

/** Types with the number of values that they read; all keep [SIDE, SIDE]. */
const TYPES: readonly (readonly [string, number])[] = [
  ["Relu", 1],
  ["Tanh", 1],
  ["Add", 2],
  ["Sub", 2],
  ["Mul", 2],
  ["MatMul", 1],
  ["Transpose", 1],
  ["Softmax", 1],
  ["Abs", 1],
];

interface Draft {
  readonly type: number;
  readonly reads: readonly number[];
}

/** A model whose last value, and every value that nobody reads, is an output. */
function modelOf(drafts: readonly Draft[]): Uint8Array {
  const names = ["x", "x2"];
  const nodes = drafts.map(({ type, reads }, i): TinyNode => {
    const [name, count] = present(TYPES[type % TYPES.length], "type");
    const inputs = reads
      .slice(0, count)
      .map((back) => present(names[names.length - 1 - (back % Math.min(names.length, 6))], "name"));
    names.push(`t${i}`);
    const weight = name === "MatMul" ? ["w"] : [];
    return { type: name, inputs: [...inputs, ...weight], outputs: [`t${i}`] };
  });
  const read = new Set(nodes.flatMap((node) => node.inputs));
  const dims = [SIDE, SIDE];
  return tinyModel({
    nodes,
    inputs: ["x", "x2"].map((name) => ({ name, dims })),
    outputs: names
      .slice(2)
      .filter((name) => !read.has(name))
      .map((name) => ({ name, dims })),
    weights: [{ name: "w", dims }],
  });
}

const drafts = fc.array(
  fc.record({
    type: fc.nat({ max: TYPES.length - 1 }),
    reads: fc.tuple(fc.nat({ max: 5 }), fc.nat({ max: 5 })),
  }),
  { minLength: 1, maxLength: 14 },
);

/** A schedule on up to three streams, in a random topological order. */
function randomSchedule({ graph }: LoweredModel, seed: number): OperatorSchedule {
  const random = seededRandom(seed);
  const left = graph.operators.map((operator) => operator.predecessors.length);
  const ready = [...left.keys()].filter((id) => left[id] === 0);
  const order: number[] = [];
  while (ready.length > 0) {
    const [id] = ready.splice(random.integer(ready.length), 1) as [number];
    order.push(id);
    for (const next of graph.operators[id]?.successors ?? []) {
      left[next] = (left[next] ?? 0) - 1;
      if (left[next] === 0) {
        ready.push(next);
      }
    }
  }
  return composeSchedule(graph, "random", {
    order: Int32Array.from(order),
    streamOf: Int32Array.from(order, () => random.integer(3)),
  });
}

function oneStream({ graph }: LoweredModel): OperatorSchedule {
  return composeSchedule(graph, "sequential", {
    order: Int32Array.from(graph.operators.keys()),
    streamOf: new Int32Array(graph.operators.length),
  });
}

function programOf(
  lowered: LoweredModel,
  sharing: Sharing,
  list: FusionList = "none",
): DeviceProgram {
  const precision = precisionPlan("ieee");
  const model = emitModel(withKernelList(lowered, list), {
    floats: precision.floats,
    estimateUnsupported: false,
  });
  if (!model.ok) {
    throw new Error(model.error[0].message);
  }
  return buildProgram(model.value, precision, sharing);
}

async function withModel(
  draft: readonly Draft[],
  use: (lowered: LoweredModel, bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  const bytes = modelOf(draft);
  const { lowered, remove } = await loweredTinyModel(bytes);
  try {
    await use(lowered, bytes);
  } finally {
    remove();
  }
}

describe("memory of a program", () => {
  it("is shared only where every schedule orders the users", async () => {
    let shared = 0;
    await fc.assert(
      fc.asyncProperty(drafts, fc.integer(), fc.integer(), (draft, first, second) =>
        withModel(draft, async (lowered) => {
          const schedules = [randomSchedule(lowered, first), randomSchedule(lowered, second)];
          const program = programOf(lowered, { kind: "ordered", schedules });
          const fused = programOf(lowered, { kind: "ordered", schedules }, "patterns");
          for (const schedule of schedules) {
            expect(unsafePairs(program, schedule)).toEqual([]);
            expect(unsafePairs(fused, schedule)).toEqual([]);
          }
          shared += program.memory.activations.bytes < program.memory.unsharedBytes ? 1 : 0;
        }),
      ),
      { numRuns: 150 },
    );
    expect(shared).toBeGreaterThan(10);
  });

  it("would be caught if it relied on an order that another schedule does not keep", async () => {
    // x -> a -> b and x2 -> c -> d: one after the other they share, at the same time they must not.
    const draft = [
      { type: 1, reads: [1, 0] },
      { type: 1, reads: [0, 0] },
      { type: 1, reads: [2, 0] },
      { type: 1, reads: [0, 0] },
    ];
    await withModel(draft, async (lowered) => {
      const sequential = oneStream(lowered);
      const program = programOf(lowered, { kind: "ordered", schedules: [sequential] });
      expect(unsafePairs(program, sequential)).toEqual([]);
      expect(program.memory.activations.bytes).toBeLessThan(program.memory.unsharedBytes);
      const parallel = composeSchedule(lowered.graph, "parallel", {
        order: Int32Array.of(0, 2, 1, 3),
        streamOf: Int32Array.of(0, 0, 1, 1),
      });
      expect(unsafePairs(program, parallel).length).toBeGreaterThan(0);
    });
  });

  it("is apart for everything when nothing may be shared", async () => {
    await withModel([{ type: 0, reads: [0, 0] }], async (lowered) => {
      const program = programOf(lowered, { kind: "none" });
      expect(program.memory.activations.bytes).toBe(program.memory.unsharedBytes);
      expect(program.nodesOf[operatorId(0)]).toEqual([0]);
    });
  });
});

describe.skipIf(SKIP_REASON !== undefined)("running a program", () => {
  it("gives the same bytes in every order that its schedule allows, in chains too, and ONNX Runtime's values", async () => {
    let sides = 0;
    let chained = 0;
    await fc.assert(
      fc.asyncProperty(drafts, fc.integer(), (draft, seed) =>
        withModel(draft, async (lowered, bytes) => {
          const schedule = randomSchedule(lowered, seed);
          const plain = await outputsOf(lowered, { kind: "none" }, oneStream(lowered), seed);
          const sharing = { kind: "ordered", schedules: [schedule] } as const;
          for (const turn of [1, 2, 3]) {
            expect(await outputsOf(lowered, sharing, schedule, seed + turn)).toEqual(plain);
          }
          const fused = programOf(lowered, sharing, "patterns");
          chained += fused.nodes.length < programOf(lowered, sharing).nodes.length ? 1 : 0;
          expect(await outputsOf(lowered, sharing, schedule, seed, "patterns")).toEqual(plain);
          const reference = await referenceOf(lowered, bytes);
          for (const [name, ours] of plain) {
            const theirs = new Float32Array(
              Uint8Array.from(present(reference.get(name), name).bytes).buffer,
            );
            const values = new Float32Array(ours.buffer);
            expect(values.every((value, i) => close(value, theirs[i] ?? Number.NaN))).toBe(true);
            sides++;
          }
        }),
      ),
      { numRuns: 40 },
    );
    expect(sides).toBeGreaterThan(40);
    expect(chained).toBeGreaterThan(5);
  });
});

function close(a: number, b: number): boolean {
  return Math.abs(a - b) <= 1e-4 * Math.max(1, Math.abs(b));
}

function feedsOf(lowered: LoweredModel) {
  const inputs = lowered.graph.inputs.map((id) => present(lowered.graph.tensors[id], "input"));
  const feeds = randomFeeds(inputs, 3);
  if (!feeds.ok) {
    throw new Error(feeds.error[0].message);
  }
  return feeds.value;
}

async function outputsOf(
  lowered: LoweredModel,
  sharing: Sharing,
  schedule: OperatorSchedule,
  seed: number,
  list: FusionList = "none",
): Promise<ReadonlyMap<string, Uint8Array>> {
  const program = programOf(lowered, sharing, list);
  const device = new EmulatedDevice(program);
  const items = await constantUploads(program.model, program.memory, join(FOLDER, "side"));
  if (!items.ok) {
    throw new Error(items.error[0].message);
  }
  device.upload(items.value);
  const { graph } = lowered;
  for (const id of graph.inputs) {
    const { name } = present(graph.tensors[id], "input");
    const range = present(program.memory.tensor(id), "range");
    device.write(range, present(feedsOf(lowered).get(name), name).bytes);
  }
  device.poisonActivations();
  device.run(helperSchedule(program, schedule), seededRandom(seed));
  return new Map(
    graph.outputs.map((id) => [
      present(graph.tensors[id], "output").name,
      device.read(present(program.memory.tensor(id), "range")),
    ]),
  );
}

async function referenceOf(lowered: LoweredModel, bytes: Uint8Array) {
  const session = await createSession(onnxRuntime(), bytes, {}, "tiny");
  if (!session.ok) {
    throw new Error(session.error[0].message);
  }
  const bound = bindSession(onnxRuntime(), session.value, feedsOf(lowered), "tiny");
  const outputs = await bound.run();
  await bound.release();
  if (!outputs.ok) {
    throw new Error(outputs.error[0].message);
  }
  return outputs.value;
}
