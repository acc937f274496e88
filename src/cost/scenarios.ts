/**
 * Devices as they may be: the corners of what is assumed of one.
 *
 * Each assumption has two ends, but not all combinations matter. What a schedule gains over one stream
 * shrinks with the latency of events, with the time that the front end needs for a kernel, and with what
 * neighbors cost, since one stream pays for none of them; so these go together, all at the end that favors
 * streams or all at the other. The floor of kernels and the gap between them are paid on one stream as well:
 * which end favors streams depends on whether it is the long or the many kernels that run side by side. So
 * both ends of both are tried, with each of the two.
 *
 * Without contention the least speed-up over all values is found so. The time on streams is then the largest
 * of sums along paths, and the time on one stream a sum: their ratio is the least of ratios of linear
 * functions, quasi-concave, and so least in a corner. With contention a kernel that starts later can, rarely,
 * make others end sooner (Graham, 1966); a test holds how little random values between the corners fall
 * outside of what the corners give.
 */
import { USUAL_INTERFERENCE } from "./assumed-ranges.js";
import type { DeviceModel } from "./device-model.js";
import { SM_SHARINGS, type SmSharing } from "./sm-sharing.js";

/** A value for every assumption. */
export interface Scenario {
  readonly kernelFloorNs: number;
  readonly launchGapNs: number;
  /** Not below the launch gap. */
  readonly eventNs: number;
  readonly dispatchNs: number;
  /** Absent: not assumed, but as pairs of operators were measured or as nobody doubts it. */
  readonly interference?: number;
  readonly sharing: SmSharing;
}

/** The figures that predictions use. */
export function usedScenario({
  kernelFloorNs,
  launchGapNs,
  eventNs,
  dispatchNs = 0,
  sharing = "exclusive",
  ranges,
}: DeviceModel): Scenario {
  return {
    kernelFloorNs,
    launchGapNs,
    eventNs,
    dispatchNs,
    ...(ranges?.interference === undefined ? {} : { interference: USUAL_INTERFERENCE }),
    sharing,
  };
}

/**
 * The corners of a device's assumptions, without those that are alike or as used; none if nothing is assumed.
 *
 * Order: those hostile to streams first. At most 8.
 */
export function scenariosOf(device: DeviceModel): readonly Scenario[] {
  const used = usedScenario(device);
  const ends = (name: Figure): readonly [number, number] => {
    const range = device.ranges?.[name];
    const figure = used[name] ?? 0;
    return [range?.low ?? figure, range?.high ?? figure];
  };
  const shared = device.ranges?.sharing?.values ?? [used.sharing];
  const sharings = SM_SHARINGS.filter((each) => shared.includes(each));
  const corner = (isHostile: boolean, launchGapNs: number, kernelFloorNs: number): Scenario => {
    const end = (name: Figure): number => ends(name)[isHostile ? 1 : 0];
    return {
      kernelFloorNs,
      launchGapNs,
      eventNs: Math.max(launchGapNs, end("eventNs")),
      dispatchNs: end("dispatchNs"),
      ...(used.interference === undefined ? {} : { interference: end("interference") }),
      sharing: (isHostile ? sharings[0] : sharings.at(-1)) ?? used.sharing,
    };
  };
  const corners = [true, false].flatMap((isHostile) =>
    ends("launchGapNs").flatMap((gapNs) =>
      ends("kernelFloorNs").map((floorNs) => corner(isHostile, gapNs, floorNs)),
    ),
  );
  return distinctFrom(used, corners);
}

type Figure = Exclude<keyof Scenario, "sharing">;

function distinctFrom(used: Scenario, scenarios: readonly Scenario[]): readonly Scenario[] {
  const keyed = new Map(scenarios.map((each) => [JSON.stringify(each), each]));
  keyed.delete(JSON.stringify(used));
  return [...keyed.values()];
}
