/**
 * What launching costs inside a CUDA graph, measured with kernels that do nothing.
 *
 * A graph keeps dependencies and no streams, so a chain that changes streams at every kernel is the same chain,
 * and says nothing of what waiting across streams costs. Three series do:
 *
 * - Hops: two chains side by side, of which every k-th kernel also waits for the one before it on the other chain.
 *   Each k has the same kernels and another number of such waits; the time over their share is a line, whose slope is
 *   what one costs more than a step of its chain. What a graph takes to start and end is in the intercept.
 * - Forks: a kernel, n that wait for it, one that waits for all n.
 * - Fronts: n chains of m kernels. Where n is large, the device cannot start kernels as fast as they are ready; the
 *   time of the kernels between two m is then what starting one takes.
 *
 * How a step of a chain is divided into kernel and gap, kernels say that note when they ran (`measure-stamps.ts`).
 */
import { present } from "../../core/invariant.js";
import { ok, type Result } from "../../core/result.js";
import type { HelperSchedule, NodeLaunch } from "../../runtime/cuda/client/nodes.js";
import type { DeviceSession } from "../../runtime/cuda/session/device-session.js";
import { timingOf } from "../timing.js";
import type { GpuForkCost, GpuFrontCost, GpuHopCost, GpuLaunchCosts } from "./gpu-profile.js";
import { measureStamps } from "./measure-stamps.js";

/** Copies of a schedule in a graph: beyond 20 the share of the launch is below 2 % of a small kernel. */
const REPEAT = 20;
/** Copies where what the launch takes cancels out. */
const FEW = 4;
const ROUNDS = 11;

/** Kernels from one wait across to the next. */
const HOPS_EVERY = [1, 2, 4, 8, 16] as const;
/** Kernels of each of the two chains with hops. */
const HOP_CHAIN = 32;
/** Branches of forks and of fronts. */
const BRANCHES = [1, 2, 4, 8, 16, 32] as const;
/** Kernels of each chain of a front; the two lengths are subtracted from each other. */
const LENGTHS = [2, 7] as const;

/** Kernels that do nothing that the largest of the schedules has. */
export const NOTHINGS_NEEDED: number = 32 * LENGTHS[1];

/**
 * Measures what launching costs.
 *
 * Fails: what the helper refuses. Cost: a second, most of it on the device.
 */
export async function measureLaunching(
  session: Pick<DeviceSession, "nothings" | "measure" | "stampedChain">,
): Promise<Result<GpuLaunchCosts>> {
  const { nothings } = session;
  const chain = { launches: nothings.slice(0, 2 * HOP_CHAIN).map((node) => ({ node })) };
  const pair = { launches: nothings.slice(0, 2).map((node, stream) => ({ node, stream })) };
  const hops = HOPS_EVERY.map((every) => twoChains(nothings, every));
  const forks = BRANCHES.map((branches) => forkAndJoin(nothings, branches));
  const fronts = BRANCHES.flatMap((branches) =>
    LENGTHS.map((length) => front(nothings, branches, length)),
  );
  // What a graph takes to start cancels out where times are subtracted from each other: few copies do there.
  const whole = await timesOf(session, [chain, pair, ...forks], REPEAT);
  if (!whole.ok) {
    return whole;
  }
  const differences = await timesOf(session, [...hops, ...fronts], FEW);
  if (!differences.ok) {
    return differences;
  }
  const stamped = await measureStamps(session);
  if (!stamped.ok) {
    return stamped;
  }
  const ns = [...whole.value, ...differences.value];
  const take = (count: number): readonly number[] => ns.splice(0, count);
  const [chainOfAll = 0, pairNs = 0] = take(2);
  const chainNs = Math.round(chainOfAll / chain.launches.length);
  return ok({
    ...launchCostsOf(chainNs, pairNs, {
      forks: take(forks.length).map((total, i) => ({
        branches: present(BRANCHES[i], "n"),
        ns: total,
      })),
      hops: take(hops.length).map((total, i) => ({
        every: present(HOPS_EVERY[i], "k"),
        ns: total,
      })),
      fronts: take(fronts.length).map((total, i) => ({
        branches: present(BRANCHES[Math.floor(i / LENGTHS.length)], "n"),
        kernels: present(LENGTHS[i % LENGTHS.length], "m"),
        ns: total,
      })),
    }),
    ...stamped.value,
  });
}

/** Medians in nanoseconds, in the order of the schedules. */
async function timesOf(
  session: Pick<DeviceSession, "measure">,
  schedules: readonly HelperSchedule[],
  repeat: number,
): Promise<Result<readonly number[]>> {
  const samples = await session.measure({ schedules, rounds: ROUNDS, repeat });
  return samples.ok
    ? ok(samples.value.map((each) => timingOf(each.map((us) => us * 1000)).medianNs))
    : samples;
}

/** The three series, each with the whole time of its schedules. */
export interface LaunchSeries {
  readonly hops: readonly GpuHopCost[];
  readonly forks: readonly GpuForkCost[];
  readonly fronts: readonly GpuFrontCost[];
}

/**
 * The costs that the series show.
 *
 * `chainNs` is of one kernel in a chain, `pairNs` of two kernels side by side, fork and join included.
 */
export function launchCostsOf(
  chainNs: number,
  pairNs: number,
  { hops, forks, fronts }: LaunchSeries,
): GpuLaunchCosts {
  return {
    chainNs,
    hopNs: chainNs + Math.max(0, Math.round(hopSlope(hops))),
    pairNs: Math.max(0, pairNs - chainNs),
    dispatchNs: Math.max(0, Math.round(dispatchOf(fronts))),
    hops,
    forks,
    fronts,
  };
}

/** What a wait across costs more than a step: least squares of the time over the number of such waits. */
function hopSlope(hops: readonly GpuHopCost[]): number {
  const points = hops.map(({ every, ns }) => [Math.ceil(HOP_CHAIN / every) - 1, ns] as const);
  const mean = (at: 0 | 1): number =>
    points.reduce((sum, point) => sum + point[at], 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  const spread = points.reduce((sum, [each]) => sum + (each - x) ** 2, 0);
  return points.reduce((sum, [each, ns]) => sum + (each - x) * (ns - y), 0) / spread;
}

/** What starting one of many kernels takes: from the longer fronts of most branches to the shorter ones. */
function dispatchOf(fronts: readonly GpuFrontCost[]): number {
  const most = Math.max(...fronts.map(({ branches }) => branches));
  const widest = fronts.filter(({ branches }) => branches === most);
  const [short, long] = [widest[0], widest.at(-1)];
  return short === undefined || long === undefined || long.kernels === short.kernels
    ? 0
    : (long.ns - short.ns) / (most * (long.kernels - short.kernels));
}

/** Two chains; the kernels at every multiple of `every` but 0 also wait for the one before them on the other. */
function twoChains(nodes: readonly number[], every: number): HelperSchedule {
  const at = (chain: number, i: number): number => present(nodes[2 * i + chain], "kernel");
  const launches: NodeLaunch[] = [];
  for (let i = 0; i < HOP_CHAIN; i++) {
    for (const stream of [0, 1]) {
      const isHop = i > 0 && i % every === 0;
      launches.push({
        node: at(stream, i),
        stream,
        ...(isHop ? { after: [at(1 - stream, i - 1)] } : {}),
      });
    }
  }
  return { launches };
}

function forkAndJoin(nodes: readonly number[], branches: number): HelperSchedule {
  const [root = 0, join = 0, ...others] = nodes;
  const taken = others.slice(0, branches);
  return {
    launches: [
      { node: root, stream: 0 },
      ...taken.map((node, stream) => ({ node, stream, after: [root] })),
      { node: join, stream: 0, after: taken },
    ],
  };
}

function front(nodes: readonly number[], branches: number, length: number): HelperSchedule {
  return {
    launches: nodes.slice(0, branches * length).map((node, i) => ({ node, stream: i % branches })),
  };
}
