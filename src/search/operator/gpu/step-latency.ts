import { operatorId } from "../../../ir/operator-graph.js";
import { workOfSome } from "../../../schedule/gpu-work.js";
import type { OperatorSchedule } from "../../../schedule/operator-schedule.js";
import { gpuMakespan } from "../../../schedule/simulate-gpu.js";
import type { GpuProblem } from "./gpu-problem.js";
import type { StepLatency } from "./ios.js";

/** The simulated time of a step: its groups on streams of their own, and the barrier behind it. */
export function stepLatencyOn({ work }: GpuProblem): StepLatency {
  return (groups) => {
    let next = 0;
    const launches = groups.flatMap((group, stream) =>
      group.map(() => ({ operator: operatorId(next++), stream, waits: [], record: false })),
    );
    const schedule: OperatorSchedule = { algorithm: "step", streams: groups.length, launches };
    const barrierNs = groups.length > 1 ? work.eventNs : work.launchGapNs;
    return gpuMakespan(workOfSome(work, groups.flat()), schedule) + barrierNs;
  };
}
