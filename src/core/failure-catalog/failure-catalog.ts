/**
 * The closed catalog of failure codes: every code that a command can end with, its exit status, and
 * its meaning. The type of `Failure` is made from it, so that a code that is missing here, or has
 * another status, does not compile. `docs/failures.md` is written from it.
 */
import { BUILD_FAILURES } from "./build-failures.js";
import type { CatalogSection } from "./catalog-entry.js";
import { COMMAND_FAILURES } from "./command-failures.js";
import { EXPORT_FAILURES } from "./export-failures.js";
import { GPU_FAILURES } from "./gpu-failures.js";
import { IMPORT_FAILURES } from "./import-failures.js";
import { MODEL_FAILURES } from "./model-failures.js";
import { PIPELINE_FAILURES } from "./pipeline-failures.js";
import { RUNTIME_FAILURES } from "./runtime-failures.js";
import { SCHEDULE_FAILURES } from "./schedule-failures.js";
import { SERVING_FAILURES } from "./serving-failures.js";

/** Every code, by subject in the order in which users meet them, then by name. */
export const FAILURE_CATALOG: Readonly<Record<string, CatalogSection>> = {
  "Commands and files": COMMAND_FAILURES,
  Models: MODEL_FAILURES,
  "Measuring and running": RUNTIME_FAILURES,
  "Importing measurements": IMPORT_FAILURES,
  GPUs: GPU_FAILURES,
  Schedules: SCHEDULE_FAILURES,
  Pipelines: PIPELINE_FAILURES,
  Serving: SERVING_FAILURES,
  Exports: EXPORT_FAILURES,
  Builds: BUILD_FAILURES,
};

type AllEntries = typeof COMMAND_FAILURES &
  typeof MODEL_FAILURES &
  typeof RUNTIME_FAILURES &
  typeof IMPORT_FAILURES &
  typeof GPU_FAILURES &
  typeof SCHEDULE_FAILURES &
  typeof PIPELINE_FAILURES &
  typeof SERVING_FAILURES &
  typeof EXPORT_FAILURES &
  typeof BUILD_FAILURES;

/** A code of the catalog. */
export type AnyFailureCode = keyof AllEntries;

/** The codes with an exit status. */
export type FailureCodeOf<E extends number> = {
  [Code in AnyFailureCode]: AllEntries[Code]["exit"] extends E ? Code : never;
}[AnyFailureCode];
