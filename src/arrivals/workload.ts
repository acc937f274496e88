/** Requests for one or several models, as they arrive. Rates are per second, times nanoseconds. */

/** How the requests for one model arrive. */
export type ArrivalProcess =
  /** One request every 1 / rate seconds. */
  | { readonly kind: "constant"; readonly ratePerSecond: number }
  /** Independent of each other. */
  | { readonly kind: "poisson"; readonly ratePerSecond: number }
  /** Bursts: a Markov-modulated Poisson process. */
  | { readonly kind: "mmpp"; readonly states: readonly BurstState[] }
  /** Poisson, with a rate that swings as a sine. */
  | {
      readonly kind: "diurnal";
      /** Mean over a whole period. */
      readonly ratePerSecond: number;
      /** Largest difference from the mean as a share of it, in [0, 1]. */
      readonly swing: number;
      readonly periodNs: number;
    }
  /** Recorded: the times between one request and the next. */
  | { readonly kind: "trace"; readonly gapsNs: Float64Array };

/** One state of an `mmpp` process, which lasts for an exponential time and is followed by the next in turn. */
export interface BurstState {
  readonly ratePerSecond: number;
  readonly meanNs: number;
}

/** The requests for one model. */
export interface ModelArrivals {
  /** The model's name: that of its file, without folder and extension. */
  readonly model: string;
  readonly process: ArrivalProcess;
  /** A request that takes longer than this from its arrival to its end is late; `undefined`: none is. */
  readonly objectiveNs: number | undefined;
  /** Batch sizes that a launcher may use: ascending, all different; the first is 1. */
  readonly batches: readonly number[];
  /** Which requests are refused; absent: the launcher decides. */
  readonly shed?: ShedSpec;
}

/** What is refused: nothing; of a full queue the newest or the oldest; or what would be answered too late. */
export type ShedSpec =
  | { readonly kind: "none" }
  | { readonly kind: "newest"; readonly queue: number }
  | { readonly kind: "oldest"; readonly queue: number }
  | { readonly kind: "deadline" };

/** What a launcher is made for. */
export interface Workload {
  readonly models: readonly ModelArrivals[];
  /** How long requests arrive in one simulation. */
  readonly durationNs: number;
  /** The random seed that the file asks for. */
  readonly seed: number | undefined;
}

/** Requests per second in the long run: what a policy has to keep up with. */
export function meanRate(source: ArrivalProcess): number {
  switch (source.kind) {
    case "constant":
    case "poisson":
    case "diurnal":
      return source.ratePerSecond;
    case "mmpp": {
      const { states } = source;
      const time = states.reduce((sum, { meanNs }) => sum + meanNs, 0);
      const requests = states.reduce((sum, each) => sum + each.ratePerSecond * each.meanNs, 0);
      return requests / time;
    }
    case "trace": {
      const { gapsNs } = source;
      return (gapsNs.length * 1e9) / gapsNs.reduce((sum, gap) => sum + gap, 0);
    }
  }
}
