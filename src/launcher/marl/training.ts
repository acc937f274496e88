/**
 * The launcher and scheduler agents at their lessons: they serve pieces of training samples, explore with noise around what
 * they would do, are told by how much requests cost less than under the policy they started from, and learn
 * from what they remember. Now and then they are tried without noise on other training samples; the best of these
 * trials is what training ends with.
 */
import { type Random, seededRandom } from "../../core/random.js";
import { roundParameters } from "../../learn/fixed-point.js";
import type { LearnedLauncher } from "../../schedule/serving/adaptive-launcher.js";
import { LauncherObserver } from "../../schedule/serving/launcher-observer.js";
import {
  AGENTS,
  type AgentName,
  agentNetwork,
  observe,
  policyOfSteps,
  squash,
} from "../../schedule/serving/learned-policy.js";
import { ServingEngine } from "../../schedule/serving/serving-engine.js";
import type { ServingJob } from "../serving-job.js";
import { Maddpg } from "./maddpg.js";
import { nearlyNormal, SlowNoise } from "./noise.js";
import { Replay, type Transition } from "./replay.js";
import { requestCostOf, type TrainingPiece, trainingPieces } from "./training-sample.js";
import { trialCosts } from "./trial-cost.js";

/** How long agents train. */
export interface TrainingOptions {
  readonly seed: number;
  /** Looks of the launcher from which is learned. */
  readonly steps: number;
  /** Called after every trial. */
  readonly onTrial?: (point: CurvePoint) => void;
}

/** One trial. */
export interface CurvePoint {
  readonly step: number;
  /** Of the trial's samples (`servingCost`), mean. */
  readonly cost: number;
}

/** What training gave. */
export interface Trained {
  /** The best of all trials, the untrained launcher among them. */
  readonly launcher: LearnedLauncher;
  /** All trials; that at step 0 is of the untrained launcher. */
  readonly curve: readonly CurvePoint[];
}

/** Ticks of one piece, and for how many of them an action is held, which makes one look. */
const PIECE_TICKS = 512;
const HELD = 4;
/** Shares of all looks: before anything is learned, before actors learn, from one trial to the next. */
const BEFORE_LEARNING = 0.05;
const CRITICS_FIRST = 0.3;
const BETWEEN_TRIALS = 0.05;
/** Trials without a better one after which training ends. */
const PATIENCE = 10;
/** Deviation of the noise at the start and at the end of training. */
const WIDEST_NOISE = 0.15;
const NARROWEST_NOISE = 0.05;
/** Transitions that are remembered. */
const REMEMBERED = 20_000;

/** Settings of the method; the width of the actors is the launcher's. */
const METHOD = {
  criticHidden: 32,
  batch: 32,
  discount: 0.97,
  actorRate: 5e-5,
  criticRate: 1e-3,
  stay: 2,
} as const;

const NAMES: readonly AgentName[] = ["launcher", "scheduler"];

/**
 * Trains from a launcher that does what its starting policy does.
 *
 * The same inputs give the same launcher on every machine. Cost: for each step some milliseconds, for each trial a
 * simulation of its samples.
 */
export function trainAgents(
  job: ServingJob,
  start: LearnedLauncher,
  { seed, steps, onTrial }: TrainingOptions,
): Trained {
  const random = seededRandom(seed).fork(0);
  const models = start.models.length;
  const agents = NAMES.map((name) => AGENTS[name]);
  const first = Math.ceil(BEFORE_LEARNING * steps);
  const criticsFirst = Math.ceil(CRITICS_FIRST * steps);
  const trialEvery = Math.ceil(BETWEEN_TRIALS * steps);
  const method = new Maddpg(
    {
      ...METHOD,
      criticsFirst,
      agents,
      models,
      hidden: start.hidden,
      priors: NAMES.map((name) => start[name]),
    },
    random.fork(1),
  );
  const replay = new Replay(REMEMBERED);
  const lessons = new Lessons(job, start, method, { seed, random: random.fork(2) });
  const costOf = trialCosts(job, seed);
  const untrained = { step: 0, cost: costOf(start) };
  onTrial?.(untrained);
  const curve = [untrained];
  let best = { launcher: start, point: untrained };
  for (let step = 1; step <= steps; step++) {
    const noise = WIDEST_NOISE + (NARROWEST_NOISE - WIDEST_NOISE) * (step / steps);
    replay.add(lessons.look(noise));
    if (step <= first) {
      continue;
    }
    method.step(replay);
    if (step % trialEvery === 0 && step > first + criticsFirst) {
      const launcher = withActors(start, method);
      const point = { step, cost: costOf(launcher) };
      onTrial?.(point);
      curve.push(point);
      best = point.cost < best.point.cost ? { launcher, point } : best;
      if (step - Math.max(criticsFirst, best.point.step) >= PATIENCE * trialEvery) {
        break;
      }
    }
  }
  return { launcher: best.launcher, curve };
}

function withActors(start: LearnedLauncher, { slowActors }: Maddpg): LearnedLauncher {
  const [launcher, scheduler] = slowActors;
  return {
    ...start,
    launcher: roundParameters(launcher!),
    scheduler: roundParameters(scheduler!),
  };
}

/** A server under agents that learn. */
class Lessons {
  readonly #job: ServingJob;
  readonly #start: LearnedLauncher;
  readonly #method: Maddpg;
  readonly #pieces: Generator<TrainingPiece, never>;
  readonly #noises: readonly SlowNoise[];
  readonly #networks: readonly ReturnType<typeof agentNetwork>[];
  readonly #usual = { sum: 0, ticks: 0 };
  readonly #random: Random;
  #offsets: readonly Float64Array[] = [];
  #piece!: TrainingPiece;
  #engine!: ServingEngine;
  #seen!: LauncherObserver;
  #cost!: ReturnType<typeof requestCostOf>;
  #tick = PIECE_TICKS;
  #observations: readonly Float64Array[] = [];

  constructor(
    job: ServingJob,
    start: LearnedLauncher,
    method: Maddpg,
    { seed, random }: { readonly seed: number; readonly random: Random },
  ) {
    this.#job = job;
    this.#start = start;
    this.#method = method;
    this.#random = random.fork(9);
    const policy = policyOfSteps(start, ...this.#zeros());
    const { tickNs } = start;
    const length = { seed, ticks: PIECE_TICKS, random: random.fork(0) };
    this.#pieces = trainingPieces(job, { policy, tickNs }, length);
    const models = start.models.length;
    this.#noises = NAMES.map(
      (name, at) => new SlowNoise(AGENTS[name].outputs * models, random.fork(1 + at)),
    );
    this.#networks = NAMES.map((name) => agentNetwork(name, start));
  }

  /** One look: acts with noise, waits for the next look and tells what came of it. */
  look(noise: number): Transition {
    if (this.#tick === PIECE_TICKS) {
      this.#begin();
    }
    const observations = this.#observations;
    const actions = observations.map((rows, agent) => {
      const answers = this.#networks[agent]!.forward(this.#method.actors[agent]!, rows);
      const own = new Float64Array(answers.length);
      squash(answers, own);
      const strayed = this.#noises[agent]!.next(noise);
      const offset = this.#offsets[agent]!;
      return own.map((action, at) =>
        Math.max(-1, Math.min(1, action + strayed[at]! + noise * offset[at]!)),
      );
    });
    const [launcher, scheduler] = actions;
    this.#engine.setPolicy(policyOfSteps(this.#start, launcher!, scheduler!));
    let reward = 0;
    for (let tick = 0; tick < HELD; tick++) {
      const until = ++this.#tick * this.#start.tickNs;
      this.#engine.advanceTo(until);
      reward += this.#reward(this.#cost.until(until, this.#engine.queues)) / HELD;
      this.#seen.look(this.#engine);
    }
    this.#observations = this.#observed();
    return { observations, actions, reward, next: this.#observations };
  }

  /** By how much requests cost less than usual, in units of what they usually cost. */
  #reward(cost: number): number {
    const usual = this.#piece.usualCost[this.#tick - 1]!;
    return (usual - cost) / Math.max(Number.MIN_VALUE, this.#usual.sum / this.#usual.ticks);
  }

  #begin(): void {
    const { problem } = this.#job;
    const { models, tickNs } = this.#start;
    this.#piece = this.#pieces.next().value;
    this.#usual.sum += this.#piece.usualCost.reduce((sum, each) => sum + each, 0);
    this.#usual.ticks += PIECE_TICKS;
    const policy = policyOfSteps(this.#start, ...this.#zeros());
    this.#engine = new ServingEngine(problem, this.#piece.arrivals, policy, {
      seed: this.#piece.seed,
    });
    this.#seen = new LauncherObserver(
      models.map(({ ratePerSecond }) => ratePerSecond),
      tickNs,
    );
    this.#cost = requestCostOf(this.#job);
    this.#offsets = this.#noises.map(({ values }) => values.map(() => nearlyNormal(this.#random)));
    this.#tick = 0;
    this.#observations = this.#observed();
  }

  #observed(): readonly Float64Array[] {
    return NAMES.map((name) => {
      const rows = new Float64Array(this.#start.models.length * AGENTS[name].features);
      observe(name, this.#start, this.#seen, rows);
      return rows;
    });
  }

  #zeros(): readonly [Float64Array, Float64Array] {
    const models = this.#start.models.length;
    return [new Float64Array(3 * models), new Float64Array(models)];
  }
}
