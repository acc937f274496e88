/** Requests of a replay: what became of them. */

/** What became of a request: when it was launched and answered, or refused. */
export interface ReplayedRequest {
  readonly arrivalNs: number;
  launchNs: number;
  /** The number of its task among the model's; -1: it has none. */
  task: number;
  /** Of a refused request: when it was. */
  endNs: number;
  isRefused: boolean;
}

/** All requests by model, and stages of tasks that ended. */
export interface Replay {
  readonly requests: readonly (readonly ReplayedRequest[])[];
  readonly stages: number;
}

/** A request that arrives, and its model. */
export interface Arrival {
  readonly model: number;
  readonly request: ReplayedRequest;
}

/** Requests by model of which nothing has become yet. */
export function unserved(arrivals: readonly Float64Array[]): readonly ReplayedRequest[][] {
  return arrivals.map((times) =>
    Array.from(times, (arrivalNs): ReplayedRequest => {
      return { arrivalNs, launchNs: -1, task: -1, endNs: -1, isRefused: false };
    }),
  );
}

/** Arrivals of all models by time; of one time in the order of the models. */
export function inOrder(requests: readonly (readonly ReplayedRequest[])[]): readonly Arrival[] {
  return requests
    .flatMap((own, model) => own.map((request) => ({ model, request })))
    .sort((a, b) => a.request.arrivalNs - b.request.arrivalNs || a.model - b.model);
}
