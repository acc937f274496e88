/**
 * Schedules against the clock, and the clock itself.
 *
 * A sample is behind a kernel that keeps the device busy while the host launches, so that launching is not in it.
 */
import { present } from "../../../core/invariant.js";
import { ok, type Result } from "../../../core/result.js";
import { median } from "../../../core/statistics.js";
import type { MeasureRequest, MeasureResult } from "../client/protocol.js";
import type { HelperCalls } from "./helper-calls.js";
import { LONGER_SPINS_NS, SPIN_NS } from "./service-kernels.js";
import type { ServiceNodes } from "./service-nodes.js";
import { clockOf } from "./stamped-chain.js";

/** Schedules to be timed, and how often. */
export type TimingRequest = Omit<MeasureRequest, "prelude" | "preludes">;

/** A device with a program and our own nodes. */
export interface TimedDevice {
  readonly helper: HelperCalls;
  readonly service: Pick<ServiceNodes, "spin" | "longerSpins" | "clock">;
  /** Where the clock's kernel writes. Units: bytes. */
  readonly clockOffset: number;
}

/**
 * Times schedules; each sample is behind a kernel that keeps the device busy while the host launches. Where
 * launching a graph takes the host longer than half of that, all are timed again, each behind a kernel that
 * runs at least twice as long as its launching took. What is launched again each time keeps the shortest one:
 * its launching is part of what it takes.
 *
 * Fails: what the helper refuses.
 */
export async function measureHidden(
  { helper, service }: Pick<TimedDevice, "helper" | "service">,
  request: TimingRequest,
): Promise<Result<MeasureResult>> {
  const { spin } = service;
  const first = await helper.call("measure", { ...request, prelude: spin });
  if (!first.ok) {
    return first;
  }
  const preludes = request.schedules.map(({ mode }, at) =>
    mode === "eager" ? spin : spinFor(service, present(first.value.hostUs[at], "host times")),
  );
  return preludes.every((each) => each === spin)
    ? first
    : helper.call("measure", { ...request, preludes });
}

/** The shortest of our kernels that keeps the device busy for twice the median of these; the longest if none does. */
function spinFor(
  { spin, longerSpins }: Pick<ServiceNodes, "spin" | "longerSpins">,
  hostUs: readonly number[],
): number {
  const needNs = 2000 * median(hostUs);
  const at = LONGER_SPINS_NS.findIndex((ns) => ns >= needNs);
  return needNs <= SPIN_NS ? spin : (longerSpins.at(at) ?? spin);
}

/**
 * Times schedules as `measureHidden`, and reads the clock of the multiprocessors in every round, as one more
 * that takes its turn. Units: `clockMhz` is that of the last round, in MHz.
 */
export async function measureWithClock(
  device: TimedDevice,
  request: TimingRequest,
): Promise<Result<MeasureResult & { readonly clockMhz: number }>> {
  const clock = { launches: [{ node: device.service.clock }] };
  const { schedules } = request;
  const measured = await measureHidden(device, { ...request, schedules: [...schedules, clock] });
  if (!measured.ok) {
    return measured;
  }
  const clockMhz = await readClock(device);
  const own = (samples: MeasureResult["samplesUs"]) => samples.slice(0, schedules.length);
  const { samplesUs, hostUs } = measured.value;
  return clockMhz.ok
    ? ok({ samplesUs: own(samplesUs), hostUs: own(hostUs), clockMhz: clockMhz.value })
    : clockMhz;
}

/** The result of the last run of the clock's kernel. Units: MHz. */
async function readClock({ helper, clockOffset }: TimedDevice): Promise<Result<number>> {
  const read = await helper.call("download", { offset: clockOffset, bytes: 16 });
  if (!read.ok) {
    return read;
  }
  return ok(clockOf(Buffer.from(read.value.base64 ?? "", "base64")));
}
