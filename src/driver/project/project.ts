import { dirname } from "node:path";
import { readText } from "../../core/files.js";
import type { JsonProblem } from "../../core/json-shape.js";
import { fail, ok, type Result } from "../../core/result.js";
import { MAX_CONFIG_BYTES, parseConfig } from "./config-format.js";
import { configInvalid } from "./failures.js";
import { FileDigests } from "./file-digests.js";
import { type BuildLock, lockFileOf, readLock } from "./lock-format.js";
import { type BuildPlan, type OptionWords, planBuild } from "./plan.js";

/** A configuration with what it makes, and the record of what was made. */
export interface Project {
  /** The folder of the configuration, where its commands run. */
  readonly folder: string;
  readonly plan: BuildPlan;
  readonly lockFile: string;
  readonly lock: BuildLock;
  readonly digests: FileDigests;
}

/** Most problems of a configuration that are reported: more say nothing new. */
const MOST_PROBLEMS = 50;

/** Opens the project of a configuration. Fails: `config-not-json`, `config-invalid`, `lock-invalid`, and as `readText`. */
export function openProject(config: string, optionWords: OptionWords): Result<Project> {
  const source = readText(config, MAX_CONFIG_BYTES);
  if (!source.ok) {
    return source;
  }
  const parsed = parseConfig(source.value, config);
  if (!parsed.ok) {
    return parsed;
  }
  const folder = dirname(config);
  const problems: JsonProblem[] = [];
  const plan = planBuild(parsed.value, folder, optionWords, problems);
  const [first, ...rest] = problems
    .slice(0, MOST_PROBLEMS)
    .map((problem) => configInvalid(config, problem));
  if (first !== undefined) {
    return fail([first, ...rest]);
  }
  const lockFile = lockFileOf(config);
  const lock = readLock(lockFile);
  return lock.ok
    ? ok({ folder, plan, lockFile, lock: lock.value, digests: new FileDigests(folder) })
    : lock;
}
