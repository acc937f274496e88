import { median } from "../core/statistics.js";

/** One execution of a node, as the profiler of ONNX Runtime reports it. */
interface ProfilerEvent {
  readonly cat: string;
  readonly name: string;
  /** Microseconds. */
  readonly ts: number;
  readonly dur: number;
}

/** The runs of one profiled session. */
export interface ProfiledRuns {
  /** Duration of each run, integer nanoseconds, in order. */
  readonly runNs: readonly number[];
  /** Time of each kernel by node name: one entry per run, integer nanoseconds, 0 where it did not run. */
  readonly kernelNs: ReadonlyMap<string, Float64Array>;
}

const KERNEL_SUFFIX = "_kernel_time";

/** The name of a kernel in a profile, which holds no other field's name. */
const KERNEL_NAME = /("name"\s*:\s*)"((?:(?!"name"\s*:)[\s\S])*?)_kernel_time"/g;

/**
 * The text of a profile with the given names as JSON strings: ONNX Runtime writes names as they
 * are, with quotes, backslashes and control characters.
 *
 * Example: `"name" :"a\b_kernel_time"` of the node `a\b` gets a second backslash.
 * Cost: O(length of the text).
 */
export function withEscapedNames(text: string, names: readonly string[]): string {
  const odd = new Set(names.filter((name) => JSON.stringify(name) !== `"${name}"`));
  return odd.size === 0
    ? text
    : text.replace(KERNEL_NAME, (whole, field: string, name: string) =>
        odd.has(name) ? `${field}${JSON.stringify(`${name}${KERNEL_SUFFIX}`)}` : whole,
      );
}

/**
 * Sorts the events of a profile into runs and kernels.
 *
 * Events are not labeled with their run: a node belongs to the `model_run` whose interval holds it.
 * Nodes inside a body (If, Loop, Scan) are reported next to the node that contains them; they are left
 * out, since that node's time includes them: they begin before the last one outside has ended.
 *
 * Order: runs by time; `drop` of them are left out at the beginning.
 * Cost: O(events * log(events)).
 */
export function sortEvents(text: string, drop: number): ProfiledRuns {
  const events = (JSON.parse(text) as ProfilerEvent[]).filter(
    (event) => event.cat === "Node" || event.name === "model_run",
  );
  // Sorted so that a run comes before its nodes, and a node before those inside it.
  events.sort((a, b) => a.ts - b.ts || b.dur - a.dur || Number(isRun(b)) - Number(isRun(a)));
  const count = Math.max(0, events.filter(isRun).length - drop);
  const runNs: number[] = [];
  const kernelNs = new Map<string, Float64Array>();
  let run = -1 - drop;
  let runEnd = -1;
  let nodeEnd = -1;
  for (const event of events) {
    if (isRun(event)) {
      run++;
      runEnd = event.ts + event.dur;
      nodeEnd = event.ts;
      if (run >= 0) {
        runNs.push(event.dur * 1000);
      }
    } else if (run >= 0 && event.ts >= nodeEnd && event.ts <= runEnd) {
      nodeEnd = event.ts + event.dur;
      add(kernelNs, event, run, count);
    }
  }
  return { runNs, kernelNs };
}

function isRun(event: ProfilerEvent): boolean {
  return event.name === "model_run";
}

function add(
  kernelNs: Map<string, Float64Array>,
  event: ProfilerEvent,
  run: number,
  runs: number,
): void {
  const name = event.name.slice(0, -KERNEL_SUFFIX.length);
  const times = kernelNs.get(name) ?? new Float64Array(runs);
  kernelNs.set(name, times);
  times[run] = (times[run] ?? 0) + event.dur * 1000;
}

/** Largest relative difference between the medians of the sessions; 0 for fewer than two. */
export function driftOf(sessions: readonly ArrayLike<number>[]): number {
  const medians = sessions.filter((samples) => samples.length > 0).map(median);
  const low = Math.min(...medians);
  return medians.length < 2 || low === 0 ? 0 : Math.max(...medians) / low - 1;
}
