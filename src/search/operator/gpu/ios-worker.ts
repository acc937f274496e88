import type { GpuProblem } from "../../../schedule/gpu-problem.js";
import type { OperatorSchedule } from "../../../schedule/operator-schedule.js";
import { searchIos } from "./ios.js";
import { stepLatencyOn } from "./step-latency.js";

/** The parts of a problem that IOS reads. */
export type IosTask = Pick<GpuProblem, "graph" | "work">;

/** IOS by itself, for the thread that `ios-beside.ts` starts. */
export function run({ graph, work }: IosTask): OperatorSchedule {
  return searchIos(graph, stepLatencyOn({ work })).schedule;
}
