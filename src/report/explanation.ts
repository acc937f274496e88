/**
 * The breakdown of the predicted time of an operator schedule.
 *
 * The launches alone show how busy each stream is, which operators take longest, and what the end
 * waits for. The last is a chain: from the operator that ends last, back to the predecessor that
 * released it last (the previous launch of its stream, or one of its waits), and so on to the start.
 * On a CPU that is the predecessor that ended last; on a GPU a stream releases its next launch one
 * launch gap after an end, and an event does so later. The time between two links is a gap: the
 * hand-over between streams, and the start of a sub-model.
 */
import type { OperatorsSection } from "../artifact/artifact.js";
import type { ArtifactRange } from "../artifact/range-section.js";
import { type TimedLaunch, timedLaunches } from "../artifact/timed-launches.js";
import { type GpuExplanation, gpuExplanationOf } from "./gpu-explanation.js";

/** The activity of one stream. */
export interface StreamShare {
  readonly stream: number;
  readonly operators: number;
  readonly waits: number;
  readonly busyNs: number;
}

/** One link of the chain that decides the latency. */
export interface ChainLink {
  readonly operator: string;
  readonly stream: number;
  readonly durationNs: number;
  /** From the end of what it waited for, or from the start, to its own start. */
  readonly gapNs: number;
}

/** The predicted course of one task in flight. */
export interface TaskShare {
  readonly task: string;
  /** Operators that this schedule runs of it. */
  readonly operators: number;
  readonly endNs: number;
}

/** The breakdown of the time; integer nanoseconds, all predicted. */
export interface Explanation {
  readonly latencyNs: number;
  /** By stream. */
  readonly streams: readonly StreamShare[];
  /** In the order of the section; none for one inference from its start. */
  readonly tasks: readonly TaskShare[];
  /** From start to end. */
  readonly criticalPath: readonly ChainLink[];
  /** Absent for schedules of a CPU. */
  readonly gpu?: GpuExplanation;
  /** The schedule over what is assumed of the device; absent: nothing is. */
  readonly range?: ArtifactRange;
  /** Longest first; equals in launch order. */
  readonly slowest: readonly { readonly operator: string; readonly durationNs: number }[];
}

/**
 * The explanation of a section, with at most `slowest` slowest operators; `undefined` where no times
 * are predicted.
 *
 * The launches need not verify: an invalid section is explained as it stands.
 * Cost: O(launches log launches + waits).
 */
export function explainOperators(
  section: OperatorsSection,
  slowest: number,
): Explanation | undefined {
  const launches = timedLaunches(section);
  if (launches === undefined) {
    return undefined;
  }
  const chain = criticalChain(launches, section);
  const gpu = gpuExplanationOf(section, chain);
  return {
    latencyNs: launches.reduce((end, { endNs }) => Math.max(end, endNs), 0),
    streams: streamShares(section, launches),
    tasks: taskShares(section, launches),
    criticalPath: linksOf(chain),
    ...(gpu === undefined ? {} : { gpu }),
    ...(section.range === undefined ? {} : { range: section.range }),
    slowest: launches
      .map((launch) => ({ operator: launch.operator, durationNs: durationOf(launch) }))
      .sort((a, b) => b.durationNs - a.durationNs)
      .slice(0, slowest),
  };
}

function durationOf({ startNs, endNs }: TimedLaunch): number {
  return Math.max(0, endNs - startNs);
}

function streamShares(
  { streams }: OperatorsSection,
  launches: readonly TimedLaunch[],
): StreamShare[] {
  const shares = Array.from({ length: streams }, () => ({ operators: 0, waits: 0, busyNs: 0 }));
  for (const launch of launches) {
    const share = shares[launch.stream];
    if (share !== undefined) {
      share.operators++;
      share.waits += launch.waits.length;
      share.busyNs += durationOf(launch);
    }
  }
  return shares.map((share, stream) => ({ stream, ...share }));
}

function taskShares({ tasks }: OperatorsSection, launches: readonly TimedLaunch[]): TaskShare[] {
  const shares = new Map((tasks ?? []).map(({ name }) => [name, { operators: 0, endNs: 0 }]));
  for (const { operator, endNs } of launches) {
    const share = shares.get(operator.slice(0, Math.max(0, operator.indexOf(":"))));
    if (share !== undefined) {
      share.operators++;
      share.endNs = Math.max(share.endNs, endNs);
    }
  }
  return [...shares].map(([task, share]) => ({ task, ...share }));
}

function criticalChain(launches: readonly TimedLaunch[], { gpu }: OperatorsSection): TimedLaunch[] {
  const byName = new Map(launches.map((launch) => [launch.operator, launch]));
  const previous = previousLaunches(launches);
  const chain: TimedLaunch[] = [];
  let at = lastBy(launches, ({ endNs }) => endNs);
  while (at !== undefined && chain.length < launches.length) {
    const { stream, waits } = at;
    const waited = waits.flatMap((name) => byName.get(name) ?? []);
    chain.push(at);
    at = lastBy([...(previous.get(at) ?? []), ...waited], (each) => {
      const afterNs = each.stream === stream ? gpu?.launchGapNs : gpu?.eventNs;
      return each.endNs + (afterNs ?? 0);
    });
  }
  return chain.reverse();
}

function linksOf(chain: readonly TimedLaunch[]): ChainLink[] {
  return chain.map((launch, at) => ({
    operator: launch.operator,
    stream: launch.stream,
    durationNs: durationOf(launch),
    gapNs: Math.max(0, launch.startNs - (chain[at - 1]?.endNs ?? 0)),
  }));
}

/** The launch before each launch on its stream, if any. */
function previousLaunches(
  launches: readonly TimedLaunch[],
): ReadonlyMap<TimedLaunch, readonly [TimedLaunch]> {
  const previous = new Map<TimedLaunch, readonly [TimedLaunch]>();
  const last = new Map<number, TimedLaunch>();
  for (const launch of launches) {
    const before = last.get(launch.stream);
    if (before !== undefined) {
      previous.set(launch, [before]);
    }
    last.set(launch.stream, launch);
  }
  return previous;
}

/** The first of those with the latest time. */
function lastBy(
  launches: readonly TimedLaunch[],
  timeOf: (launch: TimedLaunch) => number,
): TimedLaunch | undefined {
  let last: TimedLaunch | undefined;
  for (const launch of launches) {
    if (last === undefined || timeOf(launch) > timeOf(last)) {
      last = launch;
    }
  }
  return last;
}
