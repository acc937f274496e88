/**
 * How long windows take of which some tasks are left out: a launch without requests is skipped, and of a task that
 * was skipped no later part runs.
 *
 * What is left keeps its streams and its order; within a part everything waits for what it reads, as in the
 * window's own schedule. Each combination is simulated once, in full.
 */
import { GpuEngine } from "../gpu-engine.js";
import type { GpuProblem } from "../gpu-problem.js";
import { gpuArcsOf } from "../gpu-streams.js";
import type { OperatorSchedule } from "../operator-schedule.js";
import type { MergedWindow } from "./merged-window.js";
import { type WindowPart, windowPartsOf, windowProblemOf } from "./window-graph.js";

/** What a window does to the device when some of its parts run. */
export interface WindowTimeline {
  /** Integer nanoseconds, as all times here. */
  readonly makespanNs: number;
  /** By part of the whole window: when it is over; -1: it does not run. */
  readonly endNs: Float64Array;
  /** Ends of kernel phases: the unit of the simulator's throughput. */
  readonly events: number;
  /** Work: use of each resource times nanoseconds. */
  readonly doneNs: {
    readonly share: number;
    readonly arithmetic: number;
    readonly bandwidth: number;
  };
}

/** The place of an operator in the whole window. */
interface Place {
  readonly stream: number;
  readonly position: number;
}

/** The timelines of one window, each simulated when it is asked for. */
export class WindowTimelines {
  readonly parts: readonly WindowPart[];
  readonly #problems: readonly GpuProblem[];
  readonly #streams: number;
  /** By part and operator of the part: its launch. */
  readonly #places: readonly (readonly Place[])[];
  readonly #known = new Map<string, WindowTimeline>();

  /** `problems` by task of the window. Cost: O(V + E). */
  constructor({ tasks, schedule }: MergedWindow, problems: readonly GpuProblem[]) {
    this.parts = windowPartsOf(tasks);
    this.#problems = problems;
    this.#streams = schedule.streams;
    this.#places = placesOf(this.parts, this.#problem(this.parts).joint, schedule);
  }

  /** Of the parts for which `isThere` is 1; at least one. Cost: a simulation for what is new. */
  of(isThere: Uint8Array): WindowTimeline {
    const key = isThere.join("");
    const known = this.#known.get(key) ?? this.#simulate(isThere);
    this.#known.set(key, known);
    return known;
  }

  /**
   * What a task takes if windows, which begin `periodNs` apart or when the one before is over, have nothing else.
   * Cost: a simulation of each part that is new.
   */
  aloneNs(task: number, periodNs: number): number {
    const own = this.parts.flatMap((part, at) => (part.task === task ? [at] : []));
    return own.reduce((begun, part, shift) => {
      const { makespanNs, endNs } = this.of(
        Uint8Array.from(this.parts, (_, at) => (at === part ? 1 : 0)),
      );
      return begun + (shift === own.length - 1 ? endNs[part]! : Math.max(makespanNs, periodNs));
    }, 0);
  }

  #problem(parts: readonly WindowPart[]): ReturnType<typeof windowProblemOf> {
    return windowProblemOf(parts, (task) => this.#problems[task] as GpuProblem);
  }

  #simulate(isThere: Uint8Array): WindowTimeline {
    const numbers = this.parts.flatMap((_, part) => (isThere[part] === 1 ? [part] : []));
    const { joint, problem } = this.#problem(numbers.map((part) => this.parts[part] as WindowPart));
    const { work, graph } = problem;
    const places = Array.from(joint.task, (part, id) => {
      const place = this.#places[numbers[part]!]?.[joint.origin[id]!];
      return place as Place;
    });
    const order = Int32Array.from(places.keys());
    order.sort((a, b) => places[a]!.position - places[b]!.position);
    const engine = new GpuEngine(work, {
      predecessors: gpuArcsOf(graph.operators.map(({ predecessors }) => predecessors)),
      successors: gpuArcsOf(graph.operators.map(({ successors }) => successors)),
    });
    const streamOf = Int32Array.from(places, ({ stream }) => stream);
    const makespanNs = Math.round(engine.run({ order, streamOf, streams: this.#streams }));
    const endNs = new Float64Array(this.parts.length).fill(-1);
    for (const [id, part] of joint.task.entries()) {
      const number = numbers[part]!;
      endNs[number] = Math.max(endNs[number]!, Math.round(engine.endNs[id]!));
    }
    const sum = (use: Float64Array): number =>
      use.reduce((total, each, phase) => total + each * work.phaseNs[phase]!, 0);
    return {
      makespanNs,
      endNs,
      events: engine.events,
      doneNs: {
        share: sum(work.share),
        arithmetic: sum(work.arithmetic),
        bandwidth: sum(work.bandwidth),
      },
    };
  }
}

function placesOf(
  parts: readonly WindowPart[],
  joint: ReturnType<typeof windowProblemOf>["joint"],
  { launches }: OperatorSchedule,
): readonly (readonly Place[])[] {
  const places: Place[][] = parts.map(() => []);
  for (const [position, { operator, stream }] of launches.entries()) {
    const own = places[joint.task[operator]!] as Place[];
    own[joint.origin[operator]!] = { stream, position };
  }
  return places;
}
