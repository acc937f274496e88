/** An independent check of a whole artifact: every section that it has, and that they agree. */
import type { ScheduleArtifact } from "../artifact/artifact.js";
import type { Failure, Failures } from "../core/failure.js";
import { fail, ok, type Result } from "../core/result.js";
import type { OnProgress } from "../profile/progress.js";
import { makerOf, scheduleBroken, sectionMissing } from "./failures.js";
import { importedFileProblems } from "./imported-file-problems.js";
import { importedProblems } from "./imported-problems.js";
import type { ModelLoader } from "./load-model-of-artifact.js";
import { type PlacementOrigin, placementProblems } from "./placement-problems.js";
import { provenanceProblems } from "./provenance-problems.js";
import type { ServedModelLoader } from "./served-problem.js";
import { hasStages, type StagesOfArtifact, stagesOfArtifact } from "./stages-of-artifact.js";
import type { VerifiedLauncher } from "./verify-launcher.js";
import { type VerifiedPipeline, verifyPipeline } from "./verify-pipeline.js";
import type { VerifiedSchedule } from "./verify-schedule.js";

/** The result of verifying an artifact. */
export type VerifiedArtifact =
  | { readonly kind: "operators"; readonly verified: VerifiedSchedule }
  | {
      readonly kind: "pipeline";
      readonly verified: VerifiedPipeline;
      /** Absent: its blocks name no operators, or there is no model to check them against. */
      readonly stages: StagesOfArtifact | undefined;
    }
  | { readonly kind: "launcher"; readonly verified: VerifiedLauncher };

/** The origin of a placement that follows from what was imported. */
const MADE_HERE: PlacementOrigin = { problems: [], notes: [] };

/** Loaders of models: of the one of a schedule, and of those that launcher policies serve. */
export interface Loaders {
  readonly model: ModelLoader;
  readonly served: ServedModelLoader;
  /** Hears what of launcher policies is checked; absent: nobody. */
  readonly onProgress?: OnProgress;
}

/**
 * Checks an artifact; `hasModel` says that the user named a model.
 *
 * Fails: `schedule-without-section` for one without a schedule; as `verifyOperators`, `verifyLauncher`,
 * `verifyPipeline` and `stagesOfArtifact` do; `schedule-broken` for sections that contradict the
 * provenance or each other.
 */
export async function verifyArtifact(
  artifact: ScheduleArtifact,
  file: string,
  { model: load, served, onProgress }: Loaders,
  hasModel: boolean = false,
): Promise<Result<VerifiedArtifact>> {
  const { pipeline, provenance } = artifact;
  if (artifact.launcher !== undefined) {
    const { verifyLauncher } = await import("./verify-launcher.js");
    const verified = await verifyLauncher(artifact, file, served, onProgress);
    return verified.ok ? ok({ kind: "launcher", verified: verified.value }) : verified;
  }
  if (pipeline === undefined) {
    // Pipelines without a model are verified without what reads and costs models.
    const { verifyOperators } = await import("./verify-schedule.js");
    const verified =
      artifact.operators === undefined
        ? fail<Failures>([sectionMissing(file, "operators")])
        : await verifyOperators(artifact, file, load);
    return verified.ok ? ok({ kind: "operators", verified: verified.value }) : verified;
  }
  const maker = makerOf(artifact);
  const contradictions = provenanceProblems(artifact).map(
    (problem): Failure => scheduleBroken(file, problem, maker),
  );
  const [first, ...rest] = contradictions;
  if (first !== undefined) {
    return fail([first, ...rest]);
  }
  const checked = verifyPipeline(pipeline, file, maker);
  if (!checked.ok) {
    return checked;
  }
  const { placement, notes } = checked.value;
  const hasFile = provenance.inputs.some(({ role }) => role === "placement");
  const isMade = artifact.imported !== undefined && !hasFile;
  const origin = isMade ? MADE_HERE : placementProblems(artifact, placement, file);
  const imported = importedProblems(artifact, placement);
  const files = importedFileProblems(artifact, file);
  const [wrong, ...others] = [...origin.problems, ...imported, ...files.problems].map((problem) =>
    scheduleBroken(file, problem, maker),
  );
  if (wrong !== undefined) {
    return fail([wrong, ...others]);
  }
  const isOfModel = hasModel || provenance.inputs.some(({ role }) => role === "model");
  const isStaged = hasStages(placement);
  const staged =
    (isStaged && isOfModel) || artifact.stages !== undefined
      ? await stagesOfArtifact(file, artifact, placement, load)
      : undefined;
  if (staged?.ok === false) {
    return staged;
  }
  const unchecked =
    isStaged && !isOfModel
      ? ["its blocks name operators; give --model FILE to have them checked against a model"]
      : [];
  return ok({
    kind: "pipeline",
    verified: { placement, notes: [...notes, ...origin.notes, ...files.notes, ...unchecked] },
    stages: staged?.value,
  });
}
