/**
 * The reasons why an operator schedule on a GPU is not shorter.
 *
 * They are two: the lower bounds, by the longest path, by the room on the SMs, by arithmetic and by
 * bandwidth; and the breakdown of the chain of operators that the end waits for: the time that they
 * take alone, the cost of neighbors, launch gaps and events, and waiting for room on the device.
 *
 * Example: a chain of 100 us alone in a schedule of 120 us with 8 us of gaps and 12 us slowed down:
 * fewer neighbors at that time would help, shorter gaps would not help much.
 */
import type { ArtifactGpu, OperatorsSection } from "../artifact/artifact.js";
import type { TimedLaunch } from "../artifact/timed-launches.js";

/** A lower bound on the latency. */
export interface GpuBound {
  readonly kind: keyof ArtifactGpu["boundsNs"];
  readonly ns: number;
}

/** The time of the chain that the end waits for, taken apart; integer nanoseconds. */
export interface ChainTime {
  readonly aloneNs: number;
  /**
   * Slowed down by operators running at the same time, or by those occupying the room of a later
   * kernel.
   */
  readonly slowedNs: number;
  readonly launchGapsNs: number;
  readonly eventsNs: number;
  /** Everything was there, but the device had no room. */
  readonly roomNs: number;
}

/**
 * The parts of the chain that the longest path does not have: slowed operators, waiting for room, and
 * the time of events between streams beyond launch gaps. Launch gaps are in the longest path.
 */
export interface GpuLoss {
  readonly kind: "slowed" | "room" | "events";
  readonly ns: number;
}

/** The explanation of a GPU schedule's latency. */
export interface GpuExplanation {
  /** Largest first. */
  readonly bounds: readonly GpuBound[];
  readonly chain: ChainTime;
  /** Largest first. */
  readonly losses: readonly GpuLoss[];
  readonly usePercent: ArtifactGpu["usePercent"];
}

/** The GPU's part of a section's explanation, if it has one. Cost: O(chain). */
export function gpuExplanationOf(
  { gpu }: OperatorsSection,
  chain: readonly TimedLaunch[],
): GpuExplanation | undefined {
  if (gpu === undefined) {
    return undefined;
  }
  const bounds = Object.entries(gpu.boundsNs)
    .map(([kind, ns]) => ({ kind: kind as GpuBound["kind"], ns }))
    .sort((a, b) => b.ns - a.ns);
  const time = chainTime(gpu, chain);
  const eventShare = gpu.eventNs === 0 ? 0 : Math.max(0, 1 - gpu.launchGapNs / gpu.eventNs);
  const losses: GpuLoss[] = [
    { kind: "slowed", ns: time.slowedNs },
    { kind: "room", ns: time.roomNs },
    { kind: "events", ns: Math.round(time.eventsNs * eventShare) },
  ];
  losses.sort((a, b) => b.ns - a.ns);
  return { bounds, chain: time, losses, usePercent: gpu.usePercent };
}

function chainTime(gpu: ArtifactGpu, chain: readonly TimedLaunch[]): ChainTime {
  const time = { aloneNs: 0, slowedNs: 0, launchGapsNs: 0, eventsNs: 0, roomNs: 0 };
  let before: TimedLaunch | undefined;
  for (const launch of chain) {
    const took = Math.max(0, launch.endNs - launch.startNs);
    const alone = Math.min(took, launch.aloneNs ?? took);
    const gap = Math.max(0, launch.startNs - (before?.endNs ?? 0));
    const isSameStream = before?.stream === launch.stream;
    const least = isSameStream ? gpu.launchGapNs : gpu.eventNs;
    const cost = before === undefined ? 0 : Math.min(gap, least);
    time.aloneNs += alone;
    time.slowedNs += took - alone;
    time[isSameStream ? "launchGapsNs" : "eventsNs"] += cost;
    time.roomNs += gap - cost;
    before = launch;
  }
  return time;
}
