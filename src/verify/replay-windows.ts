/**
 * A second simulator of requests that are served in windows, for `verify`: written from docs/serving.md alone, as
 * `replay-requests.ts` is, and without code of the first (`schedule/serving/simulate-windows.ts`). What a window takes
 * is what the simulator of schedules says of those launches of its schedule that are left.
 */
import type { LauncherPolicy } from "../schedule/serving/serving-model.js";
import { TaskMemory } from "./replay-refusals.js";
import { inOrder, type Replay, type ReplayedRequest, unserved } from "./replayed-requests.js";
import type { WindowTimes } from "./window-times.js";

/** A task from its launch to its answer. */
interface Task {
  /** Position in the window. */
  readonly number: number;
  readonly requests: readonly ReplayedRequest[];
  /** The part that it runs next. */
  part: number;
}

/** A model while requests are replayed. */
interface Server {
  readonly waiting: ReplayedRequest[];
  launches: number;
  /** Of tasks that have ended. */
  readonly memory: TaskMemory;
}

/**
 * Replays requests of one sample in windows, to the last answer; `undefined`: it has more than `mostStages` parts and
 * ends of kernel phases. Cost: O(parts) a window, and what `times` does not know yet.
 */
export function replayWindows(
  times: WindowTimes,
  arrivals: readonly Float64Array[],
  policy: LauncherPolicy,
  mostStages: number = Number.POSITIVE_INFINITY,
): Replay | undefined {
  const requests = unserved(arrivals);
  const replayer = new WindowReplayer(times, policy);
  const isWhole = replayer.serve(inOrder(requests), mostStages);
  return isWhole ? { requests, stages: replayer.stages } : undefined;
}

/** The state of a replay. */
class WindowReplayer {
  stages = 0;
  readonly #times: WindowTimes;
  readonly #policy: LauncherPolicy;
  readonly #servers: readonly Server[];
  #underWay: readonly Task[] = [];

  constructor(times: WindowTimes, policy: LauncherPolicy) {
    this.#times = times;
    this.#policy = policy;
    this.#servers = policy.models.map(() => ({
      waiting: [],
      launches: 0,
      memory: new TaskMemory(),
    }));
  }

  /** Serves all; `false`: it takes more than `most` stages. */
  serve(arrivals: ReturnType<typeof inOrder>, most: number): boolean {
    const periodNs = this.#policy.models[0]?.periodNs ?? 0;
    const known = this.#times.events;
    let next = 0;
    let parts = 0;
    /** The earliest begin of the next window. */
    let mayBegin = -Infinity;
    while (this.stages <= most) {
      const isNeeded =
        this.#underWay.length > 0 || this.#servers.some(({ waiting }) => waiting.length > 0);
      const now = isNeeded
        ? mayBegin
        : Math.max(mayBegin, arrivals[next]?.request.arrivalNs ?? Infinity);
      if (now === Infinity) {
        return true;
      }
      for (; (arrivals[next]?.request.arrivalNs ?? Infinity) <= now; next++) {
        const { model, request } = arrivals[next]!;
        this.#arrive(model, request);
      }
      const running = [...this.#underWay, ...this.#launched(now)];
      if (running.length > 0) {
        const takesNs = this.#run(running, now);
        mayBegin = now + Math.max(takesNs, periodNs);
        parts += running.length;
        this.stages = parts + this.#times.events - known;
      }
    }
    return false;
  }

  #arrive(model: number, request: ReplayedRequest): void {
    const { waiting } = this.#servers[model]!;
    const rule = this.#policy.models[model]!.shed;
    const isFull = rule !== undefined && rule.kind !== "deadline" && waiting.length >= rule.queue;
    if (!isFull) {
      waiting.push(request);
    } else if (rule.kind === "newest") {
      refuse(request, request.arrivalNs);
    } else {
      refuse(waiting.shift()!, request.arrivalNs);
      waiting.push(request);
    }
  }

  /** The tasks that a window launches now. */
  #launched(now: number): readonly Task[] {
    const launched: Task[] = [];
    for (const [number, { model, batch }] of this.#times.tasks.entries()) {
      const server = this.#servers[model]!;
      const inFlight = [...this.#underWay, ...launched].filter(
        (task) => this.#times.tasks[task.number]!.model === model,
      ).length;
      this.#refuseLate(model, number, inFlight, now);
      const requests = server.waiting.splice(0, batch);
      if (requests.length > 0) {
        for (const request of requests) {
          request.launchNs = now;
          request.task = server.launches;
        }
        server.launches++;
        server.memory.launch(this.#objectiveNs(model));
        launched.push({ number, requests, part: 0 });
      }
    }
    return launched;
  }

  /** Refuses those at the head of a queue that would not be answered in time by a task. */
  #refuseLate(model: number, task: number, inFlight: number, now: number): void {
    const objectiveNs = this.#objectiveNs(model);
    if (objectiveNs === Infinity) {
      return;
    }
    const { waiting, memory } = this.#servers[model]!;
    const aloneNs = this.#aloneNs(task, this.#policy.models[model]!.periodNs);
    const takesNs = memory.expect(aloneNs, objectiveNs, inFlight);
    while (waiting.length > 0 && now + takesNs > waiting[0]!.arrivalNs + objectiveNs) {
      refuse(waiting.shift()!, now);
      memory.refuse();
    }
  }

  /** After which requests are late, where those are refused. */
  #objectiveNs(model: number): number {
    const rule = this.#policy.models[model]!.shed;
    return rule?.kind === "deadline" ? rule.objectiveNs : Infinity;
  }

  /** A task in windows of its own: each part but the last makes the next wait for it, and for the period. */
  #aloneNs(number: number, periodNs: number): number {
    const parts = this.#times.tasks[number]!.parts.length;
    let begin = 0;
    for (let part = 0; part + 1 < parts; part++) {
      begin += Math.max(periodNs, this.#times.of([[number, part]]).takesNs);
    }
    return begin + this.#times.of([[number, parts - 1]]).endsNs[0]!;
  }

  /** Runs a part of each of these tasks; returns how long the window takes. */
  #run(running: readonly Task[], now: number): number {
    const { takesNs, endsNs } = this.#times.of(running.map(({ number, part }) => [number, part]));
    const left: Task[] = [];
    const over: { readonly task: Task; readonly end: number }[] = [];
    for (const [at, task] of running.entries()) {
      task.part++;
      if (task.part < this.#times.tasks[task.number]!.parts.length) {
        left.push(task);
      } else {
        over.push({ task, end: now + endsNs[at]! });
      }
    }
    // Those that a window ends count in the order of its tasks.
    for (const { task, end } of over.sort((a, b) => a.task.number - b.task.number)) {
      this.#answer(task, end);
    }
    this.#underWay = left;
    return takesNs;
  }

  #answer({ number, requests }: Task, end: number): void {
    const { model } = this.#times.tasks[number]!;
    for (const request of requests) {
      request.endNs = end;
    }
    this.#servers[model]!.memory.answer(
      end - requests[0]!.launchNs,
      requests.map(({ arrivalNs }) => end - arrivalNs),
      this.#objectiveNs(model),
    );
  }
}

function refuse(request: ReplayedRequest, now: number): void {
  request.isRefused = true;
  request.endNs = now;
}
