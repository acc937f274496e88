import type { ScheduleArtifact } from "../artifact/artifact.js";
import { launcherProblems } from "./launcher-problems.js";
import { operatorsProblems } from "./operators-problems.js";
import { provenanceProblems } from "./provenance-problems.js";
import { verifyPipeline } from "./verify-pipeline.js";

/**
 * Contradictions inside an artifact, found without its model, each a sentence that begins with the
 * place: a part of the problems that `verify` finds. Does not search, simulate or read files.
 */
export function contradictionsIn(artifact: ScheduleArtifact, file: string): readonly string[] {
  const inside = [
    ...provenanceProblems(artifact),
    ...operatorsProblems(artifact),
    ...launcherProblems(artifact),
  ];
  if (inside.length > 0 || artifact.pipeline === undefined) {
    return inside;
  }
  const checked = verifyPipeline(artifact.pipeline, file);
  return checked.ok ? [] : checked.error.map(({ message }) => message);
}
