/** What a window takes when some of its parts are left out, worked out by itself for `replayWindows`. */
import { type OperatorId, operatorId } from "../ir/operator-graph.js";
import { subgraphOf } from "../ir/subgraph.js";
import { gpuProblemOf } from "../schedule/gpu-problem.js";
import type { Launch } from "../schedule/operator-schedule.js";
import type { WindowTask } from "../schedule/serving/merged-window.js";
import type { LauncherWindow } from "../schedule/serving/serving-model.js";
import {
  type WindowProblem,
  windowPartsOf,
  windowProblemOf,
} from "../schedule/serving/window-graph.js";
import { simulateGpu } from "../schedule/simulate-gpu.js";

/** How long some parts take together, and when each of them is over, in their order; integer nanoseconds. */
export interface PartTimes {
  readonly takesNs: number;
  readonly endsNs: readonly number[];
}

/** A part of a window: its task, and its position in it. */
export type PartOfTask = readonly [task: number, part: number];

/** The times of one window, each simulated when it is asked for. */
export class WindowTimes {
  /** Ends of kernel phases so far. */
  events = 0;
  readonly tasks: readonly WindowTask[];
  readonly #whole: WindowProblem;
  readonly #launches: readonly Launch[];
  readonly #streams: number;
  readonly #known = new Map<string, PartTimes>();

  /** Cost: O(V + E). */
  constructor({ window, problems }: LauncherWindow) {
    this.tasks = window.tasks;
    this.#launches = window.schedule.launches;
    this.#streams = window.schedule.streams;
    this.#whole = windowProblemOf(windowPartsOf(window.tasks), (task) => problems[task]!);
  }

  /** Of these parts: at least one, each once. Cost: a simulation for what is new. */
  of(parts: readonly PartOfTask[]): PartTimes {
    const key = parts.join(" ");
    const known = this.#known.get(key) ?? this.#simulated(parts);
    this.#known.set(key, known);
    return known;
  }

  /** The launches of these parts alone: on their streams, in their order, each waiting for what it reads. */
  #simulated(parts: readonly PartOfTask[]): PartTimes {
    const { problem, joint, parts: all } = this.#whole;
    const placeOf = all.map(({ task, shift }) =>
      parts.findIndex(([own, part]) => own === task && part === shift),
    );
    const isKept = (id: OperatorId): boolean => placeOf[joint.task[id]!]! >= 0;
    const kept = problem.graph.operators.map(({ id }) => id).filter(isKept);
    const number = new Map(kept.map((id, at) => [id, operatorId(at)]));
    const streamOf = new Map(this.#launches.map(({ operator, stream }) => [operator, stream]));
    const launches = this.#launches
      .filter(({ operator }) => isKept(operator))
      .map((launch): Launch => {
        const reads = problem.graph.operators[launch.operator]!.predecessors;
        const waits = reads
          .filter((id) => streamOf.get(id) !== launch.stream)
          .map((id) => number.get(id)!);
        return { ...launch, operator: number.get(launch.operator)!, waits };
      });
    const { device, costs, work } = problem;
    const kernels = kept.map((id) => problem.kernels[id]!);
    const graph = subgraphOf(problem.graph, kept);
    const left = gpuProblemOf(graph, kernels, device, costs.source, work.interference);
    const schedule = { algorithm: "", streams: this.#streams, launches };
    const { makespanNs, operatorEndNs, events } = simulateGpu(left.work, schedule);
    this.events += events;
    const endsNs = parts.map(() => 0);
    for (const [at, id] of kept.entries()) {
      const place = placeOf[joint.task[id]!]!;
      endsNs[place] = Math.max(endsNs[place]!, operatorEndNs[at]!);
    }
    return { takesNs: makespanNs, endsNs };
  }
}
