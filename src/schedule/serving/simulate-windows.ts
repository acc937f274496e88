/**
 * Serves requests in merged windows (`merged-window.ts`), one after the other.
 *
 * A window begins when the one before is over, when that began at least the period ago, and when there is
 * something for it: requests that wait, or later parts of tasks that earlier windows launched. Each of its tasks
 * takes requests that wait, first come, first served, at most its batch; one that finds none is skipped, with all
 * its parts. A task runs as its batch however many requests it has. Its requests are answered at the end of its
 * last part. Requests are refused by the rules of the policy when they arrive, or when a task could take them
 * (`window-queue.ts`); a window whose requests are all refused does not take place.
 *
 * A window has the device to itself, so it takes what the simulator of schedules says, in every detail.
 *
 * Example: one task of 3 us a window, period 5 us, requests at 0, 1 and 9. The first is answered at 3. The second waits
 * for the period, is launched at 5 and answered at 8; the third is launched at 10, as the period says.
 */
import { invariant, present } from "../../core/invariant.js";
import type { LauncherPolicy, LauncherWindow } from "./serving-model.js";
import type { ServingOptions } from "./serving-options.js";
import type { ServingRun } from "./serving-run.js";
import { type WindowGroup, WindowQueue } from "./window-queue.js";
import { WindowTimelines } from "./window-timeline.js";

/**
 * Serves all requests in windows, to the last answer.
 *
 * Requires: a policy with a window that has a task of every model; one period for all models; no `scaleOf`. The same
 * inputs give the same run on every machine. Cost: O(parts) a window, and a simulation of every combination of parts that
 * occurs.
 */
export function simulateWindows(
  arrivals: readonly Float64Array[],
  policy: LauncherPolicy,
  options: ServingOptions = {},
): ServingRun {
  const run = new WindowRun(policy, arrivals, options);
  let end = Number.NEGATIVE_INFINITY;
  let due = Number.NEGATIVE_INFINITY;
  for (;;) {
    const start = Math.max(end, due, run.nextNs());
    if (start === Number.POSITIVE_INFINITY) {
      return run.outcome();
    }
    const tookNs = run.runAt(start);
    if (tookNs !== undefined) {
      end = start + tookNs;
      due = start + run.periodNs;
    }
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
  /** From one window to the next. */
  readonly periodNs: number;
  readonly #arrivals: readonly Float64Array[];
  readonly #tasks: LauncherWindow["window"]["tasks"];
  readonly #timelines: WindowTimelines;
  readonly #options: ServingOptions;
  /** By model. */
  readonly #queues: readonly WindowQueue[];
  /** By task: the least that it takes. */
  readonly #aloneNs: readonly number[];
  /** By part: the requests whose task runs it in the next window. */
  #groups: readonly (WindowGroup | undefined)[];
  #done = { share: 0, arithmetic: 0, bandwidth: 0 };
  #events = 0;

  constructor(policy: LauncherPolicy, arrivals: readonly Float64Array[], options: ServingOptions) {
    const window = present(policy.window, "window");
    const periodNs = policy.models[0]?.periodNs ?? 0;
    invariant(
      policy.models.every((model) => model.periodNs === periodNs),
      "windows have one period",
    );
    const { tasks } = window.window;
    invariant(
      arrivals.every((_, model) => tasks.some((task) => task.model === model)),
      "a window has a task of every model",
    );
    this.periodNs = periodNs;
    this.#arrivals = arrivals;
    this.#tasks = tasks;
    this.#timelines = timelinesOf(window);
    this.#options = options;
    this.#queues = arrivals.map((each, model) => {
      return new WindowQueue(each, policy.models[model]?.shed);
    });
    const isSoon = policy.models.some(({ shed }) => shed?.kind === "deadline");
    this.#aloneNs = tasks.map((_, task) => (isSoon ? this.#timelines.aloneNs(task, periodNs) : 0));
    this.#groups = this.#timelines.parts.map(() => undefined);
  }

  /** When there is something for a window: at once with tasks under way, else when a request arrives. */
  nextNs(): number {
    return this.#groups.some((group) => group !== undefined)
      ? Number.NEGATIVE_INFINITY
      : this.#queues.reduce(
          (least, { nextNs }) => Math.min(least, nextNs),
          Number.POSITIVE_INFINITY,
        );
  }

  /** Runs a window, and returns how long it takes; `undefined`: there is nothing for it any more. */
  runAt(start: number): number | undefined {
    const { parts } = this.#timelines;
    for (const queue of this.#queues) {
      queue.admit(start);
    }
    const groups = parts.map(({ task, shift }, part) =>
      shift === 0 ? this.#take(task, start) : this.#groups[part],
    );
    if (groups.every((group) => group === undefined)) {
      return undefined;
    }
    const { makespanNs, endNs, doneNs, events } = this.#timelines.of(
      Uint8Array.from(groups, (group) => (group === undefined ? 0 : 1)),
    );
    for (const [part, group] of groups.entries()) {
      const { task } = parts[part]!;
      if (group !== undefined && parts[part + 1]?.task !== task) {
        this.#queueOf(task).answer(group, start + endNs[part]!);
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

  #queueOf(task: number): WindowQueue {
    return this.#queues[this.#tasks[task]!.model]!;
  }

  /** The requests that a task takes; `undefined`: there are none for it. */
  #take(task: number, start: number): WindowGroup | undefined {
    const { model, batch } = this.#tasks[task]!;
    const queue = this.#queueOf(task);
    const group = queue.take(batch, this.#aloneNs[task]!, start);
    if (group !== undefined) {
      const first = queue.firstOf(group);
      const { requests } = group;
      this.#options.onLaunch?.({ timeNs: start, model, first, requests, batch });
    }
    return group;
  }

  outcome(): ServingRun {
    return {
      arrivalNs: this.#arrivals,
      launchNs: this.#queues.map(({ launchNs }) => launchNs),
      endNs: this.#queues.map(({ endNs }) => endNs),
      isRefused: this.#queues.map(({ isRefused }) => isRefused),
      taskOf: this.#queues.map(({ taskOf }) => taskOf),
      launches: this.#queues.map(({ launches }) => launches),
      doneNs: this.#done,
      events: this.#events,
    };
  }
}
