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
import type {
  BatchRun,
  LauncherPolicy,
  ServingProblem,
} from "../schedule/serving/serving-model.js";
import { type DeviceLaw, lawOf, needsOf, type StageNeeds } from "./replay-device.js";
import { PartLines, partOf } from "./replay-gates.js";
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
import { type LaunchTimesOf, launchTimes } from "./replay-times.js";
import { seenModel } from "./replay-view.js";
import {
  type Arrival,
  inOrder,
  type Replay,
  type ReplayedRequest,
  unserved,
} from "./replayed-requests.js";

/** Tasks in flight at one time, of all models, whatever a policy allows. */
const MOST_TASKS = 128;

/** Work left that counts as none, in nanoseconds. */
const NOTHING_NS = 1e-6;

/** What a gap uses. */
const NOTHING: StageNeeds = { room: 0, arithmetic: 0, bandwidth: 0 };

interface Task {
  readonly model: number;
  readonly run: BatchRun;
  readonly requests: readonly ReplayedRequest[];
  /** Times that it takes longer than its run does on average. */
  readonly factor: number;
  /** -1: its thread wakes up. */
  stage: number;
  needs: StageNeeds;
  /** Of a stage that uses something: work left. Of a gap: when it is over. */
  left: number;
}

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
  const { device } = problem;
  const replayer = new Replayer(servers, {
    law: lawOf(device),
    timesOf: launchTimes(seed),
    most: policy.inFlight ?? Infinity,
    launcher,
  });
  const isWhole = replayer.serve(inOrder(requests), mostStages);
  return isWhole ? { requests, stages: replayer.stages } : undefined;
}

/** What all tasks have in common. */
interface Surroundings {
  readonly law: DeviceLaw;
  readonly timesOf: LaunchTimesOf;
  /** Most tasks in flight. */
  readonly most: number;
  readonly launcher: ReplayedLauncher | undefined;
}

/** The state of a replay. */
class Replayer {
  stages = 0;
  readonly #servers: readonly Server[];
  readonly #around: Surroundings;
  #now = 0;
  readonly #needs = new Map<BatchRun, readonly StageNeeds[]>();
  readonly #lines = new PartLines<Task>();
  /** In the order in which their stages began; and those in a gap. */
  #running: Task[] = [];
  readonly #resting: Task[] = [];
  #speeds: readonly number[] = [];
  /** When `left` of what runs was right. */
  #workedUntil = 0;
  #periodEnds = Infinity;

  constructor(servers: readonly Server[], around: Surroundings) {
    this.#servers = servers;
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
      const step = this.#untilStageEnds();
      const stageEnds = this.#workedUntil + step;
      const rests = this.#untilRestEnds();
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
        this.#endStages(step);
      } else if (moment === rests) {
        this.#endRest(rests);
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
    const tasks = {
      running: this.#running,
      speeds: this.#speeds,
      resting: this.#resting,
      standing: this.#lines.standing(),
      nowNs: this.#now,
      workedUntilNs: this.#workedUntil,
    };
    launcher.look(this.#servers.map((server, model) => seenModel(server, model, tasks)));
    for (const server of this.#servers) {
      server.arrivedBefore = server.arrived;
    }
  }

  #untilStageEnds(): number {
    let least = Infinity;
    for (let at = 0; at < this.#running.length; at++) {
      const speed = this.#speeds[at]!;
      least = speed > 0 ? Math.min(least, this.#running[at]!.left / speed) : least;
    }
    return least;
  }

  #untilRestEnds(): number {
    let least = Infinity;
    for (const { left } of this.#resting) {
      least = Math.min(least, left);
    }
    return least;
  }

  /** Lets all that runs go on for a time. */
  #work(ns: number): void {
    for (let at = 0; at < this.#running.length; at++) {
      this.#running[at]!.left -= ns * this.#speeds[at]!;
    }
  }

  #catchUp(): void {
    // What has just begun has no speed yet, and nothing to catch up with.
    if (this.#now > this.#workedUntil) {
      this.#work(this.#now - this.#workedUntil);
    }
    this.#workedUntil = this.#now;
  }

  #setSpeeds(): void {
    this.#workedUntil = this.#now;
    this.#speeds =
      this.#running.length === 0 ? [] : this.#around.law(this.#running.map(({ needs }) => needs));
  }

  #endStages(step: number): void {
    this.#work(step);
    this.#workedUntil = this.#now;
    const over: Task[] = [];
    const others: Task[] = [];
    for (let at = 0; at < this.#running.length; at++) {
      const task = this.#running[at]!;
      const isOver = this.#speeds[at]! > 0 && task.left <= NOTHING_NS;
      (isOver ? over : others).push(task);
    }
    this.#running = others;
    this.#goOn(over);
  }

  #endRest(until: number): void {
    const at = this.#resting.findIndex(({ left }) => left === until);
    const [task] = this.#resting.splice(at, 1);
    this.#catchUp();
    this.#goOn([task!]);
  }

  /** These tasks begin their next stages, or are answered, which makes room for others. */
  #goOn(tasks: readonly Task[]): void {
    let isRoom = false;
    for (const task of tasks) {
      this.stages++;
      task.stage++;
      isRoom = !this.#begin(task) || isRoom;
    }
    if (isRoom) {
      this.#launch();
    }
    this.#setSpeeds();
  }

  /**
   * Begins the stage that a task is at, or waits for the part that it is in; `false`: there is none, and its requests are
   * answered.
   */
  #begin(task: Task): boolean {
    const { model, run, stage } = task;
    const [before, part] = [partOf(run, stage - 1), partOf(run, stage)];
    if (part !== before && before >= 0) {
      const next = this.#lines.leave(model, before);
      if (next !== undefined) {
        this.#occupy(next);
      }
    }
    if (stage === run.profile.ns.length) {
      this.#answer(task);
      return false;
    }
    if (part === before || part < 0 || this.#lines.enter(model, part, task)) {
      this.#occupy(task);
    }
    return true;
  }

  /** A task's stage is on the device from now on, or its gap. */
  #occupy(task: Task): void {
    const { ns } = task.run.profile;
    const { stage } = task;
    task.needs = this.#needsOf(task.run)[stage]!;
    const isGap = task.needs.room === 0;
    const takesNs = ns[stage]! * task.factor;
    task.left = isGap ? this.#now + takesNs : takesNs;
    (isGap ? this.#resting : this.#running).push(task);
  }

  #needsOf(run: BatchRun): readonly StageNeeds[] {
    const needs = this.#needs.get(run) ?? needsOf(run);
    this.#needs.set(run, needs);
    return needs;
  }

  #answer({ model, requests }: Task): void {
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
        this.#catchUp();
        isNew = true;
      }
      this.#launchTask(server, isWoken);
    }
    if (isNew) {
      this.#setSpeeds();
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
    const task: Task = { model, run, requests, factor, stage: 0, needs: NOTHING, left: 0 };
    if (isWoken && wakeNs > 0) {
      task.stage = -1;
      task.left = this.#now + wakeNs;
      this.#resting.push(task);
    } else {
      this.#begin(task);
    }
  }
}
