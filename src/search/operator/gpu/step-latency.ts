import type { GpuProblem } from "../../../schedule/gpu-problem.js";
import { DONE_NS, GpuSharing } from "../../../schedule/gpu-sharing.js";
import { type GpuWork, widthCost } from "../../../schedule/gpu-work.js";
import type { StepLatency } from "./ios-part.js";

/**
 * The simulated time of a step: its groups on streams of their own, and the barrier behind it.
 *
 * The same as a schedule of the step has in `simulateGpu`. IOS asks for tens of thousands of steps
 * of a few operators, so nothing is built for one: groups do not wait for each other, and all that
 * changes from step to step is where each of them is. Cost: O(phases x groups) a step.
 */
export function stepLatencyOn({ work }: Pick<GpuProblem, "work">): StepLatency {
  const runs: GroupRun[] = [];
  let sharing = new GpuSharing(work, 16);
  return (groups) => {
    if (sharing.operator.length < groups.length) {
      sharing = new GpuSharing(work, 2 * groups.length);
    }
    while (runs.length < groups.length) {
      runs.push({ operators: [], at: 0, kernel: 0, due: 0 });
    }
    groups.forEach((group, index) => {
      const run = runs[index] as GroupRun;
      run.operators = group;
      enterOperator(work, run, 0, 0);
    });
    if (runs.slice(0, groups.length).every(({ due }) => due === Number.POSITIVE_INFINITY)) {
      return 0;
    }
    const end = Math.round(runStep(work, sharing, runs, groups.length));
    return end + barrierNs(work, groups.length);
  };
}

/** What the barrier behind a step costs: groups that are joined, and as many that are forked. */
function barrierNs(work: GpuWork, groups: number): number {
  return groups > 1 ? work.eventNs + 2 * widthCost(work, groups - 1) : work.launchGapNs;
}

/** The progress of a group: its operator `at` runs `kernel`, or will when it is `due` (`Infinity`: runs). */
interface GroupRun {
  operators: readonly number[];
  at: number;
  kernel: number;
  due: number;
}

function runStep(
  work: GpuWork,
  sharing: GpuSharing,
  runs: readonly GroupRun[],
  count: number,
): number {
  let now = 0;
  sharing.count = 0;
  for (;;) {
    const arrival = admit(work, sharing, runs, count, now);
    if (sharing.count === 0) {
      if (arrival === Number.POSITIVE_INFINITY) {
        return now;
      }
      now = arrival;
      continue;
    }
    const step = Math.min(sharing.settle(), arrival - now);
    sharing.advance(step);
    now += step;
    let kept = 0;
    for (let slot = 0; slot < sharing.count; slot++) {
      const isOver = sharing.rate[slot]! > 0 && sharing.left[slot]! <= DONE_NS;
      const run = runs[sharing.operator[slot]!] as GroupRun;
      if (!isOver || endPhase(work, sharing, slot, run, now)) {
        if (kept < slot) {
          sharing.move(slot, kept);
        }
        kept++;
      }
    }
    sharing.count = kept;
  }
}

/** Puts the kernels that are due on the device, earliest first; when the next one is due. */
function admit(
  work: GpuWork,
  sharing: GpuSharing,
  runs: readonly GroupRun[],
  count: number,
  now: number,
): number {
  for (;;) {
    let first = 0;
    for (let group = 1; group < count; group++) {
      if ((runs[group] as GroupRun).due < (runs[first] as GroupRun).due) {
        first = group;
      }
    }
    const run = runs[first] as GroupRun;
    if (run.due > now + 1e-9) {
      return run.due;
    }
    const phase = work.phase[run.kernel]!;
    sharing.add(first, phase, work.phaseNs[phase]!);
    run.due = Number.POSITIVE_INFINITY;
  }
}

/** Goes on to the next phase of the kernel; `false` when it was the last. */
function endPhase(
  work: GpuWork,
  sharing: GpuSharing,
  slot: number,
  run: GroupRun,
  now: number,
): boolean {
  const next = sharing.phase[slot]! + 1;
  if (next < work.phase[run.kernel + 1]!) {
    sharing.phase[slot] = next;
    sharing.left[slot] = work.phaseNs[next]!;
    return true;
  }
  const operator = run.operators[run.at]!;
  if (run.kernel + 1 < work.first[operator + 1]!) {
    run.kernel++;
    run.due = now + work.launchGapNs;
    return false;
  }
  enterOperator(work, run, run.at + 1, now + work.launchGapNs);
  return false;
}

/** Goes to the first operator from `at` on that launches something; its first kernel is due then. */
function enterOperator(work: GpuWork, run: GroupRun, at: number, due: number): void {
  run.due = Number.POSITIVE_INFINITY;
  for (run.at = at; run.at < run.operators.length; run.at++) {
    const operator = run.operators[run.at]!;
    const kernel = work.first[operator]!;
    if (kernel < work.first[operator + 1]!) {
      run.kernel = kernel;
      run.due = due;
      return;
    }
  }
}
