/**
 * Predictions for a CPU beside measurements on this machine, for docs/fidelity.md:
 *
 *   npm run bench:cpu-fidelity [-- <model> ...]
 *
 * Run it on a machine that does nothing else. Each model's rows go to `build/cpu-fidelity`; when all are
 * there they become `fixtures/measured/cpu-schedules.json`, from which `npm run bench:fidelity` prints.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stableJson } from "../../../src/core/stable-json.js";
import { thisMachine } from "../../../src/profile/profile-key.js";
import { loadOnnxRuntime } from "../../../src/runtime/onnx-runtime.js";
import { CPU_RECORD, type CpuRecord } from "../fidelity/cpu.js";
import { errorsOf } from "../fidelity/errors.js";
import { type MeasuredModel, measureModel } from "./measure-model.js";
import { BENCH_MODELS } from "./models.js";

const FOLDER = "build/cpu-fidelity";

const wanted = process.argv.slice(2);
mkdirSync(FOLDER, { recursive: true });
for (const model of BENCH_MODELS) {
  if (wanted.length > 0 && !wanted.includes(model.name)) {
    continue;
  }
  const { measured, raw } = await measureModel(model);
  writeFileSync(join(FOLDER, `${model.name}.json`), JSON.stringify(measured));
  writeFileSync(join(FOLDER, `${model.name}.raw.json`), JSON.stringify(raw));
  console.log(summary(measured));
}
const paths = BENCH_MODELS.map(({ name }) => join(FOLDER, `${name}.json`));
if (paths.every(existsSync)) {
  const runtime = await loadOnnxRuntime();
  const { processor, logicalCores, architecture, node } = thisMachine();
  const record: CpuRecord = {
    machine: {
      processor,
      logicalCores,
      architecture,
      node,
      onnxruntime: runtime.ok ? runtime.value.version : "",
    },
    models: paths.map((path) => JSON.parse(readFileSync(path, "utf8")) as MeasuredModel),
  };
  writeFileSync(CPU_RECORD, stableJson(record as never));
}
process.exit(0);

function summary({ name, othersShare, schedules }: MeasuredModel): string {
  const pairs = schedules.map(({ predictedNs, measuredNs }) => ({
    predicted: predictedNs,
    measured: measuredNs,
  }));
  const { error, bias, rank } = errorsOf(pairs);
  return `${name}: ${pairs.length} schedules, median error ${(100 * error).toFixed(0)} %, bias ${bias.toFixed(2)}, rank ${rank?.toFixed(2)}, others ${othersShare.toFixed(2)}`;
}
