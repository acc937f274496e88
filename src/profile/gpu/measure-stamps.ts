/**
 * How much of a kernel's step in a chain is the kernel, and how much the gap behind it.
 *
 * Kernels that do nothing are launched one behind the other, and each notes the device's time when it starts and when
 * it ends. In between it holds room on the device; from its end to the start of the next one nothing does. What a
 * thread block takes to be put on a multiprocessor and to leave it is outside of both notes, and so part of the gap.
 *
 * The device's timer takes steps, of 32 ns to 1 us by GPU. Over the whole chain that does not matter. Inside of
 * kernels, which are shorter than that, cycles of the multiprocessor are counted instead, and its clock is read just
 * before.
 */

import { ok, type Result } from "../../core/result.js";
import { median } from "../../core/statistics.js";
import type { DeviceSession } from "../../runtime/cuda/session/device-session.js";
import type { StampedChain } from "../../runtime/cuda/session/stamped-chain.js";
import type { GpuLaunchCosts } from "./gpu-profile.js";

/** Chains that are run; an even number would make a median of none of them. */
const ROUNDS = 11;

/** Steps of the timer in the time of a kernel, from which on the timer is exact enough for it. */
const STEPS = 10;

/** What the notes of kernels say. */
export type StampedCosts = Pick<GpuLaunchCosts, "insideNs" | "gapNs" | "timerStepNs">;

/**
 * Runs chains of kernels that note when they ran; nothing is returned where the device's timer does not go on.
 *
 * Fails: what the helper refuses. Cost: some milliseconds, most of them for capturing.
 */
export async function measureStamps(
  session: Pick<DeviceSession, "stampedChain">,
): Promise<Result<StampedCosts>> {
  const found: ChainCosts[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const chain = await session.stampedChain();
    if (!chain.ok) {
      return chain;
    }
    const costs = costsOfChain(chain.value);
    if (costs === undefined) {
      return ok({});
    }
    found.push(costs);
  }
  const middle = (of: keyof ChainCosts): number =>
    Math.round(median(found.map((each) => each[of])));
  return ok({
    insideNs: Math.max(1, middle("insideNs")),
    gapNs: Math.max(0, middle("gapNs")),
    timerStepNs: middle("timerStepNs"),
  });
}

interface ChainCosts {
  readonly insideNs: number;
  readonly gapNs: number;
  readonly timerStepNs: number;
}

/** Means over a chain; `undefined`: its notes are no times. */
export function costsOfChain({
  stamps,
  clockMhz,
  timerStepNs,
}: StampedChain): ChainCosts | undefined {
  const count = stamps.length;
  const spanNs = (stamps.at(-1)?.endNs ?? 0) - (stamps[0]?.startNs ?? 0);
  const mean = (of: (stamp: StampedChain["stamps"][number]) => number): number =>
    stamps.reduce((sum, each) => sum + of(each), 0) / count;
  const byTimer = mean(({ startNs, endNs }) => endNs - startNs);
  const byCycles = (mean(({ cycles }) => cycles) / clockMhz) * 1000;
  const insideNs = byTimer >= STEPS * timerStepNs ? byTimer : byCycles;
  const isTime = timerStepNs > 0 && insideNs >= 0 && insideNs * count <= spanNs;
  return isTime && count > 1
    ? { insideNs, gapNs: (spanNs - count * insideNs) / (count - 1), timerStepNs }
    : undefined;
}
