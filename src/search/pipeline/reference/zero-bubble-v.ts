/**
 * ZB-V: zero-bubble schedules of a chain that goes down the devices and up again.
 *
 * Problem: with one stage per device, no bubbles cost twice the memory of 1F1B. When each device
 * holds the stage that is first and the one that is last in a V, the last device turns around at
 * once, backwards come back early, and the same memory as 1F1B's suffices.
 *
 * Idea: a device runs four kinds of passes that others wait for: forwards down and up, backwards
 * down (of the upward stages) and up. First every device fills up with forwards in the order in which
 * the first backward needs them. Then in turns: every device runs one backward, the downward ones
 * first where their input is there, then every device runs one forward, the upward one first. Before
 * each, waiting weight gradients run: as many as memory demands, as many as fit into the wait, and
 * one more when the wait that is left is longer than what the device with the most waits has already
 * (for forwards and for backwards that go up this is tried both ways). The first try knows the waits
 * only as they come; tries with the waits of the last one as allowance follow while they get better.
 *
 * Example: on two devices with all blocks 1 long, device 0 starts with F0 down, and device 1 with F0
 * down and F0 up in a row; that stage's backward can follow at once.
 *
 * Source: Qi, Wan, Huang, Lin: Zero Bubble Pipeline Parallelism, ICLR 2024, section 6 and appendix.
 * Differs: each block has its own duration, each dependency its own latency; a device with less
 * memory than the rule's two stages times the number of devices limits the rule.
 */
import type { OrderItem } from "../../../schedule/run-orders.js";
import { BACKWARD, FORWARD, type PassKind, type StageCosts, WEIGHT } from "./stage-costs.js";

/**
 * The order of each device for the stages of a V: stage i and the i-th from the end stand on one
 * device. `undefined` when the rule is stuck within `limits` (memory of each device).
 *
 * Cost: O(tries * devices * micro-batches).
 */
export function zeroBubbleV(
  stages: readonly StageCosts[],
  microBatches: number,
  limits: readonly number[],
): readonly (readonly OrderItem[])[] | undefined {
  let best: VRun | undefined;
  for (const fillsBackwards of [true, false]) {
    for (const fillsForwards of [true, false]) {
      const problem = { stages, microBatches, limits };
      const run = bestOfTries(problem, { fillsBackwards, fillsForwards });
      if (run !== undefined && (best === undefined || run.mostWaited < best.mostWaited)) {
        best = run;
      }
    }
  }
  return best?.orders;
}

interface Choices {
  readonly fillsForwards: boolean;
  readonly fillsBackwards: boolean;
}

/** Tries again with the waits of the last try as allowance, as long as that shortens them. */
function bestOfTries(
  problem: Pick<VRun, "stages" | "microBatches" | "limits">,
  choices: Choices,
): VRun | undefined {
  let best: VRun | undefined;
  for (;;) {
    const run = new VRun(problem, best);
    const isWhole = fillUp(run) && takeTurns(run, choices);
    if (!isWhole || (best !== undefined && run.mostWaited >= best.mostWaited)) {
      return best;
    }
    best = run;
  }
}

/** A leg of the V that a pass goes along: 0 is gone first, by forwards down and by backwards too. */
type Leg = 0 | 1;

/** Passes that a device has run, in the order in which one micro-batch takes them. */
function laneOf(kind: PassKind, leg: Leg): number {
  return kind * 2 + leg;
}

/** The devices while their orders grow. */
class VRun {
  readonly stages: readonly StageCosts[];
  readonly microBatches: number;
  readonly limits: readonly number[];
  readonly orders: readonly OrderItem[][];
  readonly clock: Float64Array;
  readonly held: Float64Array;
  readonly waited: Float64Array;
  mostWaited = 0;
  /** The try before, whose waits this one may have. */
  readonly #allowance: VRun | undefined;
  readonly devices: number;
  readonly #done: readonly Int32Array[];
  readonly #ends: readonly Float64Array[];
  /** Legs whose weight gradient waits, oldest first; `nextWeight` is where each queue begins. */
  readonly #weights: readonly Leg[][];
  readonly #nextWeight: Int32Array;

  constructor(
    { stages, microBatches, limits }: Pick<VRun, "stages" | "microBatches" | "limits">,
    allowance: VRun | undefined,
  ) {
    this.#allowance = allowance;
    this.stages = stages;
    this.microBatches = microBatches;
    this.limits = limits;
    const count = stages.length / 2;
    this.devices = count;
    this.orders = Array.from({ length: count }, () => []);
    this.#weights = Array.from({ length: count }, () => []);
    this.#nextWeight = new Int32Array(count);
    this.clock = new Float64Array(count);
    this.held = new Float64Array(count);
    this.waited = new Float64Array(count);
    this.#done = Array.from({ length: 6 }, () => new Int32Array(count));
    this.#ends = Array.from({ length: 4 }, () => new Float64Array(count * microBatches).fill(-1));
  }

  count(device: number, kind: PassKind, leg: Leg): number {
    return this.#done[laneOf(kind, leg)]?.[device] ?? 0;
  }

  /** The stage of a pass: backwards and weight gradients go along the legs from the end. */
  stageOf(device: number, kind: PassKind, leg: Leg): StageCosts {
    const isUpward = (kind === FORWARD) === (leg === 1);
    const at = isUpward ? this.stages.length - 1 - device : device;
    return this.stages[at] as StageCosts;
  }

  duration(device: number, kind: PassKind, leg: Leg): number {
    return this.stageOf(device, kind, leg).durations[kind];
  }

  fits(device: number, change: number): boolean {
    return (this.held[device] ?? 0) + change <= (this.limits[device] ?? Number.POSITIVE_INFINITY);
  }

  time(device: number): number {
    return this.clock[device] ?? 0;
  }

  /** The device whose pass of the same leg comes first; -1 at the beginning of a leg. */
  #before(device: number, leg: Leg): number {
    return leg === 0 ? device - 1 : device + 1 < this.devices ? device + 1 : -1;
  }

  /**
   * When the input of the next pass is there: 0 when it comes from the device itself, infinity when
   * the other device has not run its pass yet.
   */
  ready(device: number, kind: PassKind, leg: Leg): number {
    const other = this.#before(device, leg);
    if (kind === WEIGHT || other < 0) {
      return 0;
    }
    const at = other * this.microBatches + this.count(device, kind, leg);
    const end = this.#ends[laneOf(kind, leg)]?.[at] ?? -1;
    const latency = this.stageOf(device, kind, leg).latencies[kind];
    return end < 0 ? Number.POSITIVE_INFINITY : end + latency;
  }

  /** Runs a pass; false when its input, its memory or its micro-batch is not there. */
  run(device: number, kind: PassKind, leg: Leg): boolean {
    const stage = this.stageOf(device, kind, leg);
    const microBatch = this.count(device, kind, leg);
    const ready = this.ready(device, kind, leg);
    const isFirst = kind === FORWARD && leg === 0;
    const ownInput = kind === WEIGHT ? laneOf(BACKWARD, leg) : laneOf(kind, leg) - 1;
    const hasInput = isFirst || (this.#done[ownInput]?.[device] ?? 0) > microBatch;
    const isThere = Number.isFinite(ready) && hasInput && microBatch < this.microBatches;
    if (!isThere || !this.fits(device, stage.memory[kind])) {
      return false;
    }
    const free = this.time(device);
    const startTime = Math.max(free, ready);
    if (this.count(device, FORWARD, 0) > 0) {
      const waited = (this.waited[device] ?? 0) + startTime - free;
      this.waited[device] = waited;
      this.mostWaited = Math.max(this.mostWaited, waited);
    }
    const end = startTime + stage.durations[kind];
    this.clock[device] = end;
    this.held[device] = (this.held[device] ?? 0) + stage.memory[kind];
    const ends = this.#ends[laneOf(kind, leg)];
    if (ends !== undefined) {
      ends[device * this.microBatches + microBatch] = end;
    }
    (this.#done[laneOf(kind, leg)] as Int32Array)[device] = microBatch + 1;
    this.orders[device]?.push({ block: stage.blocks[kind], microBatch });
    if (kind === BACKWARD) {
      this.#weights[device]?.push(leg);
    }
    return true;
  }

  /** Leg of the oldest weight gradient that waits. */
  weightOf(device: number): Leg | undefined {
    return this.#weights[device]?.[this.#nextWeight[device] ?? 0];
  }

  runWeight(device: number): boolean {
    const leg = this.weightOf(device);
    this.#nextWeight[device] = (this.#nextWeight[device] ?? 0) + 1;
    return leg !== undefined && this.run(device, WEIGHT, leg);
  }

  /** How much longer a device may wait without being the one with the most waits. */
  spareWait(device: number): number {
    const allowance = this.#allowance;
    const left = allowance ? allowance.mostWaited - (allowance.waited[device] ?? 0) : 0;
    return Math.max(this.mostWaited, left) - (this.waited[device] ?? 0);
  }
}

/** The forwards before the first backward, as far as memory goes. */
function fillUp(run: VRun): boolean {
  const last = run.devices - 1;
  for (let device = 0; device <= last; device++) {
    if (!run.run(device, FORWARD, 0)) {
      return false;
    }
  }
  for (let device = last; device >= 0; device--) {
    const arrival = run.ready(device, FORWARD, 1);
    while (device < last && hasRoomBefore(run, device, arrival)) {
      for (let first = 0; first <= device; first++) {
        if (!run.run(first, FORWARD, 0)) {
          return false;
        }
      }
    }
    if (!run.run(device, FORWARD, 1)) {
      return false;
    }
  }
  return evenOut(run);
}

/** Whether one more forward down fits here in time, and in memory beside all that must follow it. */
function hasRoomBefore(run: VRun, device: number, arrival: number): boolean {
  const forward = run.stageOf(device, FORWARD, 0);
  return (
    run.fits(device, forward.memory[FORWARD] * (2 + 2 * device)) &&
    run.time(device) + forward.durations[FORWARD] <= arrival &&
    run.count(device, FORWARD, 0) < run.microBatches
  );
}

/** Forwards on later devices, down and up in turn, until they have run as many as those before. */
function evenOut(run: VRun): boolean {
  let leg: Leg = 0;
  const total = (device: number): number =>
    run.count(device, FORWARD, 0) + run.count(device, FORWARD, 1);
  for (let device = 1; device < run.devices; device++) {
    const isBehind = (): boolean =>
      total(device) < total(device - 1) ||
      (run.count(device, FORWARD, 1) <= run.count(device - 1, FORWARD, 1) &&
        run.count(device - 1, FORWARD, 1) < run.microBatches);
    while (isBehind()) {
      for (let other = run.devices - 1; other >= device; other--) {
        if (run.count(other, FORWARD, leg) < run.microBatches && !run.run(other, FORWARD, leg)) {
          return false;
        }
      }
      leg = leg === 0 ? 1 : 0;
    }
  }
  return true;
}

/** A backward and a forward on every device in turn, then the weight gradients that are left. */
function takeTurns(run: VRun, choices: Choices): boolean {
  const devices = Array.from({ length: run.devices }, (_, device) => device);
  for (let turn = 0; turn < 2 * run.microBatches; turn++) {
    if (!backwards(run, choices)) {
      return false;
    }
    for (const device of devices) {
      const leg = forwardLeg(run, device);
      const fills = choices.fillsForwards;
      if (leg !== undefined && !runAfterWeights(run, device, { kind: FORWARD, leg, fills })) {
        return false;
      }
    }
  }
  return devices.every((device) => {
    while (run.weightOf(device) !== undefined) {
      if (!run.runWeight(device)) {
        return false;
      }
    }
    return true;
  });
}

/** One backward on every device: those along the second leg first, from its beginning. */
function backwards(run: VRun, { fillsBackwards }: Choices): boolean {
  const last = run.devices - 1;
  const legs = Array.from({ length: run.devices }, (_, device): Leg => {
    const [first, second] = [run.count(device, BACKWARD, 0), run.count(device, BACKWARD, 1)];
    if (second >= first) {
      return 0;
    }
    const isThere = device === last || Number.isFinite(run.ready(device, BACKWARD, 1));
    return isThere || first >= run.microBatches ? 1 : 0;
  });
  const order: [number, Leg][] = [
    ...legs.flatMap((leg, device): [number, Leg][] => (leg === 1 ? [[device, 1]] : [])).reverse(),
    ...legs.flatMap((leg, device): [number, Leg][] => (leg === 0 ? [[device, 0]] : [])),
  ];
  return order.every(([device, leg]) =>
    runAfterWeights(run, device, { kind: BACKWARD, leg, fills: leg === 1 || fillsBackwards }),
  );
}

/** The leg of the forward that a device runs in this turn, if any: the second when it can. */
function forwardLeg(run: VRun, device: number): Leg | undefined {
  const [first, second] = [run.count(device, FORWARD, 0), run.count(device, FORWARD, 1)];
  if (second >= run.microBatches) {
    return undefined;
  }
  if (second >= first) {
    return 0;
  }
  if (device === run.devices - 1 || Number.isFinite(run.ready(device, FORWARD, 1))) {
    return 1;
  }
  return first < run.microBatches && Number.isFinite(run.ready(device, FORWARD, 0)) ? 0 : undefined;
}

/** Weight gradients until a pass fits into memory; false when they do not suffice. */
function makeRoom(run: VRun, device: number, kind: PassKind, leg: Leg): boolean {
  while (!run.fits(device, run.stageOf(device, kind, leg).memory[kind])) {
    if (run.weightOf(device) === undefined || !run.runWeight(device)) {
      return false;
    }
  }
  return true;
}

function runAfterWeights(
  run: VRun,
  device: number,
  { kind, leg, fills }: { readonly kind: PassKind; readonly leg: Leg; readonly fills: boolean },
): boolean {
  if (!makeRoom(run, device, kind, leg)) {
    return false;
  }
  const ready = run.ready(device, kind, leg);
  if (!Number.isFinite(ready)) {
    return false;
  }
  const weightTime = (): number => {
    const waiting = run.weightOf(device);
    return waiting === undefined ? Number.POSITIVE_INFINITY : run.duration(device, WEIGHT, waiting);
  };
  while (ready >= run.time(device) + weightTime()) {
    run.runWeight(device);
  }
  const isHarmless = ready - run.time(device) <= run.spareWait(device);
  if (run.weightOf(device) !== undefined && ready > 0 && !isHarmless && fills) {
    run.runWeight(device);
  }
  return run.run(device, kind, leg);
}
