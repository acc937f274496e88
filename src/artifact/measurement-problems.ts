/**
 * Contradictions between what was measured, as `measurement` lists it, the figures that repeat it,
 * and the choice that rests on it, which is made again.
 */

import { brokenChecks } from "../core/checks.js";
import { noiseOf } from "../profile/timing.js";
import { OPERATOR_ALGORITHMS } from "../schedule/algorithm-names.js";
import type { ArtifactWay, OperatorsSection } from "./artifact.js";

/** Contradictions, in words that begin with the place; empty for artifacts that list no measurement. */
export function measurementProblems(section: OperatorsSection): readonly string[] {
  const { measurement, gpu, longestPathNs, decision } = section;
  if (measurement === undefined) {
    const isMissing = longestPathNs !== undefined && decision.noise !== undefined;
    return isMissing ? ["/operators/measurement is missing"] : [];
  }
  if (gpu !== undefined || longestPathNs === undefined) {
    return ["/operators/measurement has no place in this section"];
  }
  const problems = [
    ...measurement.flatMap((way, at) => wayProblems(way, at, section)),
    ...figureProblems(section, measurement),
  ];
  return problems.length > 0 ? problems : choiceProblems(section, measurement);
}

/**
 * Whether a bound of predictions is above a measurement of what it bounds: one thread inside each
 * operator, on one stream or several. The costs are wrong then, by noise or more.
 */
export function isRefuted(boundNs: number, measurement: readonly ArtifactWay[] = []): boolean {
  return measurement.some(
    ({ name, threads, medianNs }) => threads === 1 && name !== "parallel" && medianNs < boundNs,
  );
}

/** ONNX Runtime's own ways to run a model, by name: threads inside each operator. */
const OWN: Readonly<Record<string, "one" | "any">> = {
  sequential: "one",
  "sequential-again": "one",
  "all-cores": "any",
  parallel: "any",
};

function wayProblems(
  { name, threads, medianNs, p10Ns, p90Ns, relative }: ArtifactWay,
  at: number,
  { measurement = [] }: OperatorsSection,
): string[] {
  const place = `/operators/measurement/${at}`;
  const isAlgorithm = (OPERATOR_ALGORITHMS as readonly string[]).includes(name);
  const { median, low, high } = relative;
  const isItself = name !== "sequential" || (median === 1 && low === 1 && high === 1);
  return brokenChecks([
    [OWN[name] === undefined && !isAlgorithm, `${place}/name "${name}" is no way to run the model`],
    [measurement.findIndex((way) => way.name === name) < at, `${place} is there twice`],
    [OWN[name] !== "any" && threads !== 1, `${place}/threads is not 1`],
    [medianNs === 0, `${place}/medianNs is 0`],
    [p10Ns > medianNs || medianNs > p90Ns, `${place}/medianNs is not between its p10Ns and p90Ns`],
    [low > median || median > high, `${place}/relative/median is not between its low and high`],
    [!isItself, `${place}/relative is not 1: it is what the others are compared with`],
  ]);
}

function figureProblems(
  { latencyNs, candidates, decision, threadsPerStream }: OperatorsSection,
  measurement: readonly ArtifactWay[],
): string[] {
  const way = (name: string): ArtifactWay | undefined =>
    measurement.find((each) => each.name === name);
  const again = way("sequential-again");
  const repeated: readonly (readonly [string, number | undefined, number | undefined])[] = [
    ["latencyNs/sequentialMeasured", latencyNs.sequentialMeasured, way("sequential")?.medianNs],
    ["latencyNs/allCoresMeasured", latencyNs.allCoresMeasured, way("all-cores")?.medianNs],
    ["latencyNs/parallelMeasured", latencyNs.parallelMeasured, way("parallel")?.medianNs],
    ["decision/noise", decision.noise, again === undefined ? undefined : noiseOf(again.relative)],
    ...candidates.map(
      ({ algorithm, measuredNs, sameAs, streams }, at) =>
        [
          `candidates/${at}/measuredNs`,
          measuredNs,
          streams > 1 ? way(sameAs ?? algorithm)?.medianNs : undefined,
        ] as const,
    ),
  ];
  return [
    ...repeated.flatMap(([place, figure, expected]) =>
      figure === expected ? [] : [`/operators/${place} is not what /operators/measurement gives`],
    ),
    ...brokenChecks([
      [
        threadsPerStream > 1 && threadsPerStream !== way("all-cores")?.threads,
        "/operators/threadsPerStream is not that of all-cores in /operators/measurement",
      ],
    ]),
  ];
}

/** Differences below this mean nothing, whatever the noise; outputs further apart are wrong. */
const LEAST_DIFFERENCE = 0.01;
const MOST_OUTPUT_DIFFERENCE = 1e-3;

/** The rule of docs/operator-schedules.md, from the measurements alone. */
function choiceProblems(
  { decision, algorithm, candidates }: OperatorsSection,
  measurement: readonly ArtifactWay[],
): string[] {
  if (decision.reason === "asked-for") {
    return [];
  }
  const base = measurement.find(({ name }) => name === "sequential");
  const margin = 1 - Math.max(LEAST_DIFFERENCE, decision.noise ?? 0);
  const isBetter = ({ relative, medianNs }: ArtifactWay): boolean =>
    relative.high < margin && relative.median < 1 && medianNs < (base?.medianNs ?? 0);
  const split = candidates.flatMap(({ algorithm: name, sameAs }) =>
    sameAs === undefined ? measurement.filter((way) => way.name === name) : [],
  );
  const offered = [
    ...split.filter(
      ({ name, outputDifference }) =>
        OWN[name] === undefined && outputDifference < MOST_OUTPUT_DIFFERENCE,
    ),
    ...measurement.filter(({ name, threads }) => name === "all-cores" && threads > 1),
  ].filter(isBetter);
  const [first] = offered;
  const best = offered.reduce(
    (least, way) =>
      least !== undefined && way.relative.median < least.relative.median ? way : least,
    first,
  );
  const reason =
    best === undefined
      ? "nothing-beats-sequential"
      : best.name === "all-cores"
        ? "all-cores-fastest"
        : "fastest-measured";
  const chosen = reason === "fastest-measured" ? best?.name : "sequential";
  return decision.reason === reason && algorithm === chosen
    ? []
    : [
        `/operators/decision/reason is "${decision.reason}" of "${algorithm}", /operators/measurement gives "${reason}" of "${chosen}"`,
      ];
}
