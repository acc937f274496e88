/**
 * The whole road for one model on the CPU: read, lower, measure, search, verify, write.
 *
 * Every figure of the artifact comes from the profile: the operators' times, the workers' costs and
 * the measured schedules. With a profile from a file nothing is measured, so that the same model,
 * profile and seed give the same bytes on any machine.
 */
import type { Provenance, ProvenanceInput, ScheduleArtifact } from "../artifact/artifact.js";
import { encodeArtifact, parseArtifact } from "../artifact/artifact-format.js";
import { type Decision, decide } from "../artifact/decide.js";
import { operatorsSectionOf } from "../artifact/operators-section-of.js";
import { invariant, present } from "../core/invariant.js";
import { fail, ok, type Result } from "../core/result.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import { profileContradictory } from "../profile/failures.js";
import { noteOnDrift } from "../profile/note-on-drift.js";
import {
  measuredSchedule,
  operatorCostsOf,
  type Profile,
  type ScheduleTiming,
} from "../profile/profile.js";
import { scheduleDigest } from "../profile/worker-plan-of.js";
import { sessionGroups } from "../runtime/handed-over.js";
import type { OperatorAlgorithm } from "../schedule/algorithm-names.js";
import { verifyOperatorSchedule } from "../schedule/verify-operator-schedule.js";
import type { Candidate, Candidates } from "../search/operator/candidates.js";
import { searchCandidates, toMeasure } from "../search/operator/requested-candidates.js";
import { operatorsProblems } from "../verify/operators-problems.js";
import { provenanceProblems } from "../verify/provenance-problems.js";
import { workerPredictionProblems } from "../verify/worker-prediction-problems.js";
import type { DriverContext } from "./context.js";
import { measuredDevice } from "./measured-device.js";
import { type ModelJob, runModelJob } from "./model-job.js";
import { modelProvenance } from "./model-provenance.js";
import { obtainProfile, type ProfileSource, withMeasuredSchedules } from "./obtain-profile.js";
import { measurable } from "./runs-on-cpu.js";

/** A request to compile a model for this machine's CPU. */
export interface CompileRequest extends ModelJob {
  readonly seed: number;
  /** Only this algorithm, whatever is faster; `undefined`: the best of all. */
  readonly algorithm: OperatorAlgorithm | undefined;
  readonly profile: ProfileSource;
}

/**
 * Compiles a model and writes its artifact.
 *
 * Fails: as reading, lowering, measuring and writing do. After a failure or an interrupt
 * nothing is written.
 */
export async function compileModel(
  request: CompileRequest,
  context: DriverContext,
): Promise<Result<ScheduleArtifact>> {
  const { profile } = request;
  const job = {
    ...request,
    ...measurable(profile, request, context),
    alsoReads: profile.kind === "file" ? [profile.path] : [],
  };
  return runModelJob(job, "top-compile/schedule", context, async (lowered) => {
    const artifact = await artifactOf(request, lowered, context);
    return artifact.ok
      ? ok({ value: artifact.value, text: encodeArtifact(artifact.value) })
      : artifact;
  });
}

async function artifactOf(
  request: CompileRequest,
  lowered: LoweredModel,
  context: DriverContext,
): Promise<Result<ScheduleArtifact>> {
  const { seed, given, profile: source } = request;
  const inputs = { seed, given };
  const obtained = await obtainProfile(lowered, source, inputs, context);
  if (!obtained.ok) {
    return obtained;
  }
  const { graph } = lowered;
  const costs = operatorCostsOf(obtained.value.profile, graph);
  const { workers } = obtained.value.profile;
  const candidates = searchCandidates(
    { graph, costs },
    { workers, seed, groupOf: sessionGroups(lowered), algorithm: request.algorithm },
  );
  if (!candidates.ok) {
    return candidates;
  }
  const measured = await withMeasuredSchedules(
    lowered,
    obtained.value,
    toMeasure(candidates.value),
    { source, inputs },
    context,
  );
  if (!measured.ok) {
    return measured;
  }
  const profile = measured.value;
  const drift = noteOnDrift(profile);
  if (drift !== undefined) {
    context.onNote(drift);
  }
  const decision = chosen(request.algorithm, candidates.value, lowered, profile);
  const problems = verifyOperatorSchedule(lowered.graph, decision.candidate.schedule);
  invariant(problems.length === 0, `the chosen schedule verifies: ${JSON.stringify(problems[0])}`);
  const artifact: ScheduleArtifact = {
    provenance: provenanceOf(request, lowered, obtained.value.input, context.tool),
    device: measuredDevice(profile),
    operators: operatorsSectionOf({
      lowered,
      costs: operatorCostsOf(profile, lowered.graph),
      workers: profile.workers,
      candidates: candidates.value,
      decision,
      measurement: profile.measurement,
      timingOf: timingIn(profile, lowered),
    }),
  };
  return passing(artifact, lowered, decision, source);
}

/**
 * The artifact, if `verify` accepts it.
 *
 * Fails: `profile-invalid` if the figures of a profile file lead to an artifact that `verify` refuses;
 * figures measured by this program never do.
 */
function passing(
  artifact: ScheduleArtifact,
  { graph }: LoweredModel,
  { candidate }: Decision,
  source: ProfileSource,
): Result<ScheduleArtifact> {
  const section = present(artifact.operators, "operators section");
  const [problem] = [
    ...provenanceProblems(artifact),
    ...operatorsProblems(artifact),
    ...workerPredictionProblems(section, graph, candidate.schedule),
    ...unreadable(artifact, source),
  ];
  invariant(
    problem === undefined || source.kind === "file",
    `what was compiled verifies: ${problem}`,
  );
  return problem === undefined || source.kind !== "file"
    ? ok(artifact)
    : fail([profileContradictory(source.path, problem)]);
}

/**
 * Problems that reading the artifact back would report: figures out of range, from a profile file.
 */
function unreadable(artifact: ScheduleArtifact, { kind }: ProfileSource): readonly string[] {
  const read = kind === "file" ? parseArtifact(encodeArtifact(artifact), "") : ok(artifact);
  return read.ok ? [] : read.error.map(({ where, message }) => `${where ?? ""} ${message}`);
}

function timingIn(
  profile: Profile,
  { graph }: LoweredModel,
): (candidate: Candidate) => ScheduleTiming | undefined {
  return ({ schedule }) => measuredSchedule(profile, scheduleDigest(graph, schedule));
}

function chosen(
  algorithm: OperatorAlgorithm | undefined,
  candidates: Candidates,
  lowered: LoweredModel,
  profile: Profile,
): Decision {
  if (algorithm === undefined) {
    return decide(candidates, profile.measurement, timingIn(profile, lowered));
  }
  const candidate = present(
    candidates.ranked.find((each) => each.algorithm === algorithm),
    `candidate of ${algorithm}`,
  );
  return { candidate, threadsPerStream: 1, reason: "asked-for" };
}

function provenanceOf(
  { model, seed, algorithm, dims, batch, given }: CompileRequest,
  lowered: LoweredModel,
  profile: ProvenanceInput | undefined,
  tool: string,
): Provenance {
  const options = { device: "cpu", algorithm, batch: batch?.batch };
  return modelProvenance({ model, files: [profile], given, dims, seed, options }, lowered, tool);
}
