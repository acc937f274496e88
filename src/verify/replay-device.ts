/**
 * How tasks next to each other slow each other down, worked out by itself for `replayRequests`: the law of
 * docs/serving.md, in other words than the simulator's.
 */
import type { BatchRun, ServingDevice } from "../schedule/serving/serving-model.js";

/** What a stage uses while it runs alone. */
export interface StageNeeds {
  /** Of a GPU: share of its room; of a CPU: threads. Above 0. */
  readonly room: number;
  readonly arithmetic: number;
  readonly bandwidth: number;
  /** Of a CPU, measured: times that it takes longer while 1, 2, ... threads are busy; absent: as the device says. */
  readonly contention?: readonly number[];
}

/** What the stages of a run use. */
export function needsOf({ profile, contention }: BatchRun): readonly StageNeeds[] {
  const { share, arithmetic, bandwidth } = profile;
  const loss = contention === undefined ? {} : { contention };
  return Array.from(share, (room, at): StageNeeds => {
    return { room, arithmetic: arithmetic[at]!, bandwidth: bandwidth[at]!, ...loss };
  });
}

/** Progress per nanosecond of every stage, in the order in which they began. */
export type DeviceLaw = (stages: readonly StageNeeds[]) => readonly number[];

/** Less than this share of a GPU is no room. */
const NO_ROOM = 1e-9;

/** The law of a device. Cost of a call: O(stages log stages), of one or two stages that met before O(1). */
export function lawOf(device: ServingDevice): DeviceLaw {
  return remembered(
    device.kind === "gpu"
      ? (stages) => gpuSpeeds(stages, device.interference)
      : (stages) => cpuSpeeds(stages, device.workers, device.slowdown),
  );
}

/** A law that remembers what it said of one stage, and of two. */
function remembered(law: DeviceLaw): DeviceLaw {
  const known = new Map<StageNeeds, Map<StageNeeds | undefined, readonly number[]>>();
  return (stages) => {
    const [first, second] = stages;
    if (first === undefined || stages.length > 2) {
      return law(stages);
    }
    const beside = known.get(first) ?? new Map<StageNeeds | undefined, readonly number[]>();
    known.set(first, beside);
    const speeds = beside.get(second) ?? law(stages);
    beside.set(second, speeds);
    return speeds;
  };
}

type Interference = Extract<ServingDevice, { readonly kind: "gpu" }>["interference"];

function gpuSpeeds(stages: readonly StageNeeds[], loss: Interference): readonly number[] {
  const parts = roomParts(stages);
  const arithmetic = fairLevel(stages.map((stage, at) => parts[at]! * stage.arithmetic));
  const bandwidth = fairLevel(stages.map((stage, at) => parts[at]! * stage.bandwidth));
  let here = 0;
  let traffic = 0;
  for (let at = 0; at < stages.length; at++) {
    here += parts[at]! > 0 ? 1 : 0;
    traffic += parts[at]! > 0 && isTraffic(stages[at]!) ? 1 : 0;
  }
  return stages.map((stage, at) => {
    const part = parts[at]!;
    const cut = Math.max(
      1,
      (part * stage.arithmetic) / arithmetic,
      (part * stage.bandwidth) / bandwidth,
    );
    const alike = (isTraffic(stage) ? traffic : here - traffic) - 1;
    const own = isTraffic(stage) ? loss.bandwidth : loss.arithmetic;
    return part / cut / (1 + own * alike + loss.mixed * (here - 1 - alike));
  });
}

function isTraffic({ bandwidth, arithmetic }: StageNeeds): boolean {
  return bandwidth > arithmetic;
}

/** The part of the room that it wants which each stage gets, first come, first served. */
function roomParts(stages: readonly StageNeeds[]): readonly number[] {
  let free = 1;
  return stages.map(({ room }) => {
    if (free < NO_ROOM) {
      return 0;
    }
    const part = room <= free ? 1 : free / room;
    free = room <= free ? free - room : 0;
    return part;
  });
}

/** The level at which demands are cut off so that together they are 1; `Infinity`: they are no more. */
function fairLevel(demands: readonly number[]): number {
  let wanted = 0;
  for (const demand of demands) {
    wanted += demand;
  }
  if (wanted <= 1) {
    return Number.POSITIVE_INFINITY;
  }
  const ascending = demands.toSorted((a, b) => a - b);
  let left = 1;
  for (const [at, demand] of ascending.entries()) {
    const equal = left / (ascending.length - at);
    if (demand > equal) {
      return equal;
    }
    left -= demand;
  }
  return Number.POSITIVE_INFINITY;
}

function cpuSpeeds(
  stages: readonly StageNeeds[],
  workers: number,
  slowdown: readonly number[],
): readonly number[] {
  const threads = stages.reduce((sum, { room }) => sum + room, 0);
  const busy = Math.min(Math.ceil(threads), workers, slowdown.length);
  const turns = Math.max(1, threads / workers);
  const usual = 1 / ((slowdown[busy - 1] ?? 1) * turns);
  return stages.map(({ contention }) =>
    contention === undefined ? usual : 1 / measuredLoss(contention, Math.ceil(threads)),
  );
}

/** Beyond what was measured a loss grows with the busy threads. */
function measuredLoss(contention: readonly number[], busy: number): number {
  const measured = contention.length;
  return busy <= measured
    ? (contention[busy - 1] ?? 1)
    : ((contention[measured - 1] ?? 1) * busy) / measured;
}
