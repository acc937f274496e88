import type { GpuProblem } from "../../../schedule/gpu-problem.js";
import type { OperatorSchedule } from "../../../schedule/operator-schedule.js";
import { searchIos } from "./ios.js";
import { stepLatencyOn } from "./step-latency.js";

/** What IOS looks at of a problem. */
export type IosTask = Pick<GpuProblem, "graph" | "work">;

/** IOS by itself: what `ios-beside.ts` runs in a thread. */
export function run({ graph, work }: IosTask): OperatorSchedule {
  return searchIos(graph, stepLatencyOn({ work })).schedule;
}
