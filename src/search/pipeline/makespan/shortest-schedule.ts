/**
 * The shortest schedule that shortening any of several leads to.
 *
 * First each is shortened until it stays as it is. Those that have become the same by then are one from
 * there on, and the others are shortened at length, until one is as short as any can be.
 */
import type { Placement } from "../../../placement/placement.js";
import type { PipelineSchedule } from "../../../schedule/pipeline-schedule.js";
import { Shortening } from "./shorten-schedule.js";

/** How much is worth doing. */
export interface ShortestOptions {
  /** Blocks placed for each schedule. */
  readonly maxNodes: number;
  readonly seed: number;
  /** Whether those that have become the same are shortened on all the same. */
  readonly isThorough: boolean;
  /** No schedule is shorter. */
  readonly floor: number;
  /** Told after each round how much work is done, and how much there may be. */
  readonly onRound?: OnRound | undefined;
}

type OnRound = (done: number, total: number) => void;

/** Rounds without a gain after which a schedule has settled. */
const SETTLED = 2;

/**
 * The shortest schedule that shortening any of `candidates` leads to; of equal ones the first. Stops at
 * the first that meets the lower bound. `undefined` without candidates.
 *
 * Requires: right schedules within the memory limits. Deterministic for equal options.
 */
export function shortestSchedule(
  placement: Placement,
  candidates: readonly PipelineSchedule[],
  options: ShortestOptions,
): PipelineSchedule | undefined {
  const all = new ShortestOfAll(placement, candidates, options);
  all.settle();
  return all.atLength();
}

/** The same in two steps, so that what is settled may be looked at before it is shortened at length. */
export class ShortestOfAll {
  readonly #runs: readonly Shortening[];
  readonly #options: ShortestOptions;

  constructor(
    placement: Placement,
    candidates: readonly PipelineSchedule[],
    options: ShortestOptions,
  ) {
    const { seed, floor } = options;
    this.#runs = candidates.map((candidate) => new Shortening(placement, candidate, seed, floor));
    this.#options = options;
  }

  /** Shortens each until it stays as it is, or does at length where that is asked for; gives the shortest. */
  settle(): PipelineSchedule | undefined {
    const { maxNodes, isThorough } = this.#options;
    for (const run of this.#runs) {
      do {
        this.#round(run);
      } while (!run.isShortest && run.nodes < maxNodes && (isThorough || run.failures < SETTLED));
      if (run.isShortest) {
        break;
      }
    }
    return this.#shortest();
  }

  /** Shortens those that have become different with all the work there is; gives the shortest. */
  atLength(): PipelineSchedule | undefined {
    const { maxNodes, isThorough } = this.#options;
    const distinct = isThorough || this.#isDone() ? [] : unlike(this.#runs);
    for (const run of distinct) {
      while (!this.#isDone() && run.nodes < maxNodes) {
        this.#round(run);
      }
    }
    return this.#shortest();
  }

  #isDone(): boolean {
    return this.#runs.some((run) => run.isShortest);
  }

  #shortest(): PipelineSchedule | undefined {
    const [best] = [...this.#runs].sort((a, b) => a.least - b.least);
    return best?.schedule();
  }

  #round(run: Shortening): void {
    run.round();
    const total = this.#options.maxNodes * this.#runs.length;
    const done = this.#runs.reduce((sum, { nodes }) => sum + nodes, 0);
    this.#options.onRound?.(Math.min(done, total), total);
  }
}

/** Each that no earlier one is like. */
function unlike(runs: readonly Shortening[]): readonly Shortening[] {
  return runs.filter((run, at) => !runs.slice(0, at).some((earlier) => earlier.isLike(run)));
}
