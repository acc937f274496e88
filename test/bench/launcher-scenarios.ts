/**
 * The scenarios of the launcher bench: models of the fixtures on a GPU by its data sheet, and models measured on a CPU, with
 * requests of every kind and loads from 0.4 to 1.1.
 */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { ArrivalProcess, Workload } from "../../dist/arrivals/workload.js";
import { estimatedProblem } from "../../dist/estimate/estimated-problem.js";
import { capacityOf } from "../../dist/launcher/capacity.js";
import { cpuProblemOf } from "../../dist/launcher/cpu-problem.js";
import { type ServingJob, servingJobOf } from "../../dist/launcher/serving-job.js";
import { type BatchedLowering, servingModelOf } from "../../dist/launcher/variant-library.js";
import { withKernelList } from "../../dist/onnx/fuse/fuse-operators.js";
import type { ServingProfile, ServingTiming } from "../../dist/profile/serving/serving-profile.js";
import { loadModelForBatch } from "../../dist/runtime/load-model.js";
import { capacityProblemOf } from "../../dist/schedule/serving/capacity-problem.js";
import type { ServingModel, ServingProblem } from "../../dist/schedule/serving/serving-model.js";
import { deviceNamed, fixturePath, unwrap, usualMath } from "./fixture-models.js";

/** How requests arrive, at a mean rate. */
export type Kind = "poisson" | "mmpp" | "diurnal" | "trace";

/** One scenario: the rates are `load` times what the models can sustain in the capacity program. */
export interface Scenario {
  /** `cpu`: that of `fixtures/measured/cpu-profiles.json`. */
  readonly device: string;
  readonly models: readonly string[];
  readonly kind: Kind;
  readonly load: number;
}

const TWO = ["squeezenet", "googlenet"];
const FOUR = ["squeezenet", "googlenet", "resnet50", "inception-v3"];

/** All scenarios. */
export const SCENARIOS: readonly Scenario[] = (
  [
    [["squeezenet"], "poisson", 0.8],
    [["squeezenet"], "mmpp", 0.6],
    [["googlenet"], "diurnal", 0.6],
    [["resnet50"], "trace", 0.4],
    [TWO, "poisson", 0.4],
    [TWO, "poisson", 0.8],
    [TWO, "mmpp", 0.6],
    [TWO, "diurnal", 0.7],
    [TWO, "trace", 0.6],
    [TWO, "poisson", 1.1],
    [FOUR, "poisson", 0.7],
    [FOUR, "mmpp", 0.5],
    [FOUR, "diurnal", 0.6],
    [["quantised"], "mmpp", 0.6, "cpu"],
    [["dlrm", "detector"], "poisson", 0.8, "cpu"],
    [["dlrm", "quantised"], "trace", 0.5, "cpu"],
    [["dlrm", "quantised", "squeezenet", "detector"], "diurnal", 0.7, "cpu"],
  ] as const
).map(([models, kind, load, device = "h200"]) => ({ device, models, kind, load }));

/** Batch sizes of every model on a GPU. */
const BATCHES = [1, 4, 16, 32];

/** Requests of a sample, all models together. */
const REQUESTS = 8000;

const libraries = new Map<string, ServingModel>();

/** A scenario as a job. */
export async function jobOf(scenario: Scenario): Promise<ServingJob> {
  const problem = scenario.device === "cpu" ? measuredProblem(scenario) : await problemOf(scenario);
  const { length } = problem.models;
  // Each model is asked for as often as it could be answered in its share of the time.
  const alone = problem.models.map((model) => {
    const single = { ...problem, models: [model] };
    return capacityOf(capacityProblemOf(single, [1])).attained / length;
  });
  const { attained } = capacityOf(capacityProblemOf(problem, alone));
  const rates = alone.map((rate) => rate * attained * scenario.load);
  return servingJobOf(problem, workloadOf(scenario, problem, rates));
}

function workloadOf(
  { models, kind }: Scenario,
  problem: ServingProblem,
  rates: readonly number[],
): Workload {
  const whole = rates.reduce((sum, rate) => sum + rate, 0);
  const durationNs = Math.round((REQUESTS / whole) * 1e9);
  return {
    models: models.map((model, at) => ({
      model,
      process: processOf(kind, rates[at] ?? 1, durationNs),
      objectiveNs: undefined,
      batches: problem.models[at]?.variants[0]?.runs.map(({ batch }) => batch) ?? [],
    })),
    durationNs,
    seed: undefined,
  };
}

/** Bursts, swings and a recorded sequence take their times from the length of a sample. */
function processOf(kind: Kind, ratePerSecond: number, durationNs: number): ArrivalProcess {
  switch (kind) {
    case "poisson":
      return { kind, ratePerSecond };
    case "diurnal":
      return { kind, ratePerSecond, swing: 0.6, periodNs: Math.round(durationNs / 4) };
    case "mmpp":
      return {
        kind,
        states: [
          { ratePerSecond: 1.6 * ratePerSecond, meanNs: durationNs / 30 },
          { ratePerSecond: 0.7 * ratePerSecond, meanNs: durationNs / 15 },
        ],
      };
    case "trace":
      return { kind, gapsNs: recordedGaps(ratePerSecond) };
  }
}

/** Gaps of a made-up record: groups of requests that come close together, with long gaps between. */
function recordedGaps(ratePerSecond: number): Float64Array {
  const mean = 1e9 / ratePerSecond;
  let state = 1;
  return Float64Array.from({ length: 40_000 }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const long = state % 16 === 0;
    return Math.round(mean * (long ? 8.5 : 0.5) * (0.5 + ((state >>> 8) & 0xff) / 255));
  });
}

async function problemOf({ device, models }: Scenario): Promise<ServingProblem> {
  const target = deviceNamed(device);
  const math = usualMath(target);
  const served: ServingModel[] = [];
  let interference = { arithmetic: 0, mixed: 0, bandwidth: 0 };
  for (const name of models) {
    const loweringOf = async (batch: number): Promise<BatchedLowering> => {
      const options = { dims: new Map<string, number>() };
      const lowered = unwrap(
        await loadModelForBatch(fixturePath(name), options, { batch, mayRewrite: true }),
      );
      return { batch, lowered: withKernelList(lowered, "patterns") };
    };
    const single = await loweringOf(1);
    interference = estimatedProblem(single.lowered, target, math).work.interference;
    const key = `${name} ${device}`;
    const known = libraries.get(key);
    const rest = known === undefined ? await Promise.all(BATCHES.slice(1).map(loweringOf)) : [];
    const model =
      known ?? servingModelOf(name, [single, ...rest], { device: target, math, seed: 1 });
    libraries.set(key, model);
    served.push(model);
  }
  const { memoryBytes } = target;
  return {
    device: {
      kind: "gpu",
      interference,
      ...(memoryBytes === undefined ? {} : { memoryBytes }),
    },
    models: served,
  };
}

/** What the record has of a model: busy sessions, and what waking a thread up takes. */
interface RecordedModel {
  readonly name: string;
  readonly profile: Pick<ServingProfile, "batches"> & {
    readonly wakeNs: number;
    readonly timings: readonly Omit<ServingTiming, "records">[];
  };
}

/** Measured models; the record has no single tasks, so times do not vary. */
function measuredProblem({ models }: Scenario): ServingProblem {
  const record = JSON.parse(
    readFileSync(resolve("fixtures/measured/cpu-profiles.json"), "utf8"),
  ) as { readonly machine: ServingProfile["device"]; readonly models: readonly RecordedModel[] };
  return cpuProblemOf(
    models.map((name) => {
      const found = record.models.find((each) => each.name === name);
      if (found === undefined) {
        throw new Error(`${name} is not in the record`);
      }
      const { wakeNs, batches, timings } = found.profile;
      const steady = timings.map((each) => {
        const times = { wakeNs, tasks: 1, usualNs: [each.meanNs], slowAt: [], slowNs: [] };
        return { ...each, records: [{ sessions: 1, ...times }] };
      });
      const profile = { device: record.machine, batches, timings: steady };
      return {
        name,
        profile,
        batches: batches.map((each) => each.batch),
      };
    }),
  );
}
