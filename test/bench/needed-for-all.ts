/** What ends a run on the GPU: failures after which nothing else can go better. */
import type { Failure } from "../../dist/core/failure.js";

const CODES: ReadonlySet<string> = new Set([
  "cuda-driver-missing",
  "cuda-driver-too-old",
  "cuda-library-missing",
  "gpu-missing",
  "helper-compiler-missing",
  "helper-folder-refused",
  "helper-not-built",
  "helper-not-started",
  "helper-sources-missing",
  "helper-version-wrong",
]);

/** Whether driver, device, library or helper are missing; any other failure is one answer less. */
export function endsAll({ code }: Failure): boolean {
  return CODES.has(code);
}

/** A failure in one line. */
export function lineOf({ code, message, where }: Failure): string {
  return `${code}: ${where === undefined ? "" : `${where}: `}${message}`;
}
