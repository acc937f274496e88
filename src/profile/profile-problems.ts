/**
 * Contradictions in a profile: figures that no measurement yields together. A profile is
 * often moved and sometimes edited, and what is compiled from it must pass its own verifier.
 */
import type { JsonProblem } from "../core/json-shape.js";
import { importProblems } from "./import-record.js";
import type {
  BaselineName,
  BaselineTiming,
  OutputCheck,
  Profile,
  RelativeTime,
  ScheduleMeasurement,
  Timing,
} from "./profile.js";
import { timeProblems } from "./profile-limits.js";
import { noiseOf } from "./timing.js";

/** Contradictions with their JSON pointers, in the order of the file. */
export function profileProblems(profile: Profile): readonly JsonProblem[] {
  const { device, imported, method, operators, measurement } = profile;
  const isMeasured = device.source === "measured";
  return [
    ...importProblems(device.source, imported),
    ...(isMeasured === (method !== undefined)
      ? []
      : [{ pointer: "/method", message: "must be there exactly if this tool measured" }]),
    ...(method === undefined ? [] : runProblems("/method/run", method.run)),
    ...operatorProblems(profile),
    ...operators.flatMap((timing, at) => timingProblems(`/operators/${at}`, timing)),
    ...workerProblems(profile),
    ...(measurement === undefined ? [] : measurementProblems(measurement)),
  ];
}

function operatorProblems({ operators, workers }: Profile): readonly JsonProblem[] {
  const seen = new Set<string>();
  const twice: JsonProblem[] = [];
  for (const [i, { name }] of operators.entries()) {
    if (seen.has(name)) {
      twice.push({ pointer: `/operators/${i}/name`, message: `${name} occurs twice` });
    }
    seen.add(name);
  }
  const { slowdown, segmentNs, signalNs, wakeNs, tensorNs, requestNs, returnNs } = workers;
  const medians = operators.map(({ medianNs }) => medianNs);
  const each = segmentNs + signalNs + wakeNs + tensorNs + requestNs + returnNs;
  const most = slowdown.reduce((largest, factor) => Math.max(largest, factor), 1);
  return [...twice, ...timeProblems("/operators", [...medians, ...medians.map(() => each)], most)];
}

function workerProblems({ workers }: Profile): readonly JsonProblem[] {
  const { slowdown, workers: wanted } = workers;
  return slowdown.length === wanted && slowdown[0] === 1
    ? []
    : [
        {
          pointer: "/workers/slowdown",
          message: `must have ${wanted} numbers, the first of them 1`,
        },
      ];
}

function measurementProblems(measurement: ScheduleMeasurement): readonly JsonProblem[] {
  const { baselines, schedules, noiseRatio } = measurement;
  const digests = schedules.map(({ digest }) => digest);
  const again = baselines.find(({ name }) => name === "sequential-again");
  return [
    ...(again === undefined || noiseOf(again.relative) === noiseRatio
      ? []
      : [
          {
            pointer: "/measurement/noiseRatio",
            message: `must be ${noiseOf(again.relative)}, which follows from the interval of sequential-again`,
          },
        ]),
    ...BASELINES.flatMap(([name, isNeeded]) => presenceProblems(baselines, name, isNeeded)),
    ...baselines.flatMap((each, at) => baselineProblems(`/measurement/baselines/${at}`, each)),
    ...schedules.flatMap((each, at) => [
      ...contestantProblems(`/measurement/schedules/${at}`, each),
      ...(digests.indexOf(each.digest) < at
        ? [{ pointer: `/measurement/schedules/${at}/digest`, message: "occurs twice" }]
        : []),
    ]),
    ...timeProblems(
      "/measurement",
      [...baselines, ...schedules].map(({ latency }) => latency.medianNs),
    ),
  ];
}

/** Names of baselines, and whether every measurement has them. */
const BASELINES: readonly (readonly [BaselineName, boolean])[] = [
  ["sequential", true],
  ["sequential-again", true],
  ["all-cores", false],
  ["parallel", false],
];

function presenceProblems(
  baselines: readonly BaselineTiming[],
  name: BaselineName,
  isNeeded: boolean,
): readonly JsonProblem[] {
  const count = baselines.filter((each) => each.name === name).length;
  const pointer = "/measurement/baselines";
  if (count > 1) {
    return [{ pointer, message: `has ${name} ${count} times` }];
  }
  return count === 0 && isNeeded
    ? [{ pointer, message: `must have ${name}, which everything is compared with` }]
    : [];
}

function baselineProblems(pointer: string, baseline: BaselineTiming): readonly JsonProblem[] {
  const { name, intraThreads, interThreads, relative } = baseline;
  const isOnOne = name === "sequential" || name === "sequential-again";
  const { median, low, high } = relative;
  const isItself = median === 1 && low === 1 && high === 1;
  return [
    ...(isOnOne && (intraThreads > 1 || interThreads > 1)
      ? [{ pointer: `${pointer}/intraThreads`, message: `${name} is on one thread` }]
      : []),
    ...(name === "sequential" && !isItself
      ? [{ pointer: `${pointer}/relative`, message: "must be 1: it is compared with itself" }]
      : []),
    ...contestantProblems(pointer, baseline),
  ];
}

function contestantProblems(
  pointer: string,
  {
    latency,
    relative,
    outputs,
  }: {
    readonly latency: Timing;
    readonly relative: RelativeTime;
    readonly outputs: OutputCheck;
  },
): readonly JsonProblem[] {
  const { median, low, high } = relative;
  const { identical, maxAbsolute, maxRelative } = outputs;
  return [
    ...runProblems(`${pointer}/latency`, latency),
    ...(low <= median && median <= high
      ? []
      : [{ pointer: `${pointer}/relative`, message: "must have low <= median <= high" }]),
    ...(identical && (maxAbsolute > 0 || maxRelative > 0)
      ? [{ pointer: `${pointer}/outputs`, message: "are identical, and differ" }]
      : []),
  ];
}

/** Of a whole run, which takes some time. */
function runProblems(pointer: string, timing: Timing): readonly JsonProblem[] {
  return [
    ...(timing.medianNs === 0
      ? [{ pointer: `${pointer}/medianNs`, message: "must be at least 1" }]
      : []),
    ...timingProblems(pointer, timing),
  ];
}

/** A timing whose median is not between its quantiles. */
export function timingProblems(
  pointer: string,
  { medianNs, p10Ns, p90Ns }: Timing,
): readonly JsonProblem[] {
  return p10Ns <= medianNs && medianNs <= p90Ns
    ? []
    : [
        {
          pointer,
          message: `must have p10Ns <= medianNs <= p90Ns: ${p10Ns}, ${medianNs}, ${p90Ns}`,
        },
      ];
}
