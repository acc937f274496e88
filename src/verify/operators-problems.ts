/**
 * Contradictions inside the `operators` section of an artifact: figures that are stated twice, or
 * that follow from each other, without the model and without the searches.
 *
 * Measured times, and predictions of candidates whose launches are not recorded, cannot be checked
 * without measuring or searching again. They are only compared with each other.
 */

import type {
  ArtifactCandidate,
  ArtifactLaunch,
  OperatorsSection,
  ScheduleArtifact,
} from "../artifact/artifact.js";
import { measurementProblems } from "../artifact/measurement-problems.js";
import { timedLaunches } from "../artifact/timed-launches.js";
import { brokenChecks } from "../core/checks.js";
import { GPU_ALGORITHMS, OPERATOR_ALGORITHMS } from "../schedule/algorithm-names.js";
import { decisionProblems } from "./decision-problems.js";
import { rangeProblems } from "./range-problems.js";

/** Contradictions, in words that begin with the place; empty without the section. */
export function operatorsProblems({
  provenance,
  operators,
  device,
}: ScheduleArtifact): readonly string[] {
  return operators === undefined
    ? []
    : [
        ...candidateProblems(operators),
        ...latencyProblems(operators, provenance.options["merge-convolutions"] === true),
        ...decisionProblems(operators, device),
        ...predictionProblems(operators),
        ...measurementProblems(operators),
        ...launchProblems(operators),
        ...taskProblems(operators),
        ...gpuProblems(operators),
        ...rangeProblems(operators),
      ];
}

/**
 * The set of candidates is not checked: another version has other algorithms, and a chain needs
 * one.
 */
function candidateProblems({ candidates, gpu }: OperatorsSection): string[] {
  const known: readonly string[] = gpu === undefined ? OPERATOR_ALGORITHMS : GPU_ALGORITHMS;
  const names = candidates.map(({ algorithm }) => algorithm);
  return candidates.flatMap((candidate, at) => {
    const { algorithm, streams, predictedNs, measuredNs, sameAs } = candidate;
    const place = `/operators/candidates/${at}`;
    const before = candidates[at - 1];
    const twin = candidates.slice(0, at).find((each) => each.algorithm === sameAs);
    const isAfter = before === undefined || comparePlaces(known, before, candidate) < 0;
    const isTwin =
      twin?.sameAs === undefined &&
      twin?.streams === streams &&
      twin.predictedNs === predictedNs &&
      twin.measuredNs === measuredNs;
    return brokenChecks([
      [!known.includes(algorithm), `${place}/algorithm "${algorithm}" is not one for this device`],
      [names.indexOf(algorithm) < at, `${place} is there twice`],
      [!isAfter, `${place} is out of order: largest least speed-up first, then fastest prediction`],
      [algorithm === "sequential" && streams !== 1, `${place}/streams of "sequential" is not 1`],
      [sameAs !== undefined && gpu !== undefined, `${place}/sameAs is for a CPU`],
      [sameAs !== undefined && !isTwin, `${place}/sameAs names no candidate like it before it`],
    ]);
  });
}

function fastestOf(candidates: readonly ArtifactCandidate[]): ArtifactCandidate | undefined {
  const [first, ...rest] = candidates;
  return first && rest.reduce((a, b) => (b.predictedNs < a.predictedNs ? b : a), first);
}

/** Negative if `a` comes first: by least speed-up, where there is one, by prediction, by name. */
function comparePlaces(
  known: readonly string[],
  a: ArtifactCandidate,
  b: ArtifactCandidate,
): number {
  return (
    (b.speedUp?.low ?? 0) - (a.speedUp?.low ?? 0) ||
    a.predictedNs - b.predictedNs ||
    known.indexOf(a.algorithm) - known.indexOf(b.algorithm)
  );
}

function latencyProblems(section: OperatorsSection, mayMerge: boolean): string[] {
  const { algorithm, streams, latencyNs, candidates, status, merges } = section;
  const own = candidates.find((each) => each.algorithm === algorithm);
  const sequential = candidates.find((each) => each.algorithm === "sequential");
  const least = fastestOf(candidates);
  if (own === undefined || sequential === undefined || least === undefined) {
    const missing = own === undefined ? algorithm : "sequential";
    return [`/operators/candidates has no "${missing}"`];
  }
  const { predicted } = latencyNs;
  const { lowerBoundNs } = section;
  const isOptimal = predicted !== undefined && predicted <= (lowerBoundNs ?? -1);
  return brokenChecks([
    [own.streams !== streams, `/operators/streams is not that of the candidate "${algorithm}"`],
    [
      predicted !== undefined && own.predictedNs !== predicted,
      `/operators/latencyNs/predicted is not that of the candidate "${algorithm}"`,
    ],
    [
      // Measured merges are compared with the model without them, whose candidates are not recorded.
      merges === undefined && sequential.predictedNs !== latencyNs.sequentialPredicted,
      '/operators/latencyNs/sequentialPredicted is not that of the candidate "sequential"',
    ],
    [
      // Candidates with other merges have bounds of their own.
      !mayMerge && (lowerBoundNs ?? 0) > least.predictedNs,
      `/operators/lowerBoundNs is above the prediction of "${least.algorithm}"`,
    ],
    [
      (status === "optimal") !== isOptimal,
      `/operators/status is "${status}", the prediction is ${predicted ?? "absent"} and its bound ${lowerBoundNs ?? "absent"}`,
    ],
  ]);
}

/**
 * Predictions come together or not at all: latency, bound and times of launches are present with one
 * thread per operator and absent with several. Up to 0.1.0 they were always those of one thread, and
 * a CPU had no costs of workers.
 */
function predictionProblems(section: OperatorsSection): string[] {
  const { threadsPerStream, latencyNs, launches, gpu, workers, longestPathNs } = section;
  const figures: readonly (readonly [string, boolean])[] = [
    ["latencyNs/predicted", latencyNs.predicted !== undefined],
    // For a CPU it is absent, too, where a measurement is below it: see `workerPredictionProblems`.
    ...(section.lowerBoundNs === undefined && workers !== undefined
      ? []
      : [["lowerBoundNs", section.lowerBoundNs !== undefined] as const]),
    ...launches.flatMap(({ startNs, endNs }, at): (readonly [string, boolean])[] => [
      [`launches/${at}/startNs`, startNs !== undefined],
      [`launches/${at}/endNs`, endNs !== undefined],
    ]),
  ];
  const isOld = gpu === undefined && longestPathNs === undefined;
  const isPredicted = threadsPerStream === 1 || isOld;
  const wrong = figures.find(([, isThere]) => isThere !== isPredicted);
  const hasCosts = isPredicted && gpu === undefined && !isOld;
  return brokenChecks([
    [
      wrong !== undefined,
      `/operators/${wrong?.[0]} ${isPredicted ? "is missing" : "is of one thread inside each operator"}`,
    ],
    [
      (workers !== undefined) !== hasCosts,
      `/operators/workers ${hasCosts ? "is missing" : "has no prediction that rests on it"}`,
    ],
    [gpu !== undefined && longestPathNs !== undefined, "/operators/longestPathNs is for a CPU"],
    [
      !isPredicted && launches.some(({ aloneNs }) => aloneNs !== undefined),
      "/operators/launches has aloneNs of one thread inside each operator",
    ],
    [
      (longestPathNs ?? 0) > latencyNs.sequentialPredicted,
      "/operators/longestPathNs is above /operators/latencyNs/sequentialPredicted",
    ],
  ]);
}

function launchProblems(section: OperatorsSection): string[] {
  const { gpu, workers } = section;
  const launches = timedLaunches(section);
  if (launches === undefined) {
    // Whether a timeline may be absent is said by `predictionProblems`.
    return [];
  }
  const endOf = new Map(launches.map(({ operator, endNs }) => [operator, endNs]));
  const lastOn = new Map<number, number>();
  const problems: string[] = [];
  for (const [at, launch] of launches.entries()) {
    const { stream, waits, startNs, endNs } = launch;
    const place = `/operators/launches/${at}`;
    const ready = waits.reduce(
      (latest, wait) => Math.max(latest, endOf.get(wait) ?? 0),
      lastOn.get(stream) ?? 0,
    );
    lastOn.set(stream, endNs);
    problems.push(
      ...brokenChecks([
        [startNs < ready, `${place}/startNs is ${startNs}, what it comes after ends at ${ready}`],
        [endNs < startNs, `${place}/endNs is before its start`],
        [
          (launch.aloneNs !== undefined) !== ((gpu ?? workers) !== undefined),
          `${place}/aloneNs ${launch.aloneNs === undefined ? "is missing" : "is there without costs"}`,
        ],
        [
          launch.aloneNs !== undefined && endNs - startNs < launch.aloneNs - 1,
          `${place} takes less time than /aloneNs`,
        ],
      ]),
    );
  }
  const end = launches.reduce((latest, { endNs }) => Math.max(latest, endNs), 0);
  return [...problems, ...(launches.length === 0 ? [] : endProblems(section, end))];
}

/**
 * Whether the prediction is the end of the last launch, and on several workers what the caller takes after
 * it: how much that is for the bytes of its outputs, only the model says.
 */
function endProblems({ latencyNs, workers, streams }: OperatorsSection, end: number): string[] {
  const { predicted } = latencyNs;
  const isReturned = workers !== undefined && streams > 1;
  const returnNs = isReturned ? workers.returnNs : 0;
  const after = (predicted ?? end + returnNs) - end - returnNs;
  const isCopied = isReturned && workers.callerByteNs > 0;
  const rounding = returnNs > 0 || isCopied ? 1 : 0;
  const isLate = after > rounding && !isCopied;
  const back = returnNs > 0 ? `, and returning takes ${returnNs}` : "";
  return isLate || after < -rounding
    ? [`/operators/latencyNs/predicted is ${predicted}, the last launch ends at ${end}${back}`]
    : [];
}

function taskProblems({ tasks, launches }: OperatorsSection): string[] {
  if (tasks === undefined) {
    return [];
  }
  const aloneOf = new Map<string, number | undefined>();
  return [
    ...(tasks.length === 0 ? ["/operators/tasks is empty"] : []),
    ...tasks.flatMap(({ name, progress, done }, at) =>
      brokenChecks([
        [name !== `t${at}`, `/operators/tasks/${at}/name is not t${at}`],
        [
          tasks.some((each) =>
            each.progress === progress
              ? each.done !== done
              : each.progress < progress && each.done > done,
          ),
          `/operators/tasks/${at}/done does not fit its progress and the other tasks`,
        ],
      ]),
    ),
    ...launches.flatMap((launch, at) => differentAlone(launch, at, aloneOf)),
  ];
}

/** An operator takes as long alone in one task as in another. */
function differentAlone(
  { operator, aloneNs }: ArtifactLaunch,
  at: number,
  aloneOf: Map<string, number | undefined>,
): string[] {
  const name = operator.slice(operator.indexOf(":") + 1);
  const known = aloneOf.has(name) ? aloneOf.get(name) : aloneNs;
  aloneOf.set(name, known);
  return known === aloneNs
    ? []
    : [`/operators/launches/${at}/aloneNs is not that of the other tasks`];
}

function gpuProblems({ gpu, lowerBoundNs }: OperatorsSection): string[] {
  if (gpu === undefined) {
    return [];
  }
  const { boundsNs, usePercent } = gpu;
  const largest = Math.max(...Object.values(boundsNs));
  const slices = new Set(Object.values(usePercent).map(({ length }) => length));
  return brokenChecks([
    [
      largest !== lowerBoundNs,
      `/operators/lowerBoundNs is ${lowerBoundNs}, the largest of /operators/gpu/boundsNs ${largest}`,
    ],
    [slices.size !== 1, "/operators/gpu/usePercent has lists of different lengths"],
  ]);
}
