import type { ScheduleArtifact } from "../../artifact/artifact.js";
import { readArtifact } from "../../artifact/read-artifact.js";
import { fail, ok, type Result } from "../../core/result.js";
import { readPlacement } from "../../placement/parse-placement.js";
import { measuredMakespanNs } from "../../report/imported-schedule.js";
import { renderPipelineCompared } from "../../report/pipeline-compared.js";
import { type ComparedSchedule, comparePipelines } from "../../report/pipeline-comparison.js";
import { contradictionsIn } from "../../verify/contradictions.js";
import { sectionMissing } from "../../verify/failures.js";
import type { CommandOutcome } from "../command.js";
import { EXIT } from "../exit-code.js";
import type { Session } from "../session.js";

/**
 * Prints the pipeline of an artifact beside that of another file.
 *
 * Fails: as reading the other file does; `schedule-without-section` where either has no pipeline;
 * `placement-invalid`.
 */
export function explainAgainst(
  { file, artifact }: { readonly file: string; readonly artifact: ScheduleArtifact },
  against: string,
  session: Session,
): CommandOutcome {
  const other = readArtifact(against);
  if (!other.ok) {
    return other;
  }
  noteContradictions(other.value, against, session);
  const theirs = comparedIn(artifact, file);
  if (!theirs.ok) {
    return theirs;
  }
  const ours = comparedIn(other.value, against);
  if (!ours.ok) {
    return ours;
  }
  const comparison = comparePipelines(theirs.value, ours.value);
  const placements = { theirs: theirs.value.placement, ours: ours.value.placement };
  const measuredNs = artifact.imported && measuredMakespanNs(artifact.imported);
  const names = { theirs: file, ours: against, placements, measuredNs };
  session.print({
    text: () => renderPipelineCompared(comparison, names, session.columns),
    json: () => ({ ...comparison, ...(measuredNs === undefined ? {} : { measuredNs }) }),
  });
  return ok(EXIT.done);
}

/** Notes why `verify` refuses an artifact, where it does, and returns the notes; `name` is what they call it. */
export function noteContradictions(
  artifact: ScheduleArtifact,
  file: string,
  { progress }: Session,
  name: string = file,
): readonly string[] {
  const { operators, pipeline, launcher } = artifact;
  const [problem] = contradictionsIn(artifact, file);
  const hasSchedule = (operators ?? pipeline ?? launcher) !== undefined;
  const notes = problem !== undefined && hasSchedule ? [`verify refuses ${name}: ${problem}`] : [];
  for (const note of notes) {
    progress.note(note);
  }
  return notes;
}

function comparedIn({ pipeline }: ScheduleArtifact, file: string): Result<ComparedSchedule> {
  if (pipeline === undefined) {
    return fail([sectionMissing(file, "pipeline")]);
  }
  const placement = readPlacement(pipeline.placement, file, "/pipeline/placement");
  return placement.ok ? ok({ section: pipeline, placement: placement.value }) : placement;
}
