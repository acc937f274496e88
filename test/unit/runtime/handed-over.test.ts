/** Values that no session can hand to another stay inside one, in every schedule and every stage. */
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import type { DeviceModel } from "../../../src/cost/device-model.js";
import { deviceModelNamed } from "../../../src/cost/device-models/catalog.js";
import { lowerModel } from "../../../src/onnx/lower.js";
import type { LoweredModel } from "../../../src/onnx/lowered-model.js";
import { readModel } from "../../../src/onnx/read-model.js";
import { checkSent, stageBorders } from "../../../src/onnx/stage-models.js";
import { modelInputs, modelOutputsOf, workerPlanOf } from "../../../src/profile/worker-plan-of.js";
import { compareOutputs } from "../../../src/runtime/compare-outputs.js";
import { createCpuExecutor } from "../../../src/runtime/cpu-executor.js";
import { checkOutputs, isHandedOver, sessionGroups } from "../../../src/runtime/handed-over.js";
import { randomFeeds } from "../../../src/runtime/random-feeds.js";
import { isPassed } from "../../../src/runtime/tensor-data.js";
import { searchOperatorSchedules } from "../../../src/search/operator/candidates.js";
import { type CutOptions, cutModel, type ShapeLayout } from "../../../src/staging/cut-model.js";
import { estimatedCosts } from "../../../src/staging/model-costs.js";
import { handOverProblems, stageHandOverProblems } from "../../../src/verify/hand-over-problems.js";
import { freeWorkers } from "../../support/arbitrary-graphs.js";
import { durations } from "../../support/graphs.js";
import { SKIP_REASON } from "../../support/onnx-runtime.js";

const FOLDER = resolve(import.meta.dirname, "../../../fixtures/cases/onnx");

/** Each with the values that stay inside a session, as its operators define them. */
const CASES: readonly (readonly [string, readonly string[]])[] = [
  ["sequence-ops", ["sq", "sq2"]],
  ["sequence-branches", ["sq"]],
  ["sequence-construct", ["sq", "e"]],
  ["bfloat16-branches", ["q"]],
  ["float8-branches", ["q"]],
  ["int4-branches", ["q"]],
  ["quantize-float8", ["q"]],
  ["name-proto", ["__proto__"]],
];

async function lower(name: string): Promise<LoweredModel> {
  const model = readModel(join(FOLDER, name, "model.onnx"));
  const lowered = model.ok ? await lowerModel(model.value, { dims: new Map() }) : model;
  if (!lowered.ok) {
    throw new Error(lowered.error[0].message);
  }
  return lowered.value;
}

function h200(): DeviceModel {
  const device = deviceModelNamed("h200");
  if (device === undefined) {
    throw new Error("the device model h200 comes with the tool");
  }
  return device;
}

function layoutOf(stages: number): ShapeLayout {
  const devices = Array.from({ length: stages }, (_, at) => ({
    name: `d${at}`,
    speed: 1,
    memoryBytes: undefined,
  }));
  return { kind: "shape", shape: "v", devices, chunks: undefined };
}

const CUT: CutOptions = {
  training: undefined,
  link: undefined,
  microBatches: 4,
  tensorEfficiency: 1,
  method: "chain-dp",
  fineTune: undefined,
  seed: 1,
};

/** All candidates where operators take long and threads cost nothing, so that branches are split. */
function candidates(lowered: LoweredModel, groupOf?: Int32Array) {
  const { graph } = lowered;
  const costs = durations(graph.operators.map(() => 1_000_000));
  const options = { workers: freeWorkers(3), evaluations: 50, ...(groupOf && { groupOf }) };
  return searchOperatorSchedules({ graph, costs }, options).ranked.map(({ schedule }) => schedule);
}

describe("values that no session can hand over", () => {
  it.each(CASES)("of %s are %s", async (name, inside) => {
    const lowered = await lower(name);
    const crosses = isHandedOver(lowered);
    const kept = lowered.graph.tensors.filter((tensor) => !crosses(tensor));
    expect(kept.map((tensor) => tensor.name)).toEqual(inside);
    for (const { producer, consumers } of kept) {
      const groupOf = sessionGroups(lowered);
      const groups = [producer ?? -1, ...consumers].map((id) => groupOf[id]);
      expect(new Set(groups).size).toBe(1);
    }
  });

  it.each(CASES)("of %s are verified to stay where they are", async (name, inside) => {
    const lowered = await lower(name);
    const torn = candidates(lowered).flatMap((schedule) => handOverProblems(lowered, schedule));
    for (const problem of torn) {
      expect(inside.some((value) => problem.startsWith(`"${value}" `))).toBe(true);
    }
    const kept = candidates(lowered, sessionGroups(lowered));
    expect(kept.flatMap((schedule) => handOverProblems(lowered, schedule))).toEqual([]);
  });

  it("are found by the verifier in schedules that part them", async () => {
    for (const name of ["sequence-branches", "bfloat16-branches", "int4-branches"]) {
      const lowered = await lower(name);
      const torn = candidates(lowered).map((schedule) => handOverProblems(lowered, schedule));
      expect(torn.some((problems) => problems.length > 0)).toBe(true);
    }
  });

  it.each(CASES)("of %s are between no stages", async (name) => {
    const lowered = await lower(name);
    const costs = { ...estimatedCosts(lowered, h200(), "tf32"), crosses: isPassed };
    const units = new Set(sessionGroups(lowered)).size;
    for (const stages of [2, 3, lowered.graph.operators.length]) {
      const cut = cutModel(lowered, costs, layoutOf(stages), CUT);
      expect(cut.ok).toBe(stages <= units);
      const problems = cut.ok ? stageHandOverProblems(lowered, cut.value.partition) : [];
      expect(problems).toEqual([]);
      expect(cut.ok ? "" : cut.error[0].code).toBe(cut.ok ? "" : "more-stages-than-operators");
    }
    const alone = lowered.graph.operators.map((_, at) => at);
    const borders = stageBorders(lowered, alone, alone.length);
    const refused = checkSent(lowered, borders, isPassed);
    expect(refused.ok ? "" : refused.error[0].code).toMatch(/^stage-boundary-/);
    expect(
      stageHandOverProblems(lowered, { stageOf: Int32Array.from(alone), stageCount: alone.length }),
    ).not.toEqual([]);
  });

  it("are named when they are outputs of the model", async () => {
    for (const [name, code, output] of [
      ["sequence-output", "output-not-tensor", "s"],
      ["optional-output", "output-not-tensor", "o"],
      ["sequence-branches", "", ""],
    ] as const) {
      const checked = checkOutputs(await lower(name));
      expect(checked.ok ? "" : checked.error[0].code).toBe(code);
      expect(checked.ok ? "" : checked.error[0].where).toContain(output);
    }
  });

  it.skipIf(SKIP_REASON !== undefined).each(CASES)(
    "let every candidate of %s run",
    async (name) => {
      const lowered = await lower(name);
      const feeds = randomFeeds(modelInputs(lowered), 3);
      const [reference, ...others] = candidates(lowered, sessionGroups(lowered)).reverse();
      const run = async (schedule: typeof reference) => {
        const plan = schedule === undefined ? undefined : workerPlanOf(lowered, schedule);
        const executor = plan?.ok === true ? await createCpuExecutor(plan.value) : undefined;
        if (executor?.ok !== true || !feeds.ok) {
          throw new Error("the schedule does not load");
        }
        const ran = await executor.value.run(feeds.value);
        await executor.value.close();
        if (!ran.ok) {
          throw new Error(ran.error[0].message);
        }
        return modelOutputsOf(lowered, ran.value.outputs);
      };
      const wanted = await run(reference);
      expect(wanted.size).toBe(lowered.model.graph.outputs.length);
      for (const schedule of others) {
        expect(compareOutputs(wanted, await run(schedule)).identical).toBe(true);
      }
    },
  );
});
