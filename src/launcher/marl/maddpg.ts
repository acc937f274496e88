/**
 * Multi-agent deterministic policy gradient: every agent acts on what it sees alone, and learns from a critic of its
 * own that sees what all agents see and do.
 *
 * Critic i learns Q_i(o, a) = r + gamma min_k Q'_k(o', mu'(o') + noise); actor i climbs Q_i(o, a with a_i = mu_i(o_i)).
 * Targets follow slowly. Actors and critics are networks over models that are all linked to each other, with parameters
 * that all models share, so that they serve any number of models in any order; Q is the mean of what its network
 * answers for each model.
 *
 * Source: Lowe et al., NeurIPS 2017. Differs: the smaller of the two critics in targets, noise on the targets' actions
 * and every second step for actors only (Fujimoto et al., ICML 2018, TD3); actors begin with a policy, and actions near its
 * cost less.
 */
import type { Random } from "../../core/random.js";
import { adam, type Optimizer } from "../../learn/adam.js";
import {
  type GraphNetwork,
  graphNetwork,
  type NetworkShape,
  parameterCount,
} from "../../learn/graph-network.js";
import { initialParameters } from "../../learn/initial-parameters.js";
import { linksOfAll } from "../../learn/links-of-all.js";
import { squash } from "../../schedule/serving/learned-policy.js";
import { nearlyNormal } from "./noise.js";
import type { Replay, Transition } from "./replay.js";
import { warmParameters } from "./warm-parameters.js";

/** How one agent is made. */
export interface AgentSizes {
  /** Numbers that it sees of each model, and that it decides for each. */
  readonly features: number;
  readonly outputs: number;
}

/** Settings of the method. */
export interface MaddpgOptions {
  readonly agents: readonly AgentSizes[];
  readonly models: number;
  /** Width of the actors' hidden layer, and of the critics' two. */
  readonly hidden: number;
  readonly criticHidden: number;
  /** Transitions of one step. */
  readonly batch: number;
  /** Worth of what is one look later. */
  readonly discount: number;
  readonly actorRate: number;
  readonly criticRate: number;
  /** What an action that is 1 from the prior's costs an actor, in units of what the critic's slopes are on average. */
  readonly stay: number;
  /** By agent: parameters of the actor that it begins as; zeros: of one that answers 0. */
  readonly priors: readonly Float64Array[];
  /** Steps in which only critics learn. */
  readonly criticsFirst: number;
}

/** Share by which targets follow at each step. */
const FOLLOW = 0.01;
/** Noise of the targets' actions, and the most of it. */
const TARGET_NOISE = 0.1;
const MOST_NOISE = 0.25;
/** Errors of a critic beyond this pull no harder (Huber), in rewards. */
const MOST_ERROR = 2;
/** Longest gradient. */
const CLIP = 1;
/** Steps of critics for each step of the actors. */
const ACTOR_EVERY = 2;

interface Learner {
  readonly network: GraphNetwork;
  readonly parameters: Float64Array;
  readonly target: Float64Array;
  readonly optimizer: Optimizer;
}

/** Agents that learn. */
export class Maddpg {
  readonly #options: MaddpgOptions;
  readonly #random: Random;
  readonly #actors: readonly Learner[];
  readonly #critics: readonly Learner[];
  /** By agent: the network that answers as the policy that its actor began with. */
  readonly #priors: readonly GraphNetwork[];
  /** Width of a critic's row, and where each agent's observation and action are in it. */
  readonly #width: number;
  readonly #observationAt: readonly number[];
  readonly #actionAt: readonly number[];
  #steps = 0;

  constructor(options: MaddpgOptions, random: Random) {
    const { agents, models, hidden, criticHidden, batch, priors } = options;
    this.#options = options;
    this.#random = random;
    const links = linksOfAll(batch, models);
    const learner = (shape: NetworkShape, parameters: Float64Array): Learner => {
      const optimizer = adam(parameterCount(shape), CLIP);
      const network = graphNetwork(shape, batch * models, links);
      return { network, parameters, target: parameters.slice(), optimizer };
    };
    const shapes = agents.map((agent): NetworkShape => ({ ...agent, hidden, layers: 1 }));
    this.#actors = shapes.map((shape, at) =>
      learner(shape, warmParameters(shape, priors[at]!, random)),
    );
    this.#priors = shapes.map((shape) => graphNetwork(shape, batch * models, links));
    const seen = agents.reduce((sum, { features }) => sum + features, 0);
    const done = agents.reduce((sum, { outputs }) => sum + outputs, 0);
    this.#width = seen + done;
    const critic = { features: seen + done, hidden: criticHidden, layers: 2, outputs: 1 };
    this.#critics = agents.map(() => learner(critic, initialParameters(critic, random)));
    this.#observationAt = startsOf(agents.map(({ features }) => features));
    this.#actionAt = startsOf(agents.map(({ outputs }) => outputs)).map((at) => seen + at);
  }

  /** By agent: the parameters of its actor, which change with every step. */
  get actors(): readonly Float64Array[] {
    return this.#actors.map(({ parameters }) => parameters);
  }

  /** By agent: the mean of its actor's parameters over about the last 200 steps. */
  get slowActors(): readonly Float64Array[] {
    return this.#actors.map(({ target }) => target);
  }

  /**
   * Learns from one batch. Requires: the replay is not empty.
   *
   * Cost: about a dozen passes of a critic over the batch.
   */
  step(replay: Replay): void {
    const drawn = replay.draw(this.#options.batch, this.#random);
    const observations = this.#joined(drawn, ({ observations: seen }) => seen, "features");
    const actions = this.#joined(drawn, ({ actions: done }) => done, "outputs");
    this.#teachCritics(drawn, observations, actions);
    this.#steps++;
    if (this.#steps % ACTOR_EVERY === 0) {
      if (this.#steps > this.#options.criticsFirst) {
        for (const agent of this.#actors.keys()) {
          this.#teachActor(agent, observations, actions);
        }
      }
      for (const { parameters, target } of [...this.#actors, ...this.#critics]) {
        for (let i = 0; i < target.length; i++) {
          target[i] = (1 - FOLLOW) * target[i]! + FOLLOW * parameters[i]!;
        }
      }
    }
  }

  /** What critic `agent` thinks of states and actions, by transition. */
  valuesOf(agent: number, drawn: readonly Transition[]): Float64Array {
    const { network, parameters } = this.#critics[agent]!;
    const rows = this.#rows(
      this.#joined(drawn, ({ observations }) => observations, "features"),
      this.#joined(drawn, ({ actions }) => actions, "outputs"),
    );
    return this.#meanByGroup(network.forward(parameters, rows));
  }

  #teachCritics(
    drawn: readonly Transition[],
    observations: readonly Float64Array[],
    actions: readonly Float64Array[],
  ): void {
    const { batch, models, discount, criticRate } = this.#options;
    const next = this.#joined(drawn, ({ next: seen }) => seen, "features");
    const nextRows = this.#rows(next, this.#targetActions(next));
    const answers = this.#critics.map(({ network, target }) =>
      this.#meanByGroup(network.forward(target, nextRows)),
    );
    const goals = drawn.map(
      ({ reward }, at) => reward + discount * Math.min(...answers.map((values) => values[at]!)),
    );
    const rows = this.#rows(observations, actions);
    for (const { network, parameters, optimizer } of this.#critics) {
      const values = this.#meanByGroup(network.forward(parameters, rows));
      const slopes = new Float64Array(batch * models);
      for (let node = 0; node < slopes.length; node++) {
        const at = Math.floor(node / models);
        const error = values[at]! - goals[at]!;
        slopes[node] = Math.max(-MOST_ERROR, Math.min(MOST_ERROR, error)) / (batch * models);
      }
      optimizer.step(parameters, network.backward(parameters, slopes), criticRate);
    }
  }

  /** The gradient of the critic by the action, through the actor. */
  #teachActor(
    agent: number,
    observations: readonly Float64Array[],
    actions: readonly Float64Array[],
  ): void {
    const { agents, batch, models, actorRate, stay, priors } = this.#options;
    const { outputs } = agents[agent]!;
    const actor = this.#actors[agent]!;
    const critic = this.#critics[agent]!;
    const answers = actor.network.forward(actor.parameters, observations[agent]!);
    const own = new Float64Array(answers.length);
    squash(answers, own);
    const prior = new Float64Array(answers.length);
    squash(this.#priors[agent]!.forward(priors[agent]!, observations[agent]!), prior);
    const rows = this.#rows(
      observations,
      actions.map((each, at) => (at === agent ? own : each)),
    );
    critic.network.forward(critic.parameters, rows);
    const slopes = new Float64Array(batch * models).fill(-1 / (batch * models));
    critic.network.backward(critic.parameters, slopes);
    const byRow = critic.network.inputGradient();
    const gradient = new Float64Array(answers.length);
    let sum = 0;
    for (let at = 0; at < gradient.length; at++) {
      const node = Math.floor(at / outputs);
      gradient[at] = byRow[node * this.#width + this.#actionAt[agent]! + (at % outputs)]!;
      sum += Math.abs(gradient[at]!);
    }
    const scale = sum === 0 ? 0 : gradient.length / sum;
    for (let at = 0; at < gradient.length; at++) {
      const away = own[at]! - prior[at]!;
      const slope = (scale * gradient[at]! + 2 * stay * away) / gradient.length;
      gradient[at] = slope / (1 + Math.abs(answers[at]!)) ** 2;
    }
    actor.optimizer.step(
      actor.parameters,
      actor.network.backward(actor.parameters, gradient),
      actorRate,
    );
  }

  #targetActions(next: readonly Float64Array[]): readonly Float64Array[] {
    return this.#actors.map(({ network, target }, agent) => {
      const answers = network.forward(target, next[agent]!);
      const actions = new Float64Array(answers.length);
      squash(answers, actions);
      return actions.map((action) => {
        const noise = TARGET_NOISE * nearlyNormal(this.#random);
        const bounded = Math.max(-MOST_NOISE, Math.min(MOST_NOISE, noise));
        return Math.max(-1, Math.min(1, action + bounded));
      });
    });
  }

  /** By agent: the rows of all transitions, one after the other. */
  #joined(
    drawn: readonly Transition[],
    of: (transition: Transition) => readonly Float64Array[],
    size: keyof AgentSizes,
  ): readonly Float64Array[] {
    return this.#options.agents.map((agent, at) => {
      const length = agent[size] * this.#options.models;
      const joined = new Float64Array(drawn.length * length);
      for (const [i, transition] of drawn.entries()) {
        joined.set(of(transition)[at]!, i * length);
      }
      return joined;
    });
  }

  /** Rows of a critic: what all agents see of a model, then what all of them do about it. */
  #rows(observations: readonly Float64Array[], actions: readonly Float64Array[]): Float64Array {
    const { agents, batch, models } = this.#options;
    const rows = new Float64Array(batch * models * this.#width);
    for (const [at, { features, outputs }] of agents.entries()) {
      copyColumns(observations[at]!, features, rows, this.#width, this.#observationAt[at]!);
      copyColumns(actions[at]!, outputs, rows, this.#width, this.#actionAt[at]!);
    }
    return rows;
  }

  #meanByGroup(answers: Float64Array): Float64Array {
    const { batch, models } = this.#options;
    const means = new Float64Array(batch);
    for (let node = 0; node < answers.length; node++) {
      means[Math.floor(node / models)]! += answers[node]! / models;
    }
    return means;
  }
}

function startsOf(sizes: readonly number[]): readonly number[] {
  let at = 0;
  return sizes.map((size) => {
    const start = at;
    at += size;
    return start;
  });
}

function copyColumns(
  from: Float64Array,
  columns: number,
  into: Float64Array,
  width: number,
  at: number,
): void {
  for (let i = 0; i < from.length; i++) {
    into[Math.floor(i / columns) * width + at + (i % columns)] = from[i]!;
  }
}
