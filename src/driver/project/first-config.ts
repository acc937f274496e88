/** A first configuration, from what is in a folder. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { readText, writeText } from "../../core/files.js";
import { findFiles } from "../../core/find-files.js";
import { encodeDocument } from "../../core/json-document.js";
import { fail, ok, type Result } from "../../core/result.js";
import { PLACEMENT_KIND } from "../../placement/placement-format.js";
import { CONFIG_KIND, type Target } from "./config-format.js";
import { configExists, nothingToBuild } from "./failures.js";
import { placeholdersOf } from "./templates.js";

/** Largest file that is looked at, in bytes. */
const MOST_BYTES = 64 * 2 ** 20;

/** A file of ours begins with its format, in this many characters. */
const HEAD = 200;

/** The format of profiles of a CPU. */
const PROFILE = "top-compile/profile";

/** A first configuration that was written. */
export interface FirstConfig {
  readonly file: string;
  readonly targets: readonly Target[];
}

/**
 * Writes a first configuration: schedules of all models below the folder of `file`, from their
 * profiles where they have some (`<model>.profile.json`), else for the GPU `device`; and of all
 * placements. Nothing is overwritten.
 *
 * Fails: `config-exists`, `nothing-to-build`, and as `writeText`.
 */
export function writeFirstConfig(
  file: string,
  folder: string,
  device: string,
): Result<FirstConfig> {
  if (existsSync(file)) {
    return fail([configExists(file)]);
  }
  const targets = firstTargets(folder, device);
  if (targets.length === 0) {
    return fail([nothingToBuild(folder)]);
  }
  const config = encodeDocument({ $schema: SCHEMA, targets }, CONFIG_KIND);
  const written = writeText(file, config, { force: false, format: CONFIG_KIND.format });
  return written.ok ? ok({ file, targets }) : written;
}

/** Where the schema lies in a project that has this package. */
const SCHEMA = "./node_modules/top-compile/docs/schema/config.schema.json";

function firstTargets(folder: string, device: string): readonly Target[] {
  const models = findFiles(folder, "**/*.onnx");
  const measured = models.filter((model) => isOfFormat(join(folder, profileOf(model)), PROFILE));
  const others = models.filter((model) => !measured.includes(model));
  const placements = findFiles(folder, "**/*.json").filter((path) =>
    isOfFormat(join(folder, path), PLACEMENT_KIND.format),
  );
  const out = "{folder}/{model}.{device}.schedule.json";
  const profile = "{folder}/{model}.profile.json";
  const ofMeasured = { command: "compile", models: measured, devices: ["cpu"], profile, out };
  const patterns = measured.length === 0 ? patternsOf(others, "*.onnx") : others;
  const ofOthers = { command: "compile", models: patterns, devices: [device], out };
  return [
    ...(measured.length === 0 ? [] : [ofMeasured as Target]),
    ...(others.length === 0 ? [] : [ofOthers as Target]),
    ...(placements.length === 0 ? [] : [{ command: "search", placements } as const]),
  ];
}

function profileOf(model: string): string {
  const { folder = "", model: name = "" } = placeholdersOf("model", model);
  return join(folder, `${name}.profile.json`);
}

/** A pattern for the files of each folder. */
function patternsOf(files: readonly string[], name: string): readonly string[] {
  const folders = new Set(files.map((file) => file.slice(0, file.lastIndexOf("/") + 1)));
  return [...folders].map((folder) => `${folder}${name}`);
}

function isOfFormat(path: string, format: string): boolean {
  const source = existsSync(path) ? readText(path, MOST_BYTES) : undefined;
  return source?.ok === true && source.value.slice(0, HEAD).includes(`"${format}"`);
}
