/** The rules by which viewers of Chrome's trace format keep every event, and draw it where it belongs. */

/** An event as it is read. */
export interface ReadEvent {
  readonly ph: string;
  readonly name: string;
  readonly pid: number;
  readonly tid?: number;
  readonly ts?: number;
  readonly dur?: number;
  readonly id?: number;
  readonly cat?: string;
  readonly bp?: string;
  readonly args?: Readonly<Record<string, unknown>>;
}

interface Span {
  readonly from: number;
  readonly to: number;
}

/** Nanoseconds, as viewers round microseconds. */
const ns = (microseconds: number | undefined): number =>
  Math.round((microseconds ?? Number.NaN) * 1000);

const threadOf = ({ pid, tid }: ReadEvent): string => `${pid}/${tid}`;

/** What is wrong in the events of a trace, in words; empty: nothing. */
export function brokenTraceRules(events: readonly ReadEvent[]): readonly string[] {
  const slices = events.filter(({ ph }) => ph === "X");
  const threads = groupBy(slices, threadOf);
  return [
    ...events.flatMap((event, at) => eventProblems(event).map((problem) => `${at}: ${problem}`)),
    ...[...threads].flatMap(([thread, own]) => [
      ...overlaps(own.map(spanOf), thread),
      ...overlaps(own.map(sumOf), `${thread}, as sums of doubles,`),
    ]),
    ...flowProblems(events, threads),
    ...nameless(events, threads),
  ];
}

const spanOf = ({ ts, dur }: ReadEvent): Span => ({ from: ns(ts), to: ns(ts) + ns(dur) });

/** As viewers have it that add microseconds as they stand. */
const sumOf = ({ ts = 0, dur = 0 }: ReadEvent): Span => ({ from: ts, to: ts + dur });

function eventProblems({ ph, name, ts, dur, args }: ReadEvent): string[] {
  const isFine = (value: number): boolean =>
    Math.abs(ns(value) / 1000 - value) < 1e-9 * Math.max(1, value);
  const checks: readonly (readonly [boolean, string])[] = [
    [!["X", "M", "C", "s", "f"].includes(ph), `phase ${ph}`],
    [typeof name !== "string" || name === "", "no name"],
    [ph !== "M" && !(typeof ts === "number" && ts >= 0 && isFine(ts)), `ts ${ts}`],
    [
      ph === "X" && !(typeof dur === "number" && dur >= 0 && Math.abs(ns(dur) / 1000 - dur) < 2e-6),
      `dur ${dur}`,
    ],
    [
      ph === "C" && !Object.values(args ?? {}).every(Number.isFinite),
      "a counter that is no number",
    ],
    [ph === "C" && Object.keys(args ?? {}).length === 0, "a counter without a value"],
  ];
  return checks.flatMap(([isBroken, problem]) => (isBroken ? [problem] : []));
}

/** Slices of a thread nest or are apart. */
function overlaps(spans: readonly Span[], thread: string): string[] {
  const open: Span[] = [];
  return [...spans]
    .sort((a, b) => a.from - b.from || b.to - a.to)
    .flatMap((span) => {
      while ((open.at(-1)?.to ?? Number.POSITIVE_INFINITY) <= span.from) {
        open.pop();
      }
      const isCrossing = span.to > (open.at(-1)?.to ?? Number.POSITIVE_INFINITY);
      open.push(span);
      return isCrossing ? [`slices of thread ${thread} overlap at ${span.from}`] : [];
    });
}

/** An arrow has two ends, each in a slice. */
function flowProblems(
  events: readonly ReadEvent[],
  threads: ReadonlyMap<string, readonly ReadEvent[]>,
): string[] {
  const ends = events.filter(({ ph }) => ph === "s" || ph === "f");
  const flows = groupBy(ends, ({ cat, name, id }) => `${cat} ${name} ${id}`);
  const isInSlice = (event: ReadEvent): boolean =>
    (threads.get(threadOf(event)) ?? []).map(spanOf).some(({ from, to }) => {
      const at = ns(event.ts);
      return from <= at && (at < to || from === to);
    });
  return [...flows].flatMap(([flow, both]) => {
    const phases = both.map(({ ph }) => ph).sort();
    return [
      ...(phases.join("") === "fs" ? [] : [`flow ${flow} has ${phases.join()}`]),
      ...both.flatMap((end) => [
        ...(isInSlice(end) ? [] : [`flow ${flow}: ${end.ph} has no slice around it`]),
        ...(end.ph === "s" || end.bp === "e" ? [] : [`flow ${flow} binds to the next slice`]),
      ]),
    ];
  });
}

/** Every process and every thread with slices has a name. */
function nameless(
  events: readonly ReadEvent[],
  threads: ReadonlyMap<string, readonly ReadEvent[]>,
): string[] {
  const named = (kind: string): ReadEvent[] =>
    events.filter(({ ph, name, args }) => ph === "M" && name === kind && args?.["name"] !== "");
  const processes = new Set(named("process_name").map(({ pid }) => pid));
  const known = new Set(named("thread_name").map(threadOf));
  return [
    ...events.flatMap(({ pid }) => (processes.has(pid) ? [] : [`process ${pid} has no name`])),
    ...[...threads.keys()].flatMap((thread) =>
      known.has(thread) ? [] : [`thread ${thread} has no name`],
    ),
  ];
}

function groupBy(
  events: readonly ReadEvent[],
  keyOf: (event: ReadEvent) => string,
): ReadonlyMap<string, readonly ReadEvent[]> {
  const groups = new Map<string, ReadEvent[]>();
  for (const event of events) {
    const group = groups.get(keyOf(event)) ?? [];
    group.push(event);
    groups.set(keyOf(event), group);
  }
  return groups;
}
