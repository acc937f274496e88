/**
 * Zero-bubble schedules with one stage per device: ZB-H1 and ZB-H2 by their authors' heuristic.
 *
 * Problem: with the backward split into the gradient of the input (B) and of the weights (W), only B
 * is on the way of other stages. W can wait for a bubble, and costs memory until it has run.
 *
 * Idea: go through the micro-batches. Before the first backward a stage runs as many forwards as fit
 * before that backward can arrive and into memory, fewer on later stages. Then in turn every stage
 * runs one forward, from the first stage on, and one backward, from the last stage on. Before either,
 * waiting W run: as many as memory demands, as many as fit into the wait for the other stage, and one
 * more when the wait that would be left is longer than what the stage with the most waits has already.
 *
 * Three yes/no choices are tried in all eight combinations: whether forwards before the first
 * backward may delay it; whether a stage leaves a forward out that would delay its next backward;
 * whether a W fills a wait that hurts nobody. The combination whose busiest stage takes the least
 * time from its first to its last block is kept.
 *
 * Example, two stages, all blocks 1 long, two micro-batches, memory for two: stage 0 runs
 * F0 F1 B0 W0 B1 W1 and stage 1 runs F0 B0 F1 B1 W0 W1: no device waits between its blocks.
 *
 * Source: Qi, Wan, Huang, Lin: Zero Bubble Pipeline Parallelism, ICLR 2024, section 3.1. ZB-H1 is the
 * rule with memory for one micro-batch per stage, ZB-H2 with twice that. Differs: each stage has its
 * own durations, each dependency its own latency; the limits of the devices count as well; their
 * integer program, which the heuristic starts, is not here.
 */
import type { OrderItem } from "../../../schedule/run-orders.js";
import { BACKWARD, FORWARD, type PassKind, type StageCosts, WEIGHT } from "./stage-costs.js";

interface Choices {
  readonly mayDelayFirstBackward: boolean;
  readonly leavesForwardsOut: boolean;
  readonly fillsHarmlessWaits: boolean;
}

const CHOICES: readonly Choices[] = [true, false].flatMap((mayDelayFirstBackward) =>
  [true, false].flatMap((leavesForwardsOut) =>
    [true, false].map((fillsHarmlessWaits) => ({
      mayDelayFirstBackward,
      leavesForwardsOut,
      fillsHarmlessWaits,
    })),
  ),
);

/**
 * The order of each stage under the best combination; `undefined` when none stays within `limits`
 * (memory of each stage, may be infinite).
 *
 * Cost: O(8 * stages * micro-batches).
 */
export function zeroBubbleH(
  stages: readonly StageCosts[],
  microBatches: number,
  limits: readonly number[],
): readonly (readonly OrderItem[])[] | undefined {
  let best: StagesRun | undefined;
  for (const choices of CHOICES) {
    const run = new StagesRun(stages, microBatches, limits);
    const isWhole = runRamp(run, choices) && runSteadily(run, choices);
    if (isWhole && (best === undefined || run.longestSpan() < best.longestSpan())) {
      best = run;
    }
  }
  return best?.orders;
}

/** The stages while their orders grow. */
class StagesRun {
  readonly stages: readonly StageCosts[];
  readonly microBatches: number;
  readonly limits: readonly number[];
  readonly orders: readonly OrderItem[][];
  /** When each stage is free, what it holds, how long it waited since its first block. */
  readonly clock: Float64Array;
  readonly held: Float64Array;
  readonly waited: Float64Array;
  #mostWaited = 0;
  readonly #done: readonly Int32Array[];
  readonly #ends: readonly Float64Array[];

  constructor(stages: readonly StageCosts[], microBatches: number, limits: readonly number[]) {
    this.stages = stages;
    this.microBatches = microBatches;
    this.limits = limits;
    const count = stages.length;
    this.orders = stages.map(() => []);
    this.clock = new Float64Array(count);
    this.held = new Float64Array(count);
    this.waited = new Float64Array(count);
    this.#done = [0, 1, 2].map(() => new Int32Array(count));
    this.#ends = [0, 1, 2].map(() => new Float64Array(count * microBatches));
  }

  /** Blocks of a kind that a stage has run. */
  count(stage: number, kind: PassKind): number {
    return this.#done[kind]?.[stage] ?? 0;
  }

  duration(stage: number, kind: PassKind): number {
    return this.stages[stage]?.durations[kind] ?? 0;
  }

  memory(stage: number, kind: PassKind): number {
    return this.stages[stage]?.memory[kind] ?? 0;
  }

  latency(stage: number, kind: PassKind): number {
    return this.stages[stage]?.latencies[kind] ?? 0;
  }

  limit(stage: number): number {
    return this.limits[stage] ?? Number.POSITIVE_INFINITY;
  }

  hasWeight(stage: number): boolean {
    return this.count(stage, WEIGHT) < this.count(stage, BACKWARD);
  }

  time(stage: number): number {
    return this.clock[stage] ?? 0;
  }

  endOf(stage: number, kind: PassKind, microBatch: number): number {
    return this.#ends[kind]?.[stage * this.microBatches + microBatch] ?? 0;
  }

  /** When the other stage lets the next block of a kind start; 0 when none is waited for. */
  ready(stage: number, kind: PassKind): number {
    const other = kind === FORWARD ? stage - 1 : stage + 1;
    return kind === WEIGHT || other < 0 || other >= this.stages.length
      ? 0
      : this.endOf(other, kind, this.count(stage, kind)) + this.latency(stage, kind);
  }

  run(stage: number, kind: PassKind): void {
    const { blocks } = this.stages[stage] as StageCosts;
    const microBatch = this.count(stage, kind);
    const free = this.time(stage);
    const start = Math.max(free, this.ready(stage, kind));
    if (this.count(stage, FORWARD) > 0) {
      const waited = (this.waited[stage] ?? 0) + start - free;
      this.waited[stage] = waited;
      this.#mostWaited = Math.max(this.#mostWaited, waited);
    }
    const end = start + this.duration(stage, kind);
    this.clock[stage] = end;
    this.held[stage] = (this.held[stage] ?? 0) + this.memory(stage, kind);
    (this.#ends[kind] as Float64Array)[stage * this.microBatches + microBatch] = end;
    (this.#done[kind] as Int32Array)[stage] = microBatch + 1;
    this.orders[stage]?.push({ block: blocks[kind], microBatch });
  }

  /** How much longer the stage with the most waits has waited. */
  spareWait(stage: number): number {
    return this.#mostWaited - (this.waited[stage] ?? 0);
  }

  longestSpan(): number {
    return Math.max(
      ...this.stages.map((_, stage) => {
        const first = this.endOf(stage, FORWARD, 0) - this.duration(stage, FORWARD);
        return this.endOf(stage, WEIGHT, this.microBatches - 1) - first;
      }),
    );
  }
}

/** All blocks up to the first backward of every stage. */
function runRamp(run: StagesRun, choices: Choices): boolean {
  const count = run.stages.length;
  for (let stage = 0; stage < count; stage++) {
    run.run(stage, FORWARD);
  }
  const more = forwardsInRamp(run, choices);
  for (let stage = 1; stage < count; stage++) {
    const most = (more[stage - 1] ?? 0) - 1;
    while ((more[stage] ?? 0) > Math.max(0, most) && 1 + (more[stage] ?? 0) < run.microBatches) {
      more[stage] = (more[stage] ?? 0) - 1;
    }
  }
  for (let stage = 0; stage < count; stage++) {
    for (let i = 0; i < (more[stage] ?? 0); i++) {
      run.run(stage, FORWARD);
    }
  }
  for (let stage = count - 1; stage >= 0; stage--) {
    if (!makeRoom(run, stage, BACKWARD)) {
      return false;
    }
    run.run(stage, BACKWARD);
  }
  return true;
}

/** Forwards that each stage has time and memory for while it waits for its first backward. */
function forwardsInRamp(run: StagesRun, { mayDelayFirstBackward }: Choices): Int32Array {
  const last = run.stages.length - 1;
  const more = new Int32Array(run.stages.length);
  let arrival = run.time(last) + run.duration(last, BACKWARD);
  for (let stage = last - 1; stage >= 0; stage--) {
    const [forward, memory] = [run.duration(stage, FORWARD), run.memory(stage, FORWARD)];
    const due = arrival + run.latency(stage, BACKWARD);
    let [clock, held, extra] = [run.time(stage), run.held[stage] ?? 0, 0];
    while (1 + extra < run.microBatches && held + memory <= run.limit(stage)) {
      if (mayDelayFirstBackward ? clock + forward > due : clock >= due) {
        break;
      }
      clock += forward;
      held += memory;
      extra++;
    }
    more[stage] = extra;
    arrival = Math.max(clock, due) + run.duration(stage, BACKWARD);
  }
  return more;
}

/** A forward and a backward per stage in turn, then the weight blocks that are left. */
function runSteadily(run: StagesRun, choices: Choices): boolean {
  const count = run.stages.length;
  for (let turn = 1; turn < run.microBatches; turn++) {
    const forwards = stagesWithForward(run, choices);
    for (let stage = 0; stage < count; stage++) {
      if (forwards[stage] !== 0 && !runAfterWeights(run, stage, FORWARD, choices)) {
        return false;
      }
    }
    for (let stage = count - 1; stage >= 0; stage--) {
      if (!runAfterWeights(run, stage, BACKWARD, choices)) {
        return false;
      }
    }
  }
  for (let stage = 0; stage < count; stage++) {
    while (run.hasWeight(stage)) {
      run.run(stage, WEIGHT);
    }
  }
  return true;
}

/** Weight blocks until the next block of a kind fits into memory; false when they do not suffice. */
function makeRoom(run: StagesRun, stage: number, kind: PassKind): boolean {
  while ((run.held[stage] ?? 0) + run.memory(stage, kind) > run.limit(stage)) {
    if (!run.hasWeight(stage)) {
      return false;
    }
    run.run(stage, WEIGHT);
  }
  return true;
}

function runAfterWeights(
  run: StagesRun,
  stage: number,
  kind: PassKind,
  { fillsHarmlessWaits }: Choices,
): boolean {
  if (!makeRoom(run, stage, kind)) {
    return false;
  }
  const ready = run.ready(stage, kind);
  while (run.hasWeight(stage) && run.time(stage) + run.duration(stage, WEIGHT) <= ready) {
    run.run(stage, WEIGHT);
  }
  const wait = ready - run.time(stage);
  const isHarmless = wait <= run.spareWait(stage);
  if (run.hasWeight(stage) && wait > 0 && (!isHarmless || fillsHarmlessWaits)) {
    run.run(stage, WEIGHT);
  }
  const isLastBackward = kind === BACKWARD && stage === 0;
  while (isLastBackward && run.count(0, FORWARD) === run.microBatches && run.hasWeight(0)) {
    run.run(0, WEIGHT);
  }
  run.run(stage, kind);
  return true;
}

/** 1 for every stage that runs a forward in this turn: none runs without those behind it. */
function stagesWithForward(run: StagesRun, { leavesForwardsOut }: Choices): Int32Array {
  const count = run.stages.length;
  const forwards = new Int32Array(count);
  for (let stage = count - 1; stage >= 0; stage--) {
    const isLeft = run.count(stage, FORWARD) < run.microBatches;
    const isIn = isLeft && !(leavesForwardsOut && delaysBackward(run, stage));
    forwards[stage] = isIn && (stage === count - 1 || forwards[stage + 1] === 1) ? 1 : 0;
  }
  return forwards;
}

/** Whether a forward, with the weight blocks that make room for it, would delay the next backward. */
function delaysBackward(run: StagesRun, stage: number): boolean {
  const next = stage + 1;
  const ahead = run.count(stage, FORWARD) - run.count(next, FORWARD);
  if (next >= run.stages.length || ahead < 2) {
    return false;
  }
  const due =
    run.time(next) +
    run.duration(next, FORWARD) +
    run.duration(next, BACKWARD) +
    run.latency(stage, BACKWARD);
  if (run.time(stage) >= due) {
    return true;
  }
  const waiting = run.count(stage, BACKWARD) - run.count(stage, WEIGHT);
  let held = (run.held[stage] ?? 0) + run.memory(stage, FORWARD);
  let time = run.time(stage) + run.duration(stage, FORWARD);
  for (let i = 0; i < waiting && held > run.limit(stage); i++) {
    held += run.memory(stage, WEIGHT);
    time += run.duration(stage, WEIGHT);
  }
  return time > due && due - run.time(stage) <= run.spareWait(stage);
}
