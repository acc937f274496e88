/**
 * Serves requests in merged windows (`merged-window.ts`), one after the other.
 *
 * A window begins when the one before is over, when that began at least the period ago, and when there is
 * something for it: requests that wait, or later parts of tasks that earlier windows launched. Each of its tasks
 * takes requests that wait, first come, first served, at most its batch; one that finds none is skipped, with all
 * its parts. A task runs as its batch however many requests it has. Its requests are answered at the end of its
 * last part.
 *
 * A window has the device to itself, so it takes what the simulator of schedules says, in every detail.
 *
 * Example: one task of 3 us a window, period 5 us, requests at 0, 1 and 9. The first is answered at 3. The second waits
 * for the period, is launched at 5 and answered at 8; the third is launched at 10, as the period says.
 */
import { invariant, present } from "../../core/invariant.js";
import type { ServingOptions } from "./serving-engine.js";
import type { LauncherPolicy, LauncherWindow } from "./serving-model.js";
import type { ServingRun } from "./serving-run.js";
import { WindowTimelines } from "./window-timeline.js";

/** Requests of a task: position of the first among those of the model, and how many. */
interface Group {
  readonly first: number;
  readonly requests: number;
}

/**
 * Serves all requests in windows, to the last answer.
 *
 * Requires: a policy with a window; one period for all models; no `scaleOf`. The same inputs give the same run on every
 * machine. Cost: O(parts) a window, and a simulation of every combination of parts that occurs.
 */
export function simulateWindows(
  arrivals: readonly Float64Array[],
  policy: LauncherPolicy,
  options: ServingOptions = {},
): ServingRun {
  const run = new WindowRun(present(policy.window, "window"), arrivals, options);
  const periodNs = policy.models[0]?.periodNs ?? 0;
  invariant(
    policy.models.every((model) => model.periodNs === periodNs),
    "windows have one period",
  );
  let end = Number.NEGATIVE_INFINITY;
  let due = Number.NEGATIVE_INFINITY;
  for (;;) {
    const start = Math.max(end, due, run.nextNs());
    if (start === Number.POSITIVE_INFINITY) {
      return run.outcome();
    }
    end = start + run.runAt(start);
    due = start + periodNs;
  }
}

/** The timelines of windows, for all runs of them. */
const TIMELINES = new WeakMap<LauncherWindow, WindowTimelines>();

function timelinesOf(window: LauncherWindow): WindowTimelines {
  const known = TIMELINES.get(window) ?? new WindowTimelines(window.window, window.problems);
  TIMELINES.set(window, known);
  return known;
}

/** A run so far. */
class WindowRun {
  readonly #arrivals: readonly Float64Array[];
  readonly #window: LauncherWindow["window"];
  readonly #timelines: WindowTimelines;
  readonly #options: ServingOptions;
  readonly #launchNs: readonly Float64Array[];
  readonly #endNs: readonly Float64Array[];
  readonly #launches: number[];
  /** By model: the first request that waits or is to come. */
  readonly #head: Int32Array;
  /** By part: the requests whose task runs it in the next window. */
  #groups: readonly (Group | undefined)[];
  #done = { share: 0, arithmetic: 0, bandwidth: 0 };
  #events = 0;

  constructor(window: LauncherWindow, arrivals: readonly Float64Array[], options: ServingOptions) {
    this.#arrivals = arrivals;
    this.#window = window.window;
    this.#timelines = timelinesOf(window);
    this.#options = options;
    this.#launchNs = arrivals.map(({ length }) => new Float64Array(length).fill(-1));
    this.#endNs = arrivals.map(({ length }) => new Float64Array(length).fill(-1));
    this.#launches = arrivals.map(() => 0);
    this.#head = new Int32Array(arrivals.length);
    this.#groups = this.#timelines.parts.map(() => undefined);
  }

  /** When there is something for a window: at once with tasks under way, else when a request arrives. */
  nextNs(): number {
    return this.#groups.some((group) => group !== undefined)
      ? Number.NEGATIVE_INFINITY
      : this.#arrivals.reduce(
          (least, arrival, model) =>
            Math.min(least, arrival[this.#head[model]!] ?? Number.POSITIVE_INFINITY),
          Number.POSITIVE_INFINITY,
        );
  }

  /** Runs a window, and returns how long it takes. */
  runAt(start: number): number {
    const { parts } = this.#timelines;
    const groups = parts.map(({ task, shift }, part) =>
      shift === 0 ? this.#take(task, start) : this.#groups[part],
    );
    const { makespanNs, endNs, doneNs, events } = this.#timelines.of(
      Uint8Array.from(groups, (group) => (group === undefined ? 0 : 1)),
    );
    for (const [part, group] of groups.entries()) {
      const { task } = parts[part]!;
      if (group !== undefined && parts[part + 1]?.task !== task) {
        const { first, requests } = group;
        const { model } = this.#window.tasks[task]!;
        this.#endNs[model]!.fill(start + endNs[part]!, first, first + requests);
      }
    }
    this.#groups = parts.map(({ shift }, part) => (shift === 0 ? undefined : groups[part - 1]));
    this.#done = {
      share: this.#done.share + doneNs.share,
      arithmetic: this.#done.arithmetic + doneNs.arithmetic,
      bandwidth: this.#done.bandwidth + doneNs.bandwidth,
    };
    this.#events += events;
    return makespanNs;
  }

  /** The requests that a task takes; `undefined`: none waits. */
  #take(task: number, start: number): Group | undefined {
    const { model, batch } = this.#window.tasks[task]!;
    const arrival = this.#arrivals[model]!;
    const first = this.#head[model]!;
    let requests = 0;
    while (requests < batch && arrival[first + requests]! <= start) {
      requests++;
    }
    if (requests === 0) {
      return undefined;
    }
    this.#head[model] = first + requests;
    this.#launches[model]! += 1;
    this.#launchNs[model]!.fill(start, first, first + requests);
    this.#options.onLaunch?.({ timeNs: start, model, first, requests, batch });
    return { first, requests };
  }

  outcome(): ServingRun {
    return {
      arrivalNs: this.#arrivals,
      launchNs: this.#launchNs,
      endNs: this.#endNs,
      launches: this.#launches,
      doneNs: this.#done,
      events: this.#events,
    };
  }
}
