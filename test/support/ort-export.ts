import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stableJson } from "../../src/core/stable-json.js";
import type { Exported } from "../../src/export/export-format.js";
import { writeWholeModel } from "../../src/onnx/extract-submodel.js";
import type { LoweredModel } from "../../src/onnx/lowered-model.js";
import { withEscapedNames } from "../../src/profile/profiler-events.js";
import { modelInputs } from "../../src/profile/worker-plan-of.js";
import { bindSession, createSession, type RuntimeSession } from "../../src/runtime/onnx-runtime.js";
import { randomFeeds } from "../../src/runtime/random-feeds.js";
import type { TensorData } from "../../src/runtime/tensor-data.js";
import { onnxRuntime } from "./onnx-runtime.js";
import { value } from "./values.js";

/** Outputs of a run, as bytes by name. */
export type OutputBytes = ReadonlyMap<string, string>;

/** A run of exported files. */
export interface ExportedRun {
  readonly outputs: OutputBytes;
  /** Names of the main graph's nodes in the order in which their kernels began. */
  readonly ran: readonly string[];
}

/** Runs `use` on a folder that is there until it returns. */
export async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "export-"));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Writes an export into a folder. */
export function writeExport({ files }: Exported, folder: string): void {
  for (const file of files) {
    const path = join(folder, file.name);
    if ("content" in file) {
      writeFileSync(path, file.content);
    } else {
      value(file.write(path));
    }
  }
}

/** Runs the whole model as ONNX Runtime does at a level, on one thread. */
export async function runWhole(
  lowered: LoweredModel,
  level: "disabled" | "extended",
): Promise<OutputBytes> {
  const runtime = onnxRuntime();
  const model = value(writeWholeModel(lowered));
  const session = value(await createSession(runtime, model, { level }, "whole"));
  return outputsOf(session, lowered);
}

/** Runs a model file as ONNX Runtime does at the level `extended`, on one thread. */
export async function runPlainly(lowered: LoweredModel, path: string): Promise<OutputBytes> {
  const options = { level: "extended" } as const;
  const session = value(await createSession(onnxRuntime(), path, options, "exported"));
  return outputsOf(session, lowered);
}

/** The plan of a pipeline, as it is exported. */
export interface StagePlan {
  readonly stages: readonly {
    readonly stage: string;
    readonly model: string;
    readonly session: string;
    readonly inputs: readonly string[];
    readonly outputs: readonly string[];
  }[];
  readonly devices: readonly { readonly device: string; readonly runs: readonly object[] }[];
}

/** Runs the stages of a plan one after the other, with the session options beside it. */
export async function runPlan(
  lowered: LoweredModel,
  folder: string,
  { stages }: StagePlan,
): Promise<OutputBytes> {
  const runtime = onnxRuntime();
  const known = new Map<string, TensorData>(value(randomFeeds(modelInputs(lowered), 1)));
  for (const { model, session: file, inputs, outputs } of stages) {
    const options = JSON.parse(readFileSync(join(folder, file), "utf8"));
    const session = await runtime.create(join(folder, model), { ...options, logSeverityLevel: 4 });
    if (inputs.join("\n") !== session.inputNames.join("\n")) {
      throw new Error(`${model} reads ${session.inputNames.join()}`);
    }
    const bound = bindSession(runtime, session, known, model);
    const made = value(await bound.run());
    for (const name of outputs) {
      const data = made.get(name);
      if (data === undefined) {
        throw new Error(`${model} does not give "${name}"`);
      }
      known.set(name, { ...data, bytes: Uint8Array.from(data.bytes) });
    }
    await bound.release();
  }
  return new Map([...known].map(([name, data]) => [name, printed(data)]));
}

/** Runs an exported model with the options of an exported file, as a user does. */
export async function runExported(
  lowered: LoweredModel,
  folder: string,
  files: { readonly model: string; readonly session: string },
): Promise<ExportedRun> {
  const options = JSON.parse(readFileSync(join(folder, files.session), "utf8"));
  const plan = join(folder, options.extra.session.node_partition_config_file);
  const streams: readonly (readonly string[])[] = JSON.parse(readFileSync(plan, "utf8")).streams;
  const session = await onnxRuntime().create(join(folder, files.model), {
    ...options,
    logSeverityLevel: 4,
    enableProfiling: true,
    profileFilePrefix: join(folder, "profile"),
    extra: { session: { node_partition_config_file: plan } },
  });
  const outputs = await outputsOf(session, lowered, () => session.endProfiling());
  const profile = readdirSync(folder).find((name) => name.startsWith("profile_")) ?? "";
  const names = streams.flat();
  const text = withEscapedNames(readFileSync(join(folder, profile), "utf8"), names);
  rmSync(join(folder, profile));
  return { outputs, ran: orderIn(text, new Set(names)) };
}

/** Begins of kernels by name. Nodes of bodies, which are reported too, have other names. */
function orderIn(text: string, names: ReadonlySet<string>): readonly string[] {
  const events = JSON.parse(text) as readonly { readonly name: string; readonly ts: number }[];
  return events
    .filter(({ name }) => name.endsWith("_kernel_time"))
    .map(({ name, ts }, at) => ({ name: name.slice(0, -"_kernel_time".length), ts, at }))
    .filter(({ name }) => names.has(name))
    .sort((a, b) => a.ts - b.ts || a.at - b.at)
    .map(({ name }) => name);
}

async function outputsOf(
  session: RuntimeSession,
  lowered: LoweredModel,
  afterwards: () => void = () => undefined,
): Promise<OutputBytes> {
  const feeds = value(randomFeeds(modelInputs(lowered), 1));
  const bound = bindSession(onnxRuntime(), session, feeds, "exported");
  const outputs = value(await bound.run());
  const bytes = new Map([...outputs].map(([name, data]) => [name, printed(data)]));
  afterwards();
  await bound.release();
  return bytes;
}

function printed({ elementType, dims, bytes }: TensorData): string {
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64");
  return stableJson([elementType, [...dims], hex]);
}
