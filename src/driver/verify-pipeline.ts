import { encodePipelineSection, type PipelineSection } from "../artifact/pipeline-section.js";
import { blockPositions, periodicOf, wholeOf } from "../artifact/section-schedules.js";
import type { Failure, Failures } from "../core/failure.js";
import { fail, ok, type Result } from "../core/result.js";
import { readPlacement } from "../placement/parse-placement.js";
import type { Placement } from "../placement/placement.js";
import { deviceLoads } from "../schedule/pipeline-metrics.js";
import { verifyPeriodicSchedule } from "../schedule/verify-periodic-schedule.js";
import { verifyPipelineSchedule } from "../schedule/verify-pipeline-schedule.js";
import type { PipelineOutcome } from "../search/pipeline/pipeline-outcome.js";
import { describePeriodicProblem, describePipelineProblem } from "./describe-pipeline-problem.js";
import { scheduleBroken } from "./failures.js";
import { pipelineSectionOf } from "./pipeline-section-of.js";

/** Problems reported at most. */
const MAX_PROBLEMS = 50;

/**
 * Checks the `pipeline` section of an artifact against the placement that it carries, with code that
 * shares nothing with the search: the whole schedule, the repetend, and every figure that follows
 * from them. Gives the placement.
 *
 * Fails: `placement-invalid`, `block-too-large`, `memory-not-returned`; `schedule-broken` once per
 * problem, at most fifty.
 */
export function verifyPipeline(section: PipelineSection, file: string): Result<Placement> {
  const read = readPlacement(section.placement, `${file} /pipeline/placement`);
  if (!read.ok) {
    return read;
  }
  const placement = read.value;
  const outcome = outcomeIn(section, placement);
  const problems = [
    ...verifyPipelineSchedule(placement, outcome.whole).map((problem) =>
      describePipelineProblem(problem, placement),
    ),
    ...verifyPeriodicSchedule(placement, outcome.periodic).map((problem) =>
      describePeriodicProblem(problem, placement),
    ),
  ];
  const all = problems.length > 0 ? problems : figureProblems(section, placement, outcome);
  const [first, ...rest] = all
    .slice(0, MAX_PROBLEMS)
    .map((problem): Failure => scheduleBroken(file, problem));
  const failures: Failures | undefined = first === undefined ? undefined : [first, ...rest];
  return failures === undefined ? ok(placement) : fail(failures);
}

/** What the section says, by position; names that the placement does not have become -1. */
function outcomeIn(section: PipelineSection, placement: Placement): PipelineOutcome {
  const positionOf = blockPositions(placement);
  const { boundedBy } = section;
  const device = placement.devices.findIndex(({ name }) => name === boundedBy.device);
  return {
    algorithm: section.algorithm,
    periodic: periodicOf(section, positionOf),
    periodLowerBound: section.periodLowerBound,
    status: section.status,
    boundedBy: {
      kind: boundedBy.kind,
      ...(boundedBy.device === undefined ? {} : { device }),
      blocks: boundedBy.blocks.map(positionOf),
    },
    whole: wholeOf(section, positionOf),
    makespanLowerBound: section.makespanLowerBound,
    makespanStatus: section.makespanStatus,
    nodes: 0,
    isCutShort: false,
  };
}

function figureProblems(
  section: PipelineSection,
  placement: Placement,
  outcome: PipelineOutcome,
): string[] {
  const written = encodePipelineSection(section) as Readonly<Record<string, unknown>>;
  const again = encodePipelineSection(pipelineSectionOf(placement, outcome));
  const problems = Object.entries(again as Readonly<Record<string, unknown>>)
    .filter(([key, value]) => JSON.stringify(written[key]) !== JSON.stringify(value))
    .map(([key]) => `/pipeline/${key} is not what the schedule and its placement give`);
  return [...problems, ...boundProblems(section, placement)];
}

function boundProblems(section: PipelineSection, placement: Placement): string[] {
  const { period, periodLowerBound, makespan, makespanLowerBound, boundedBy } = section;
  const load = Math.max(...deviceLoads(placement)) * section.microBatchesPerPeriod;
  const checks: readonly (readonly [boolean, string])[] = [
    [periodLowerBound > period, `the period ${period} is below its bound ${periodLowerBound}`],
    [makespanLowerBound > makespan, `the makespan is below its bound ${makespanLowerBound}`],
    [
      boundedBy.kind === "load" && periodLowerBound > load,
      `the bound ${periodLowerBound} is said to be a load, the largest load is ${load}`,
    ],
    [
      section.status === "optimal" && period !== periodLowerBound,
      `the period ${period} is called optimal, its bound is ${periodLowerBound}`,
    ],
    [
      section.makespanStatus === "optimal" && makespan !== makespanLowerBound,
      `the makespan ${makespan} is called optimal, its bound is ${makespanLowerBound}`,
    ],
  ];
  return checks.flatMap(([isWrong, text]) => (isWrong ? [text] : []));
}
