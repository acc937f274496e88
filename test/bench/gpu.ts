/**
 * Measured speed-ups over one stream on this machine's GPU.
 *
 *     npm run bench:gpu [-- MODELS [PRECISION [FOLDER [LIST [OTHERS]]]]]
 *
 * Models are names in fixtures/models, separated by commas; LIST is what one launch computes together (patterns
 * unless given). Each is measured in a helper of its own, and
 * the report (FOLDER/gpu-bench.json, build unless given) is written after each: one that fails is named in
 * it with the reason, and the next one starts. Only a missing driver, GPU, library or helper ends the run,
 * with status 4; with a model that failed the status is 1.
 *
 * Beside each model stand other runtimes, which a Python of this machine measures first (`first-hour/others.py`), or
 * which are in the file OTHERS. Our one-stream graph is a ratio of the best of them; without one, no speed-up is
 * quoted.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { performance } from "node:perf_hooks";
import { ok, type Result } from "../../dist/core/result.js";
import type { DriverContext } from "../../dist/driver/context.js";
import { measureOnCuda } from "../../dist/driver/cuda/measure-on-cuda.js";
import type { CudaTarget } from "../../dist/driver/cuda/with-device.js";
import { PRECISIONS } from "../../dist/kernels/precision.js";
import { FUSION_LISTS } from "../../dist/onnx/kernel-groups.js";
import { lowerModel } from "../../dist/onnx/lower.js";
import { readModel } from "../../dist/onnx/read-model.js";
import { encodeGpuProfile } from "../../dist/profile/gpu/gpu-profile-format.js";
import { obtainGpuHelper } from "../../dist/runtime/cuda/client/obtain-helper.js";
import { type MeasuredModel, measuredModel, summaryOf, tableOf } from "./gpu-report.js";
import { endsAll, lineOf } from "./needed-for-all.js";
import { measureOthers, type OthersReport, othersIn } from "./others.js";

const MODELS =
  "googlenet,inception-v3,squeezenet,randwire-1,resnet50,nasnet-a-large,t5-small,dlrm,bert-base,gpt2";
/** No model is started after this. */
const BUDGET_S = 420;
/** Where the helper is built. */
const CACHE = "build";

/** A model of which nothing was measured, and why. */
interface FailedModel {
  readonly model: string;
  readonly failed: string;
}

/** What came of a model; `isEnd`: the others need not be tried. */
type Outcome = { readonly row: MeasuredModel } | { readonly row: FailedModel; isEnd: boolean };

const [, , models = MODELS, precision = "tf32", folder = "build", list = "patterns", othersFile] =
  process.argv;

let others: OthersReport | undefined;

process.exitCode = await bench(models.split(/[ ,]+/));

/** Measures one model after the other; gives the exit status. */
async function bench(names: readonly string[]): Promise<number> {
  const started = performance.now();
  const elapsed = (): number => (performance.now() - started) / 1000;
  const rows: (MeasuredModel | FailedModel)[] = [];
  const measured: MeasuredModel[] = [];
  let longest = 0;
  for (const model of names) {
    const begin = elapsed();
    const outcome =
      begin + longest > BUDGET_S
        ? { row: { model, failed: "no time" }, isEnd: false }
        : await outcomeOf(model);
    longest = Math.max(longest, elapsed() - begin);
    rows.push(outcome.row);
    write("gpu-bench.json", `${JSON.stringify({ rows }, undefined, 2)}\n`);
    if ("isEnd" in outcome) {
      console.log(`${model}: ${outcome.row.failed}`);
    } else {
      measured.push(outcome.row);
      console.log(summaryOf(outcome.row));
    }
    if ("isEnd" in outcome && outcome.isEnd) {
      return 4;
    }
  }
  console.log(tableOf(measured));
  return measured.length === rows.length ? 0 : 1;
}

/** What was measured of a model, or why nothing: also our own mistakes, which must not end the others. */
async function outcomeOf(model: string): Promise<Outcome> {
  try {
    const measured = await measure(model);
    if (measured.ok) {
      return { row: measured.value };
    }
    const [failure] = measured.error;
    return { row: { model, failed: lineOf(failure) }, isEnd: endsAll(failure) };
  } catch (error) {
    return { row: { model, failed: String(error) }, isEnd: false };
  }
}

async function measure(name: string): Promise<Result<MeasuredModel>> {
  const model = readModel(join("fixtures/models", `${name}.onnx`));
  if (!model.ok) {
    return model;
  }
  const lowered = await lowerModel(model.value, { dims: new Map() });
  if (!lowered.ok) {
    return lowered;
  }
  const wish = { algorithm: undefined, remeasure: true };
  const profile = await measureOnCuda(lowered.value, target(), wish, context());
  if (!profile.ok) {
    return profile;
  }
  write(`gpu-bench/${name}.gpu-profile.json`, encodeGpuProfile(profile.value));
  others ??=
    othersFile === undefined
      ? measureOthers(models.split(/[ ,]+/), join(folder, "others.json"))
      : othersIn(othersFile);
  return ok(measuredModel(name, lowered.value, profile.value, others));
}

function target(): CudaTarget {
  const known = PRECISIONS.find((each) => each === precision);
  if (known === undefined) {
    throw new Error(`no precision ${precision}: ${PRECISIONS.join(", ")}`);
  }
  const fuse = FUSION_LISTS.find((each) => each === list);
  if (fuse === undefined) {
    throw new Error(`no kernel list ${list}: ${FUSION_LISTS.join(", ")}`);
  }
  return {
    device: 0,
    precision: known,
    estimateUnsupported: false,
    fuse,
    inputs: { seed: 1 },
  };
}

function context(): DriverContext {
  const { signal } = new AbortController();
  return {
    signal,
    onProgress: () => {},
    compute: async (work) => work(),
    onNote: (text) => console.error(text),
    startHelper: () => obtainGpuHelper({ cacheFolder: CACHE, env: process.env, signal }),
    profileFolder: join(folder, "gpu-bench"),
    tool: "top-compile bench",
  };
}

function write(name: string, text: string): void {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
