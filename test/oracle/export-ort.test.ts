/** What ONNX Runtime makes of our exports: the same outputs, bit for bit, in exactly our order. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { seededRandom } from "../../src/core/random.js";
import { exportOperatorsForOrt } from "../../src/export/ort/export-operators.js";
import { exportStagesForOrt } from "../../src/export/ort/export-stages.js";
import type { LoweredModel } from "../../src/onnx/lowered-model.js";
import { loadModel } from "../../src/runtime/load-model.js";
import { evenStages, modelPipeline } from "../support/model-pipelines.js";
import { SKIP_REASON } from "../support/onnx-runtime.js";
import {
  inFolder,
  type OutputBytes,
  runExported,
  runPlainly,
  runPlan,
  runWhole,
  type StagePlan,
  writeExport,
} from "../support/ort-export.js";
import { randomLaunches } from "../support/random-launches.js";
import { textModel } from "../support/text-model.js";
import { loweredTinyModel } from "../support/tiny-model.js";
import { value } from "../support/values.js";

/** Models whose weights are a few megabytes at most; `EXPORT_ALL=1` tries the others too. */
const MODELS = [
  "two-branch",
  "squeezenet",
  "small/control-flow",
  "small/duplicate-names",
  "small/external-data",
  "small/functions",
  "small/old-format",
  "small/quantised",
  "small/unsorted",
  ...(process.env["EXPORT_ALL"] === undefined
    ? []
    : [
        "googlenet",
        "inception-v3",
        "resnet50",
        "randwire-1",
        "randwire-2",
        "nasnet-a-large",
        "bert-base",
        "gpt2",
        "t5-small",
        "dlrm",
        "swin-t",
        "flava",
        "small/detector",
      ]),
];

const FIXTURES = join(import.meta.dirname, "../../fixtures/models");
const STREAMS = 3;

describe.skipIf(SKIP_REASON !== undefined)("an operator schedule for ONNX Runtime", () => {
  it.each(MODELS)("of %s runs in its order with the same outputs", async (name) => {
    const lowered = value(await loadModel(join(FIXTURES, `${name}.onnx`), { dims: new Map() }));
    const expected = await runWhole(lowered, "extended");
    for (const seed of [1, 2]) {
      await inFolder(async (folder) => {
        const plain = await exportAndRun(lowered, seed, folder);
        expect(plain.ran).toEqual(plain.planned);
        expect(plain.outputs).toEqual(expected);
        expect(plain.sideBySide).toEqual(expected);
      });
    }
  });
});

/** A product of three dims and a bias, in the graph and in both branches: ONNX Runtime gives all the same names. */
const BRANCHES = textModel({
  inputs: "x:f32[2,3,4]",
  outputs: "y:f32[2,3,4]",
  weights: "w:f32[4,4] v:f32[4,4]=1,0,2,0,1,1,0,2,0,1,0,2,2,1,0,1 b:f32[4] zero:f32[]=0",
  nodes: [
    "m = MatMul(x, w)",
    "l = Add(m, b)",
    "s = ReduceSum(l) keepdims=0",
    "c = Greater(s, zero)",
    "y = If(c) then_branch=more else_branch=less",
  ],
  bodies: {
    more: { outputs: "p:f32[2,3,4]", nodes: ["q = MatMul(l, v)", "p = Add(q, b)"] },
    less: { outputs: "r:f32[2,3,4]", nodes: ["t = MatMul(l, w)", "r = Add(t, b)"] },
  },
});

describe.skipIf(SKIP_REASON !== undefined)(
  "a model that ONNX Runtime optimizes to no model",
  () => {
    it("is optimized less", async () => {
      const { lowered, remove } = await loweredTinyModel(BRANCHES);
      await inFolder(async (folder) => {
        const { ran, planned, outputs, notes } = await exportAndRun(lowered, 1, folder);
        expect(notes).toContain(
          "optimized at the level disabled: ONNX Runtime does not read what it makes at extended",
        );
        expect(ran).toEqual(planned);
        expect(outputs).toEqual(await runWhole(lowered, "disabled"));
      });
      remove();
    });
  },
);

describe.skipIf(SKIP_REASON !== undefined)("stages for ONNX Runtime", () => {
  it.each(["squeezenet", "two-branch", "small/external-data"])(
    "of %s, run as the plan says, compute what the whole model does",
    async (name) => {
      const lowered = value(await loadModel(join(FIXTURES, `${name}.onnx`), { dims: new Map() }));
      const stageOf = evenStages(lowered, 2);
      // An id that is no name of a file.
      const ids = ["../stages.forward", "second.forward"];
      const pipeline = modelPipeline(lowered, { stageOf, devicesOf: [[0], [1]], ids });
      await inFolder(async (folder) => {
        writeExport(value(exportStagesForOrt(pipeline, "m", "cpu")), folder);
        const expected = await runWhole(lowered, "extended");
        expect(await runPlainly(lowered, join(folder, "m.stages.onnx"))).toEqual(expected);
        const plan: StagePlan = JSON.parse(readFileSync(join(folder, "m.pipeline.json"), "utf8"));
        const composed = await runPlan(lowered, folder, plan);
        expect(pick(composed, expected)).toEqual(expected);
        const runs = [0, 1, 2].map((microBatch) => ({ stage: "second", microBatch }));
        expect(plan.devices[1]).toEqual({ device: "d1", runs });
      });
    },
  );
});

function pick(outputs: OutputBytes, like: OutputBytes): OutputBytes {
  return new Map([...like.keys()].map((name) => [name, outputs.get(name) ?? "absent"]));
}

async function exportAndRun(lowered: LoweredModel, seed: number, folder: string) {
  const launches = randomLaunches(lowered.graph, STREAMS, seededRandom(seed));
  const operators = { streams: STREAMS, threadsPerStream: 1, launches };
  const exported = await inFolder(async (temporary) => {
    const made = value(await exportOperatorsForOrt({ lowered, operators, stem: "m" }, temporary));
    writeExport(made, folder);
    return made;
  });
  const names = exported.files.map((file) => file.name);
  const run = (session: string) => runExported(lowered, folder, { model: "m.ort.onnx", session });
  const { ran, outputs } = await run("m.session.json");
  const planned: readonly string[] = JSON.parse(
    readFileSync(join(folder, "m.order.json"), "utf8"),
  ).streams.flat();
  const sideBySide = names.includes("m.parallel.session.json")
    ? (await run("m.parallel.session.json")).outputs
    : outputs;
  return { ran, outputs, planned, sideBySide, notes: exported.notes };
}
