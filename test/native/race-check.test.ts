/**
 * The check that decides whether a schedule races, over the stand-in, which runs what is ready in random
 * order: a wait that is removed must show. Nothing here reads a clock, so the chance is the same each time.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { present } from "../../src/core/invariant.js";
import { seededRandom } from "../../src/core/random.js";
import { emitModel } from "../../src/kernels/emit.js";
import { precisionPlan } from "../../src/kernels/precision.js";
import type { LoweredModel } from "../../src/onnx/lowered-model.js";
import { checkGpuSchedule } from "../../src/profile/gpu/check-gpu-schedule.js";
import { oneStream } from "../../src/profile/gpu/measure-gpu-schedules.js";
import { modelInputs } from "../../src/profile/worker-plan-of.js";
import { buildProgram } from "../../src/runtime/cuda/program/program.js";
import { DeviceSession } from "../../src/runtime/cuda/session/device-session.js";
import { randomFeeds } from "../../src/runtime/random-feeds.js";
import type { OperatorSchedule } from "../../src/schedule/operator-schedule.js";
import { verifyOperatorSchedule } from "../../src/schedule/verify-operator-schedule.js";
import { composeSchedule } from "../../src/search/operator/waits.js";
import { BUILD_TIMEOUT_MS, helperPath, noCompiler, testHelper } from "../support/native-helper.js";
import { loweredTinyModel, type TinyNode, tinyModel } from "../support/tiny-model.js";

const FOLDER = mkdtempSync(join(tmpdir(), "race-check-"));
afterAll(() => rmSync(FOLDER, { recursive: true }));

const DIMS = [4];
const TYPES = ["Relu", "Neg", "Abs", "Sigmoid"];

/** Operators of which each reads one or two before it; the last one reads all that nobody else does. */
async function randomModel(operators: number, seed: number): Promise<LoweredModel> {
  const random = seededRandom(seed);
  const unread = new Set<string>();
  const nodes: TinyNode[] = [];
  const pick = (): string => (nodes.length === 0 ? "x" : `t${random.integer(nodes.length)}`);
  for (let i = 0; i < operators; i++) {
    const isPair = nodes.length > 1 && random.integer(2) === 0;
    const inputs = isPair ? [pick(), pick()] : [pick()];
    const type = isPair ? "Add" : present(TYPES[random.integer(TYPES.length)], "type");
    for (const input of inputs) {
      unread.delete(input);
    }
    nodes.push({ type, inputs, outputs: [`t${i}`] });
    unread.add(`t${i}`);
  }
  nodes.push({ type: "Sum", inputs: [...unread], outputs: ["y"] });
  return tinyLowered({
    nodes,
    inputs: [{ name: "x", dims: DIMS }],
    outputs: [{ name: "y", dims: DIMS }],
  });
}

function scattered({ graph }: LoweredModel, streams: number, seed: number): OperatorSchedule {
  const random = seededRandom(seed);
  return composeSchedule(graph, "scattered", {
    order: Int32Array.from(graph.operators.keys()),
    streamOf: Int32Array.from(graph.operators.keys(), () => random.integer(streams)),
  });
}

/** The schedule without one of its waits, for each of them. */
function withoutEachWait(schedule: OperatorSchedule): readonly OperatorSchedule[] {
  return schedule.launches.flatMap(({ waits }, at) =>
    waits.map((removed) => ({
      ...schedule,
      launches: schedule.launches.map((launch, i) =>
        i === at ? { ...launch, waits: launch.waits.filter((each) => each !== removed) } : launch,
      ),
    })),
  );
}

async function tinyLowered(model: Parameters<typeof tinyModel>[0]): Promise<LoweredModel> {
  const { lowered, remove } = await loweredTinyModel(tinyModel(model));
  // No weights: nothing of the file is read again.
  remove();
  return lowered;
}

describe.skipIf(noCompiler !== undefined)(`race check (${noCompiler ?? ""})`, () => {
  beforeAll(helperPath, BUILD_TIMEOUT_MS);

  /** Checks right schedules, and all schedules that lack a wait: how many of how many show. */
  async function triesOf(models: readonly LoweredModel[], repeat: number) {
    const helper = await testHelper({ env: { STAND_IN_SEED: "3" } });
    let [right, wrong, caught] = [0, 0, 0];
    try {
      for (const [seed, lowered] of models.entries()) {
        const model = emitModel(lowered, {
          floats: "f32",
          estimateUnsupported: false,
        });
        const feeds = randomFeeds(modelInputs(lowered), 1);
        const program = buildProgram(
          present(model.ok ? model.value : undefined, "code"),
          precisionPlan("ieee"),
          { kind: "none" },
        );
        const session = await DeviceSession.open(
          helper,
          program,
          present(feeds.ok ? feeds.value : undefined, "feeds"),
          { device: 0, folder: FOLDER },
        );
        const on = present(session.ok ? session.value : undefined, JSON.stringify(session));
        const plain = await on.run(oneStream(lowered.graph));
        const outputs = present(plain.ok ? plain.value : undefined, JSON.stringify(plain));
        const isIdentical = async (schedule: OperatorSchedule): Promise<boolean> => {
          const check = await checkGpuSchedule(on, schedule, outputs, undefined);
          return present(check.ok ? check.value : undefined, JSON.stringify(check))
            .isReplayIdentical;
        };
        const schedule = scattered(lowered, 2 + (seed % 3), seed + 1);
        right += (await isIdentical(schedule)) ? 1 : 0;
        for (const broken of withoutEachWait(schedule)) {
          expect(verifyOperatorSchedule(lowered.graph, broken)).not.toEqual([]);
          for (let i = 0; i < repeat; i++) {
            wrong++;
            caught += (await isIdentical(broken)) ? 0 : 1;
          }
        }
      }
    } finally {
      await helper.close();
    }
    return { right, wrong, caught };
  }

  it("finds a removed wait of two kernels in at least 9 of 10 tries", async () => {
    const lowered = await tinyLowered({
      nodes: [
        { type: "Sigmoid", inputs: ["x"], outputs: ["a"] },
        { type: "Neg", inputs: ["a"], outputs: ["b"] },
        { type: "Neg", inputs: ["b"], outputs: ["y"] },
      ],
      inputs: [{ name: "x", dims: DIMS }],
      outputs: [{ name: "y", dims: DIMS }],
    });
    const { right, wrong, caught } = await triesOf([lowered], 20);
    expect(right).toBe(1);
    expect(wrong).toBeGreaterThan(0);
    expect(caught).toBeGreaterThanOrEqual(0.9 * wrong);
  });

  it("finds any removed wait of many schedules in at least 9 of 10 tries", async () => {
    const models = [];
    for (let seed = 1; seed <= 4; seed++) {
      models.push(await randomModel(8 + 4 * seed, seed));
    }
    const { right, wrong, caught } = await triesOf(models, 1);
    expect(right).toBe(models.length);
    expect(wrong).toBeGreaterThan(20);
    expect(caught).toBeGreaterThanOrEqual(0.9 * wrong);
  });
});
