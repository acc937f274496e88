/**
 * Launchers whose policy changes as time goes on. Most look at queues, rates and tasks in flight at every *tick*
 * (`launcher-observer.ts`) and set the policy for the time until the next; one reacts at every launch.
 */
import type { LauncherPolicy } from "./serving-model.js";
import type { ShedRules } from "./shed-rules.js";

/** What may be chosen for one model: ordered levels of each knob. */
export interface PolicyLevels {
  /** Periods as shares of the time in which a batch arrives at the model's rate: ascending. */
  readonly periodShares: readonly number[];
  /** Ascending; every variant has them all. */
  readonly batches: readonly number[];
  /** Ascending. */
  readonly concurrencies: readonly number[];
  /** How many variants there are. */
  readonly variants: number;
}

/** A choice: positions in the levels. */
export interface PolicyPoint {
  readonly period: number;
  readonly batch: number;
  readonly concurrency: number;
  readonly variant: number;
}

/** What a learned launcher knows of a model. */
export interface LearnedModel {
  /** Requests per second in the long run. */
  readonly ratePerSecond: number;
  readonly objectiveNs: number;
  /** What a request takes alone in the fastest variant. */
  readonly aloneNs: number;
  /** Least time per request of any variant and batch, alone. */
  readonly shareNs: number;
  readonly levels: PolicyLevels;
  /** The policy where nothing is learned: networks answer with steps from here. */
  readonly start: PolicyPoint;
}

/**
 * A launcher of two trained networks, which all models share: the launcher agent chooses steps of period, batch and
 * concurrency, the scheduler agent of the variant.
 */
export interface LearnedLauncher {
  readonly kind: "learned";
  /** From one look to the next. */
  readonly tickNs: number;
  /** By model. */
  readonly models: readonly LearnedModel[];
  /** Most tasks in flight, of all models together; absent: no limit but the models' own. */
  readonly inFlight?: number;
  /** Which requests are refused, whatever is decided; absent: none. */
  readonly shed?: ShedRules;
  /** Width of the networks' hidden layer. */
  readonly hidden: number;
  /** Parameters of the networks (`graph-network.ts`), multiples of 1/4096. */
  readonly launcher: Float64Array;
  readonly scheduler: Float64Array;
}

/** A policy, and the rates for which it is meant. */
export interface Regime {
  /** By model: requests per second. */
  readonly rates: readonly number[];
  readonly policy: LauncherPolicy;
}

/** A launcher that takes, at every tick, the policy of the regime whose rates are nearest to the observed ones. */
export interface RegimeLauncher {
  readonly kind: "regimes";
  readonly tickNs: number;
  /** Not empty. */
  readonly regimes: readonly Regime[];
  /** As of a learned launcher. */
  readonly shed?: ShedRules;
}

/** A launcher whose models all have a reaction (`reaction.ts`): what it does follows what waits at that moment. */
export interface ReactiveLauncher {
  readonly kind: "reactive";
  readonly policy: LauncherPolicy;
  /** As of a learned launcher. */
  readonly shed?: ShedRules;
}

/** A launcher that looks at the server at every tick. */
export type TickedLauncher = LearnedLauncher | RegimeLauncher;

/** A launcher whose policy changes. */
export type AdaptiveLauncher = TickedLauncher | ReactiveLauncher;

/** A launcher: a policy that stays the same, or one that changes. */
export type Launcher = LauncherPolicy | AdaptiveLauncher;
