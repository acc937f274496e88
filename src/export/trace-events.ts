/** Events of Chrome's trace format, from times in nanoseconds. */

/** One event of a trace. */
export type TraceEvent = Readonly<Record<string, unknown>>;

/** A slice by its process and thread, with times in nanoseconds. */
export interface Moment {
  readonly pid: number;
  readonly tid: number;
  readonly start: number;
  readonly end: number;
}

/** What leaves one slice and arrives at another. */
export interface Flow {
  readonly from: Moment;
  readonly to: Moment;
}

/**
 * A slice; `cat` is its category. One without duration is drawn as a nanosecond, as speedscope cannot end what has not
 * begun earlier, and says so in its arguments. It still overlaps nothing: times are whole nanoseconds.
 */
export function slice(at: Moment, name: string, cat: string, args: TraceEvent): TraceEvent {
  const { pid, tid, start, end } = at;
  const isInstant = end === start;
  const said = isInstant ? { ...args, isInstant } : args;
  const dur = durationOf(start, isInstant ? start + 1 : end);
  return { ph: "X", name, cat, pid, tid, ts: start / 1000, dur, args: said };
}

/**
 * Microseconds from `start` to `end`. Where they are not whole a picosecond is left out, so that no sum of doubles, as viewers
 * form it, is beyond `end`, where the next slice may begin.
 */
function durationOf(start: number, end: number): number {
  const isWhole = start % 1000 === 0 && end % 1000 === 0;
  return isWhole ? (end - start) / 1000 : ((end - start) * 1000 - 1) / 1e6;
}

/** The events of arrows, two each, each inside its slice. */
export function flowEvents(name: string, flows: readonly Flow[]): readonly TraceEvent[] {
  return flows.flatMap(({ from, to }, id) => {
    const leaves = Math.max(from.start, from.end - 1);
    const common = { name, cat: "dependency", id: id + from.pid * 1e9 };
    return [
      { ph: "s", ...common, pid: from.pid, tid: from.tid, ts: leaves / 1000 },
      { ph: "f", bp: "e", ...common, pid: to.pid, tid: to.tid, ts: to.start / 1000 },
    ];
  });
}

/** The value of a counter of a process from a time on. */
export function counter(pid: number, name: string, ns: number, args: TraceEvent): TraceEvent {
  return { ph: "C", name, pid, ts: ns / 1000, args };
}

/** The name of a process, and its place among the others. */
export function processEvents(pid: number, name: string): readonly TraceEvent[] {
  return [
    { ph: "M", name: "process_name", pid, args: { name } },
    { ph: "M", name: "process_sort_index", pid, args: { sort_index: pid } },
  ];
}

/** The name of a thread, and its place in its process. */
export function threadEvents(pid: number, tid: number, name: string): readonly TraceEvent[] {
  return [
    { ph: "M", name: "thread_name", pid, tid, args: { name } },
    { ph: "M", name: "thread_sort_index", pid, tid, args: { sort_index: tid } },
  ];
}
