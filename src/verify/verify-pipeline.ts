import { pipelineRangeOf } from "../artifact/pipeline-range.js";
import { type PipelineSection, pipelineSectionShape } from "../artifact/pipeline-section.js";
import { pipelineSectionOf } from "../artifact/pipeline-section-of.js";
import { blockPositions, periodicOf, wholeOf } from "../artifact/section-schedules.js";
import { brokenChecks, type Check } from "../core/checks.js";
import type { Failure, Failures } from "../core/failure.js";
import { differingFields } from "../core/json-encode.js";
import { fail, ok, type Result } from "../core/result.js";
import { oneMicroBatch } from "../placement/lower-links.js";
import { areAlike, isPlain } from "../placement/micro-batches.js";
import { readPlacement } from "../placement/parse-placement.js";
import type { Placement } from "../placement/placement.js";
import { type BoundClaim, checkBound } from "../schedule/check-bound.js";
import { isTooShort } from "../schedule/check-makespan.js";
import { isSpanBound } from "../schedule/check-spans.js";
import { isInOrder } from "../schedule/in-order.js";
import { leastMakespan } from "../schedule/least-makespan.js";
import { reduced } from "../schedule/max-cycle-ratio.js";
import { objectiveFloor } from "../schedule/pipeline-objectives.js";
import type { PipelineOutcome, SearchStatus } from "../schedule/pipeline-outcome.js";
import { makespanInOrder, periodInOrder } from "../schedule/pipeline-pace.js";
import { verifyPeriodicSchedule } from "../schedule/verify-periodic-schedule.js";
import { verifyPipelineSchedule } from "../schedule/verify-pipeline-schedule.js";
import { aloneAtEnds, withoutBlocks } from "../schedule/without-blocks.js";
import { describeBoundProblem } from "./describe-bound-problem.js";
import { describePeriodicProblem, describePipelineProblem } from "./describe-pipeline-problem.js";
import { type Maker, scheduleBroken } from "./failures.js";
import { pipelineStageProblems } from "./pipeline-stage-problems.js";

/** Problems reported at most. */
const MAX_PROBLEMS = 50;

/** The result of verifying a pipeline. */
export interface VerifiedPipeline {
  readonly placement: Placement;
  /** Claims that rest on a search and were not checked again, in words. */
  readonly notes: readonly string[];
}

/**
 * Checks the `pipeline` section of an artifact against the placement that it carries, with code that
 * shares nothing with the search: the whole schedule, the repetend, every figure that follows from
 * them, and the reason why the period is not shorter.
 *
 * Fails: `placement-invalid`, `block-too-large`, `memory-not-returned`; `schedule-broken` once per
 * problem, at most fifty; `maker` made the section.
 */
export function verifyPipeline(
  section: PipelineSection,
  file: string,
  maker: Maker = "search",
): Result<VerifiedPipeline> {
  const read = readPlacement(section.placement, file, "/pipeline/placement");
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
    .map((problem): Failure => scheduleBroken(file, problem, maker));
  const failures: Failures | undefined = first === undefined ? undefined : [first, ...rest];
  return failures === undefined
    ? ok({ placement, notes: notesOn(section, placement) })
    : fail(failures);
}

/** The bound for each micro-batch; files of 0.1.0 have only that of a period. */
function boundEachOf({ boundEach, periodLowerBound, microBatchesPerPeriod }: PipelineSection) {
  return boundEach ?? reduced(periodLowerBound, microBatchesPerPeriod);
}

/** The schedule of the section, by position; names that the placement does not have become -1. */
function outcomeIn(section: PipelineSection, placement: Placement): PipelineOutcome {
  const positionOf = blockPositions(placement);
  const { boundedBy } = section;
  const device = placement.devices.findIndex(({ name }) => name === boundedBy.device);
  return {
    algorithm: section.algorithm,
    periodic: periodicOf(section, positionOf),
    periodLowerBound: section.periodLowerBound,
    boundEach: boundEachOf(section),
    ...(section.leastUpTo === undefined ? {} : { leastUpTo: section.leastUpTo }),
    status: section.status,
    boundedBy: {
      kind: boundedBy.kind,
      ...(boundedBy.device === undefined ? {} : { device }),
      blocks: boundedBy.blocks.map(positionOf),
      ...(boundedBy.weights === undefined ? {} : { weights: boundedBy.weights }),
      ...(boundedBy.beside === undefined ? {} : { beside: boundedBy.beside.map(positionOf) }),
    },
    whole: wholeOf(section, positionOf),
    makespanLowerBound: section.makespanLowerBound,
    makespanStatus: section.makespanStatus,
    ...(section.objective && {
      objective: section.objective.kind,
      objectiveLowerBound: section.objective.lowerBound,
    }),
    nodes: 0,
    isCutShort: false,
  };
}

function figureProblems(
  section: PipelineSection,
  placement: Placement,
  outcome: PipelineOutcome,
): string[] {
  const { range, boundEach, stages } = section;
  const { boundEach: _, stages: __, ...figures } = pipelineSectionOf(placement, outcome);
  const again = {
    ...figures,
    // Of instances everything but their phase is the schedule itself.
    instances: [],
    ...(boundEach && { boundEach }),
    ...(stages && { stages }),
    ...(range && { range }),
  };
  const hasOwnPhases = figures.instances.every(
    ({ phase }, at) => phase === section.instances[at]?.phase,
  );
  const differing = differingFields(pipelineSectionShape, { ...section, instances: [] }, again);
  const problems = [...differing, ...(hasOwnPhases ? [] : ["instances"])].map(
    (key) => `/pipeline/${key} does not follow from the schedule and its placement`,
  );
  return [
    ...problems,
    ...pipelineStageProblems(stages, oneMicroBatch(placement)),
    ...boundProblems(placement, outcome),
    ...eachProblems(placement, section, outcome),
    ...objectiveProblems(section, placement),
    ...rangeProblems(section, placement, outcome),
  ];
}

/** Contradictions of the bound for each micro-batch, and of what was searched; none in files of 0.1.0. */
function eachProblems(
  placement: Placement,
  { boundEach, leastUpTo }: PipelineSection,
  outcome: PipelineOutcome,
): readonly string[] {
  const check = checkBound(placement, claimOf(outcome));
  if (boundEach === undefined) {
    return leastUpTo === undefined ? [] : ["/pipeline/leastUpTo is there without boundEach"];
  }
  const { numerator, denominator } = boundEach;
  const { periodLowerBound, status, algorithm, periodic } = outcome;
  const whole = Math.ceil((numerator * periodic.microBatchesPerPeriod) / denominator);
  return brokenChecks([
    [
      check.kind !== "unproved" &&
        (check.each.numerator !== numerator || check.each.denominator !== denominator),
      "/pipeline/boundEach does not follow from boundedBy and the placement",
    ],
    [whole !== periodLowerBound, "/pipeline/periodLowerBound is not boundEach in whole periods"],
    [
      leastUpTo !== undefined && (status === "optimal" || algorithm !== "top-compile"),
      "/pipeline/leastUpTo is there, but no search in full was needed or made",
    ],
  ]);
}

/** Contradictions of what the schedule was to be least in. */
function objectiveProblems(
  { objective, microBatches }: PipelineSection,
  placement: Placement,
): readonly string[] {
  if (objective === undefined) {
    return [];
  }
  const { kind, value, lowerBound } = objective;
  const floor = objectiveFloor(kind, placement, microBatches);
  return brokenChecks([
    [lowerBound > value, `the ${kind} ${value} is below its bound ${lowerBound}`],
    [
      lowerBound < floor,
      `the bound ${lowerBound} of the ${kind} is less than loads prove, ${floor}`,
    ],
  ]);
}

/** Contradictions of the range with itself, and with the order of the schedule at the times used. */
function rangeProblems(
  { range, microBatchesPerPeriod }: PipelineSection,
  placement: Placement,
  { periodic, whole }: PipelineOutcome,
): readonly string[] {
  if (range === undefined) {
    return [];
  }
  const [used] = range.scenarios;
  const again = pipelineRangeOf(range.scenarios, microBatchesPerPeriod);
  return brokenChecks([
    [used === undefined, "/pipeline/range/scenarios is empty"],
    [
      used?.periodNs !== periodInOrder(placement, periodic),
      "/pipeline/range/scenarios/0/periodNs is not that of the order of /pipeline/repetend",
    ],
    [
      used?.makespanNs !== makespanInOrder(placement, whole),
      "/pipeline/range/scenarios/0/makespanNs is not that of the order of /pipeline/instances",
    ],
    [
      again?.speedUp.low !== range.speedUp.low || again.speedUp.high !== range.speedUp.high,
      "/pipeline/range/speedUp does not follow from /pipeline/range/scenarios",
    ],
  ]);
}

function boundProblems(placement: Placement, outcome: PipelineOutcome): string[] {
  const { periodic, periodLowerBound, whole, makespanLowerBound } = outcome;
  const [{ period }, { makespan }] = [periodic, whole];
  const check = checkBound(placement, claimOf(outcome));
  const checks: readonly Check[] = [
    [
      !areAlike(placement) && periodic.microBatchesPerPeriod !== whole.microBatches,
      "/pipeline/microBatchesPerPeriod is not the number of micro-batches, which are not alike",
    ],
    [periodLowerBound > period, `the period ${period} is below its bound ${periodLowerBound}`],
    [makespanLowerBound > makespan, `the makespan is below its bound ${makespanLowerBound}`],
    [
      outcome.status !== statusOf(reachesBound(outcome), outcome),
      `the period ${period} is called ${outcome.status}, its bound is ${boundText(outcome)}`,
    ],
    [
      outcome.makespanStatus !== statusOf(makespan === makespanLowerBound, outcome),
      `the makespan ${makespan} is called ${outcome.makespanStatus}, its bound is ${makespanLowerBound}`,
    ],
    [
      outcome.boundedBy.kind === "search" &&
        check.kind === "searched" &&
        check.period >= periodLowerBound,
      `the bound ${periodLowerBound} of the period rests on a search, but loads alone prove it`,
    ],
    [
      check.kind === "proved" && check.period > periodLowerBound,
      `the bound ${periodLowerBound} of the period is less than its reason proves`,
    ],
    [
      makespanLowerBound < leastMakespan(placement, whole.microBatches),
      `the bound ${makespanLowerBound} of the makespan is less than the placement alone proves`,
    ],
    [
      outcome.boundedBy.device !== undefined &&
        !["load", "memory"].includes(outcome.boundedBy.kind),
      "/pipeline/boundedBy/device is there, but no single device is the reason",
    ],
    [
      ["search", "configurations"].includes(outcome.boundedBy.kind) &&
        outcome.boundedBy.blocks.length > 0,
      "/pipeline/boundedBy/blocks are there, but they are not the reason",
    ],
    [
      outcome.boundedBy.weights !== undefined && outcome.boundedBy.kind !== "configurations",
      "/pipeline/boundedBy/weights are there, but configurations are not the reason",
    ],
    [
      outcome.boundedBy.beside !== undefined &&
        !["memory", "configurations"].includes(outcome.boundedBy.kind),
      "/pipeline/boundedBy/beside is there, but neither memory nor configurations are the reason",
    ],
  ];
  const problems = brokenChecks(checks);
  return check.kind === "unproved"
    ? [...problems, describeBoundProblem(check.problem, outcome.boundedBy.kind, placement)]
    : problems;
}

/** Whether a period takes what its bound says for each micro-batch, unrounded. */
function reachesBound({ periodic, boundEach }: PipelineOutcome): boolean {
  const { period, microBatchesPerPeriod } = periodic;
  const { numerator, denominator } = boundEach;
  return period * denominator === numerator * microBatchesPerPeriod;
}

/** The bound of a whole period, unrounded. */
function boundText({ periodic, boundEach }: PipelineOutcome): string {
  const { numerator, denominator } = boundEach;
  const least = reduced(numerator * periodic.microBatchesPerPeriod, denominator);
  return least.denominator === 1 ? `${least.numerator}` : `${least.numerator}/${least.denominator}`;
}

/** Only our search tries to prove what it does not reach. */
function statusOf(isReached: boolean, { algorithm }: PipelineOutcome): SearchStatus {
  return isReached ? "optimal" : algorithm === "top-compile" ? "bounded" : "heuristic";
}

function claimOf(outcome: PipelineOutcome): BoundClaim {
  const { boundedBy, boundEach: each, periodLowerBound, periodic } = outcome;
  const { microBatchesPerPeriod } = periodic;
  return { ...boundedBy, each, period: periodLowerBound, microBatchesPerPeriod };
}

/**
 * A makespan that is proved here: what is claimed, if it is; else what the placement says without orders, or as many
 * micro-batches of the least period that is proved.
 */
function provedMakespan(placement: Placement, outcome: PipelineOutcome): number {
  const { whole, makespanLowerBound } = outcome;
  const { microBatches } = whole;
  const check = checkBound(placement, claimOf(outcome));
  const each = check.kind === "proved" ? check.each : { numerator: 0, denominator: 1 };
  const least = Math.max(
    leastMakespan(placement, microBatches),
    Math.ceil((microBatches * each.numerator) / each.denominator),
  );
  const isProved =
    least < makespanLowerBound && isProvedTooShort(placement, microBatches, makespanLowerBound - 1);
  return isProved ? makespanLowerBound : least;
}

/** Whether all blocks show that none is so short, or those that are left without blocks at the ends that stop everything. */
function isProvedTooShort(placement: Placement, microBatches: number, makespan: number): boolean {
  if (isTooShort(placement, microBatches, makespan)) {
    return true;
  }
  const ends = isPlain(placement) ? aloneAtEnds(placement) : [];
  const rest = ends.length === 0 ? undefined : withoutBlocks(placement, ends);
  return (
    typeof rest === "object" &&
    isTooShort(rest.placement, microBatches, makespan - microBatches * rest.time)
  );
}

/** Bounds that rest on the search. Requires: a valid section. */
function notesOn(section: PipelineSection, placement: Placement): string[] {
  const { makespanLowerBound, periodLowerBound, objective, microBatches } = section;
  const outcome = outcomeIn(section, placement);
  const check = checkBound(placement, claimOf(outcome));
  const least = provedMakespan(placement, outcome);
  const onSearch = (what: string, bound: number, proved: number): string =>
    `that no ${what} is below ${bound} rests on the search and was not checked again; ${proved} is proved here`;
  return [
    ...(check.kind === "searched" && periodLowerBound > check.period
      ? [onSearch("period", periodLowerBound, check.period)]
      : []),
    ...(outcome.leastUpTo === undefined
      ? []
      : [
          `that no repetition with up to ${outcome.leastUpTo} micro-batches per period takes less for each rests on the search and was not checked again`,
        ]),
    ...(makespanLowerBound > least ? [onSearch("makespan", makespanLowerBound, least)] : []),
    ...(objective === undefined ||
    isSpanBound(placement, microBatches, objective.kind, objective.lowerBound)
      ? []
      : [
          onSearch(
            objective.kind,
            objective.lowerBound,
            objectiveFloor(objective.kind, placement, microBatches),
          ),
        ]),
    ...(isInOrder(outcome.whole)
      ? []
      : [
          areAlike(placement)
            ? "a block takes micro-batches out of order: runtimes that count upwards need them exchanged"
            : "a block takes micro-batches out of order: a runtime that counts upwards cannot run it as it is",
        ]),
  ];
}
