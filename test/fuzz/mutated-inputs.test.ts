import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { drawArrivals } from "../../src/arrivals/draw-arrivals.js";
import { readArrivals } from "../../src/arrivals/read-arrivals.js";
import { encodeArtifact, parseArtifact } from "../../src/artifact/artifact-format.js";
import type { Result } from "../../src/core/result.js";
import { parseDeviceModel } from "../../src/cost/device-model.js";
import { H200 } from "../../src/cost/device-models/hopper.js";
import { verifyGraph } from "../../src/ir/verify-graph.js";
import { lowerModel } from "../../src/onnx/lower.js";
import { readModel } from "../../src/onnx/read-model.js";
import { encodePlacement, parsePlacement } from "../../src/placement/parse-placement.js";
import { buildShape } from "../../src/placement/shapes/build-shape.js";
import { parseStageSpec } from "../../src/placement/stage-spec.js";
import { parseProfile } from "../../src/profile/profile-format.js";
import { tensorBytes } from "../../src/runtime/tensor-data.js";
import { readTensor } from "../../src/runtime/tensor-files/read-tensor.js";
import { assignOperators } from "../../src/staging/assign-operators.js";
import { ARTIFACT } from "../support/artifacts.js";
import { chain } from "../support/graphs.js";
import { npyBytes, npyHeader, tensorProto } from "../support/tensor-files.js";
import { mutate, mutateJson, randomOf } from "./mutations.js";

/** Cases and seed: `FUZZ_CASES=100000 FUZZ_SEED=7 npm run fuzz`. */
const CASES = Number(process.env["FUZZ_CASES"] ?? 1000);
const SEED = Number(process.env["FUZZ_SEED"] ?? 1);

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "top-compile-fuzz-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const MODELS = [
  ...readdirSync("fixtures/models/small")
    .filter((name) => name.endsWith(".onnx"))
    .map((name) => join("fixtures/models/small", name)),
  "fixtures/models/squeezenet.onnx",
].map((path) => readFileSync(path));

/** Anything but a thrown exception is fine; a failure must say what is wrong, in one line. */
function expectCoded(result: Result<unknown>): void {
  if (!result.ok) {
    for (const { code, message, exit } of result.error) {
      expect(code).toMatch(/^[a-z0-9-]+$/);
      expect(message.length).toBeGreaterThan(0);
      expect([1, 2, 3, 4]).toContain(exit);
    }
  }
}

const PROFILE = "fixtures/profiles/cpu-example/two-branch.profile.json";

const GRAPH = chain(12);

const BURSTS = [
  { ratePerSecond: 280, meanMs: 100 },
  { ratePerSecond: 40, meanMs: 300 },
];

/** Requests of every kind of process that is in one file. */
const ARRIVALS = {
  format: "top-compile/arrivals",
  version: 1,
  durationSeconds: 2,
  seed: 3,
  models: [
    {
      model: "a",
      objectiveMs: 20,
      batches: [1, 4],
      process: { kind: "poisson", ratePerSecond: 9 },
    },
    { model: "b", shed: { kind: "oldest", queue: 5 }, process: { kind: "mmpp", states: BURSTS } },
    {
      model: "c",
      shed: { kind: "deadline" },
      process: { kind: "diurnal", ratePerSecond: 50, swing: 0.5, periodSeconds: 3 },
    },
    { model: "d", process: { kind: "constant", ratePerSecond: 12.5 } },
  ],
};

/** Reads an arrivals file and draws what it asks for. */
function readAndDraw(path: string): Result<unknown> {
  const workload = readArrivals(path);
  if (workload.ok) {
    const { durationNs } = workload.value;
    const sample = { seed: 1, purpose: "held-out", episode: 0 } as const;
    for (const times of drawArrivals(workload.value, sample)) {
      expect(times.every((time, at) => time >= (times[at - 1] ?? 0) && time < durationNs)).toBe(
        true,
      );
    }
  }
  return workload;
}

const STAGE_PLACEMENT = {
  format: "top-compile/stage-placement",
  version: 1,
  devices: [{ name: "a" }, { name: "b", speed: 2, memory: 1000 }],
  blocks: [
    { id: "x", devices: ["a"], operators: GRAPH.operators.slice(0, 5).map(({ name }) => name) },
    { id: "y", devices: ["a", "b"], operators: ["*"], efficiency: 0.5 },
  ],
};

/** Reads a placement by hand and applies it to a model. */
function parseAndAssign(text: string, file: string): Result<unknown> {
  const spec = parseStageSpec(text, file);
  return spec.ok ? assignOperators(GRAPH, spec.value.blocks, file) : spec;
}

describe("damaged inputs", () => {
  it(`gives a model or a coded failure for each of ${CASES} damaged models`, async () => {
    const path = join(folder, "model.onnx");
    let refused = 0;
    let lowered = 0;
    for (let index = 0; index < CASES; index++) {
      const random = randomOf(SEED, index);
      const original = MODELS[random.integer(MODELS.length)] as Uint8Array;
      writeFileSync(path, mutate(original, random));
      try {
        const read = readModel(path);
        expectCoded(read);
        refused += read.ok ? 0 : 1;
        if (read.ok) {
          const low = await lowerModel(read.value, { dims: new Map() });
          expectCoded(low);
          if (low.ok) {
            lowered++;
            expect(verifyGraph(low.value.graph)).toEqual([]);
          }
        }
      } catch (error) {
        throw new Error(`case ${index} of seed ${SEED}`, { cause: error });
      }
    }
    expect(refused).toBeGreaterThan(0);
    expect(lowered).toBeGreaterThan(0);
  });

  /** Tensors in files of their own, of every kind that is read. */
  const TENSORS = [
    npyBytes(npyHeader("<f4", [4, 6]), new Float32Array(24)),
    npyBytes(npyHeader(">i8", [3, 2, 4], true), new BigInt64Array(24), 2),
    npyBytes(npyHeader("|b1", []), new Uint8Array(1), 3),
    tensorProto({ name: "x", dims: [2, 3], dataType: 1, rawData: new Uint8Array(24) }),
    tensorProto({ name: "x", dims: [4], dataType: 7, int64Data: [1, 2, 3, 4] }),
  ];

  it(`gives a tensor as its header says or a coded failure for each of ${CASES} damaged tensors`, () => {
    const path = join(folder, "tensor");
    let refused = 0;
    let read = 0;
    for (let index = 0; index < CASES; index++) {
      const random = randomOf(SEED, index);
      const bytes = mutate(TENSORS[random.integer(TENSORS.length)] as Uint8Array, random);
      writeFileSync(path, bytes);
      try {
        const tensor = readTensor(path);
        expectCoded(tensor);
        refused += tensor.ok ? 0 : 1;
        if (tensor.ok) {
          read++;
          expect(tensor.value.bytes.length).toBe(tensorBytes(tensor.value));
          expect(tensor.value.bytes.length).toBeLessThanOrEqual(8 * bytes.length);
        }
      } catch (error) {
        throw new Error(`case ${index} of seed ${SEED}`, { cause: error });
      }
    }
    expect(refused).toBeGreaterThan(0);
    expect(read).toBeGreaterThan(0);
  });

  it("gives requests in their order or coded failures for damaged arrivals and traces", () => {
    const path = join(folder, "arrivals.json");
    const trace = join(folder, "trace.txt");
    const traced = {
      ...ARRIVALS,
      models: [{ model: "e", process: { kind: "trace", file: trace } }],
    };
    const gaps = new TextEncoder().encode("90000\n1100.5\n70000\n13000\n95000\n1\n8800\n990\n");
    let refused = 0;
    let drawn = 0;
    for (let index = 0; index < CASES; index++) {
      const random = randomOf(SEED, index);
      const isTrace = index % 2 === 0;
      writeFileSync(trace, isTrace ? mutate(gaps, random) : gaps);
      const text = JSON.stringify(isTrace ? traced : ARRIVALS);
      writeFileSync(path, isTrace ? text : mutateJson(text, random));
      try {
        const result = readAndDraw(path);
        expectCoded(result);
        refused += result.ok ? 0 : 1;
        drawn += result.ok ? 1 : 0;
      } catch (error) {
        throw new Error(`case ${index} of seed ${SEED}`, { cause: error });
      }
    }
    expect(refused).toBeGreaterThan(CASES / 8);
    expect(drawn).toBeGreaterThan(0);
  });

  const placement = buildShape("k", { devices: 4, memory: 6 });
  it.each([
    ["placements", placement.ok ? encodePlacement(placement.value) : "", parsePlacement],
    ["artifacts", encodeArtifact(ARTIFACT), parseArtifact],
    ["profiles", readFileSync(PROFILE, "utf8"), parseProfile],
    ["stage placements", JSON.stringify(STAGE_PLACEMENT), parseAndAssign],
    [
      "device models",
      JSON.stringify({ format: "top-compile/device-model", version: 1, ...H200 }),
      parseDeviceModel,
    ],
  ] as const)("gives %s or coded failures for damaged JSON", (_kind, text, parse) => {
    let refused = 0;
    for (let index = 0; index < CASES; index++) {
      const result = parse(mutateJson(text, randomOf(SEED, index)), "case.json");
      expectCoded(result);
      refused += result.ok ? 0 : 1;
    }
    expect(refused).toBeGreaterThan(CASES / 4);
  });
});
