import { operatorId } from "../../../ir/operator-graph.js";
import type { OperatorSchedule } from "../../../schedule/operator-schedule.js";
import { type GpuWork, simulateGpu } from "../../../schedule/simulate-gpu.js";
import type { GpuProblem } from "./gpu-problem.js";
import type { StepLatency } from "./ios.js";

/** The simulated time of a step: its groups on streams of their own, and the barrier behind it. */
export function stepLatencyOn({ work }: GpuProblem): StepLatency {
  return (groups) => {
    const operators = groups.flat();
    const launches = groups.flatMap((group, stream) =>
      group.map((operator) => ({
        operator: operatorId(operators.indexOf(operator)),
        stream,
        waits: [],
        record: false,
      })),
    );
    const schedule: OperatorSchedule = { algorithm: "step", streams: groups.length, launches };
    const barrierNs = groups.length > 1 ? work.eventNs : work.launchGapNs;
    return simulateGpu(partOf(work, operators), schedule).makespanNs + barrierNs;
  };
}

/** The work of some operators, renumbered from 0 in the given order. */
function partOf(work: GpuWork, operators: readonly number[]): GpuWork {
  const first = [0];
  const phase = [0];
  const phases: number[] = [];
  for (const operator of operators) {
    const end = work.first[operator + 1] as number;
    for (let kernel = work.first[operator] as number; kernel < end; kernel++) {
      const to = work.phase[kernel + 1] as number;
      for (let at = work.phase[kernel] as number; at < to; at++) {
        phases.push(at);
      }
      phase.push(phases.length);
    }
    first.push(phase.length - 1);
  }
  const pick = (values: Float64Array): Float64Array =>
    Float64Array.from(phases, (at) => values[at] as number);
  return {
    first: Int32Array.from(first),
    phase: Int32Array.from(phase),
    phaseNs: pick(work.phaseNs),
    share: pick(work.share),
    arithmetic: pick(work.arithmetic),
    bandwidth: pick(work.bandwidth),
    launchGapNs: work.launchGapNs,
    eventNs: work.eventNs,
  };
}
