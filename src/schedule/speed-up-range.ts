/**
 * What a schedule gains over one stream, over the whole range of what is assumed of a device.
 *
 * A prediction rests on figures that nobody has measured; so it is made under each scenario, and one stream is
 * predicted under the same. The speed-up is then a range, and its ends say under which figures it is which.
 */
import { type Scenario, scenariosOf, usedScenario } from "../cost/scenarios.js";
import type { GpuProblem } from "./gpu-problem.js";
import type { GpuWork } from "./gpu-work.js";
import type { OperatorSchedule } from "./operator-schedule.js";
import { problemUnder } from "./problem-under.js";
import { gpuMakespan } from "./simulate-gpu.js";

/** The work of a problem under a scenario. */
export interface AssumedCase {
  readonly scenario: Scenario;
  readonly work: GpuWork;
}

/** Least and greatest speed-up, and the positions of the cases that give them, the first of equals. */
export interface SpeedUpRange {
  readonly low: number;
  readonly lowAt: number;
  readonly high: number;
  readonly highAt: number;
}

/** Digits of a speed-up behind the point. */
const DIGITS = 1e4;

/** A problem as it is used, then under every scenario; none if nothing is assumed. Cost: O(kernels) each. */
export function assumedCases(problem: GpuProblem): readonly AssumedCase[] {
  const scenarios = scenariosOf(problem.device);
  return scenarios.length === 0
    ? []
    : [
        { scenario: usedScenario(problem.device), work: problem.work },
        ...scenarios.map((scenario) => ({ scenario, work: problemUnder(problem, scenario).work })),
      ];
}

/** The time of a schedule in every case, integer nanoseconds. Cost: a simulation each. */
export function timesIn(
  cases: readonly AssumedCase[],
  schedule: OperatorSchedule,
): readonly number[] {
  return cases.map(({ work }) => gpuMakespan(work, schedule));
}

/** The speed-up in every case, to four digits; 1 where nothing takes time. Requires: as many of both. */
export function speedUpRange(
  sequentialNs: readonly number[],
  predictedNs: readonly number[],
): SpeedUpRange {
  const ratios = predictedNs.map((ns, at) =>
    ns === 0 ? 1 : Math.round(((sequentialNs[at] ?? 0) / ns) * DIGITS) / DIGITS,
  );
  const low = Math.min(...ratios);
  const high = Math.max(...ratios);
  return { low, lowAt: ratios.indexOf(low), high, highAt: ratios.indexOf(high) };
}
