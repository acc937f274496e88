import { readText } from "../core/files.js";
import type { Result } from "../core/result.js";
import type { ScheduleArtifact } from "./artifact.js";
import { MAX_ARTIFACT_BYTES, parseArtifact } from "./artifact-format.js";

/**
 * The artifact in a file.
 *
 * Fails: `file-unreadable`, `file-too-large`, `file-not-text`, `schedule-not-json`, `schedule-invalid`.
 */
export function readArtifact(file: string): Result<ScheduleArtifact> {
  const text = readText(file, MAX_ARTIFACT_BYTES);
  return text.ok ? parseArtifact(text.value, file) : text;
}
