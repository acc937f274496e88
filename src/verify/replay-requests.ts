/**
 * A second simulator of served requests, for `verify`: simple, slow, and written from docs/serving.md alone. It
 * shares no code with the first (`schedule/serving/serving-engine.ts`), so a figure on which both agree
 * is not an accident of one of them.
 *
 * Everything happens at moments: a stage of a task ends, a request arrives, a period is over. At each moment
 * speeds are worked out anew for all tasks in flight. Of what happens at one moment ends of stages come
 * first, then ends of gaps, then one arrival, then periods. On a CPU a task that is launched by a request or a
 * period begins with a gap, in which its thread wakes up.
 */
import type { ArtifactReaction } from "../artifact/adaptive-policy.js";
import type { LauncherPolicy, ServingProblem } from "../schedule/serving/serving-model.js";
import { lawOf } from "./replay-device.js";
import type { ReplayedLauncher } from "./replay-launcher.js";
import { countedArrival, heldUntilNs, knobsNow, nextTask } from "./replay-reaction.js";
import {
  follow,
  isBusy,
  objectiveOf,
  refuse,
  refuseLate,
  type Server,
  serversOf,
} from "./replay-server.js";
import { type Launched, ReplayTasks, type Task } from "./replay-tasks.js";
import { type LaunchTimesOf, launchTimes } from "./replay-times.js";
import { seenModel } from "./replay-view.js";
import { type Arrival, inOrder, type Replay, unserved } from "./replayed-requests.js";

/** Tasks in flight at one time, of all models, whatever a policy allows. */
const MOST_TASKS = 128;

/** What a replay may be told besides. */
export interface ReplayOptions {
  /** Ends of stages at most; default no limit. */
  readonly mostStages?: number;
  /** Draws the times of runs that vary; absent: all take their mean. */
  readonly seed?: number;
  /** Changes the policy from tick to tick; absent: it stays the same. A look counts as an end of a stage. */
  readonly launcher?: ReplayedLauncher;
  /** By model: how launches follow what waits; absent: they do not. */
  readonly reactions?: readonly ArtifactReaction[];
}

/**
 * Replays requests of one sample under a policy, to the last answer; `undefined`: it has more than `mostStages` ends of
 * stages. Cost: O(stages x tasks in flight).
 */
export function replayRequests(
  problem: ServingProblem,
  arrivals: readonly Float64Array[],
  policy: LauncherPolicy,
  { mostStages = Number.POSITIVE_INFINITY, seed, launcher, reactions }: ReplayOptions = {},
): Replay | undefined {
  const requests = unserved(arrivals);
  const servers = serversOf(problem, policy, reactions);
  const replayer = new Replayer(servers, new ReplayTasks(lawOf(problem.device)), {
    timesOf: launchTimes(seed),
    most: policy.inFlight ?? Infinity,
    launcher,
  });
  const isWhole = replayer.serve(inOrder(requests), mostStages);
  return isWhole ? { requests, stages: replayer.stages } : undefined;
}

/** What all tasks have in common. */
interface Surroundings {
  readonly timesOf: LaunchTimesOf;
  /** Most tasks in flight. */
  readonly most: number;
  readonly launcher: ReplayedLauncher | undefined;
}

/** The state of a replay. */
class Replayer {
  stages = 0;
  readonly #servers: readonly Server[];
  readonly #tasks: ReplayTasks;
  readonly #around: Surroundings;
  #now = 0;
  #periodEnds = Infinity;

  constructor(servers: readonly Server[], tasks: ReplayTasks, around: Surroundings) {
    this.#servers = servers;
    this.#tasks = tasks;
    this.#around = around;
  }

  /** Serves all; `false`: there are more ends of stages than `most`. */
  serve(arrivals: readonly Arrival[], most: number): boolean {
    let next = 0;
    const { launcher } = this.#around;
    let tick = launcher === undefined ? Infinity : launcher.tickNs;
    this.#look();
    follow(this.#servers, launcher?.choose());
    while (this.stages <= most) {
      const { at: stageEnds, step } = this.#tasks.nextEnd();
      const rests = this.#tasks.nextRestEnd();
      const arrives = arrivals[next]?.request.arrivalNs ?? Infinity;
      const moment = Math.min(stageEnds, rests, arrives, this.#periodEnds);
      const isLeft = arrives < Infinity || this.#servers.some(isBusy);
      if (!isLeft) {
        return true;
      }
      if (tick < moment) {
        this.#now = Math.max(this.#now, tick);
        tick += launcher?.tickNs ?? Infinity;
        this.#look();
        // Without requests only the last decision before the next one comes matters.
        if (arrives <= tick || this.#servers.some(isBusy)) {
          this.stages++;
          follow(this.#servers, launcher?.choose());
          this.#launch();
        }
        continue;
      }
      this.#now = Math.max(this.#now, moment);
      if (moment === stageEnds) {
        this.#goOn(this.#tasks.endStages(step, this.#now));
      } else if (moment === rests) {
        this.#goOn(this.#tasks.endRest(rests, this.#now));
      } else if (moment === arrives) {
        this.#arrive(arrivals[next++]!);
      } else {
        this.#launch(true);
      }
    }
    return false;
  }

  /** Lets the launcher look at all models. */
  #look(): void {
    const { launcher } = this.#around;
    if (launcher === undefined) {
      return;
    }
    const tasks = this.#tasks.view(this.#now);
    launcher.look(this.#servers.map((server, model) => seenModel(server, model, tasks)));
    for (const server of this.#servers) {
      server.arrivedBefore = server.arrived;
    }
  }

  /** These tasks begin their next stages, or are answered, which makes room for others. */
  #goOn(tasks: readonly Task[]): void {
    let isRoom = false;
    for (const task of tasks) {
      this.stages++;
      if (!this.#tasks.goOn(task, this.#now)) {
        this.#answer(task);
        isRoom = true;
      }
    }
    if (isRoom) {
      this.#launch();
    }
    this.#tasks.setSpeeds(this.#now);
  }

  #answer({ model, requests }: Launched): void {
    const server = this.#servers[model]!;
    server.inFlight--;
    for (const request of requests) {
      request.endNs = this.#now;
    }
    server.memory?.answer(
      this.#now - requests[0]!.launchNs,
      requests.map(({ arrivalNs, endNs }) => endNs - arrivalNs),
      objectiveOf(server),
    );
  }

  #arrive({ model, request }: Arrival): void {
    const server = this.#servers[model]!;
    const { policy, waiting } = server;
    server.arrived++;
    const rule = policy.shed;
    const isFull =
      (rule?.kind === "newest" || rule?.kind === "oldest") && waiting.length >= rule.queue;
    if (isFull && rule.kind === "newest") {
      refuse(request, this.#now);
      return;
    }
    if (isFull) {
      refuse(waiting.shift()!, this.#now);
    }
    waiting.push(request);
    this.#launch(true);
  }

  /** Launches whatever may be launched; the model goes first whose request waits longest. */
  #launch(isWoken = false): void {
    let isNew = false;
    for (;;) {
      const server = this.#nextServer();
      if (server === undefined) {
        break;
      }
      if (!isNew) {
        this.#tasks.catchUp(this.#now);
        isNew = true;
      }
      this.#launchTask(server, isWoken);
    }
    if (isNew) {
      this.#tasks.setSpeeds(this.#now);
    }
  }

  #nextServer(): Server | undefined {
    const inFlight = this.#servers.reduce((sum, server) => sum + server.inFlight, 0);
    this.#periodEnds = Infinity;
    if (inFlight >= Math.min(MOST_TASKS, this.#around.most)) {
      return undefined;
    }
    let turn: Server | undefined;
    for (const server of this.#servers) {
      const { concurrency, periodNs } = knobsNow(server);
      if (server.inFlight >= concurrency || server.waiting.length === 0) {
        continue;
      }
      const due = Math.max(server.lastLaunchNs + periodNs, heldUntilNs(server, inFlight));
      if (due > this.#now) {
        this.#periodEnds = Math.min(this.#periodEnds, due);
        continue;
      }
      refuseLate(server, this.#now);
      if (countedArrival(server) < (turn === undefined ? Infinity : countedArrival(turn))) {
        turn = server;
      }
    }
    return turn;
  }

  #launchTask(server: Server, isWoken: boolean): void {
    const { requests: taken, run } = nextTask(server);
    const requests = server.waiting.splice(0, taken);
    for (const request of requests) {
      request.launchNs = this.#now;
      request.task = server.launches;
    }
    const model = this.#servers.indexOf(server);
    const luck = { model, launch: server.launches, concurrency: server.policy.concurrency };
    const { factor, wakeNs } = this.#around.timesOf(run, luck);
    server.memory?.launch(objectiveOf(server));
    server.inFlight++;
    server.launches++;
    server.lastLaunchNs = this.#now;
    const task = { model, run, requests, factor };
    if (!this.#tasks.launch(task, isWoken ? wakeNs : 0, this.#now)) {
      this.#answer(task);
    }
  }
}
