import type { ScheduleArtifact } from "../artifact/artifact.js";
import { operatorsProblems } from "./operators-problems.js";
import { provenanceProblems } from "./provenance-problems.js";
import { verifyPipeline } from "./verify-pipeline.js";

/**
 * What is wrong with an artifact in a file by itself, without its model, in words that begin with the
 * place: part of what `verify` finds.
 *
 * Cost: without searching, simulating or reading a file.
 */
export function contradictionsIn(artifact: ScheduleArtifact, file: string): readonly string[] {
  const inside = [...provenanceProblems(artifact), ...operatorsProblems(artifact)];
  if (inside.length > 0 || artifact.pipeline === undefined) {
    return inside;
  }
  const checked = verifyPipeline(artifact.pipeline, file);
  return checked.ok ? [] : checked.error.map(({ message }) => message);
}
