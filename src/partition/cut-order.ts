import type { PartitionGraph } from "./partition-graph.js";
import { type RunMeasure, runGrower } from "./run-grower.js";

/**
 * Cuts one topological order into stages, exactly: the least time of the slowest stage.
 *
 * In a fixed order a stage is a run of consecutive operators, and its time depends on its two ends
 * alone: the work between them, and the tensors written before its first operator that it reads. So
 * the best way to cut the first `j` operators into `k` stages is the best, over `i`, of the best way
 * to cut the first `i` into `k - 1` stages with the run from `i` to `j` behind it.
 *
 * Example: durations 4 1 1 4 and two stages. After the second operator both stages take 5. If the
 * tensor from the second to the third takes 3 to receive, the second stage takes 8, and the cut
 * after the first (4 and 6 plus a cheap tensor) is better: evenness alone is not the aim.
 *
 * All pairs of ends are too many for long orders. A known period bounds them: no stage may take as
 * long, so the k-th cut has at least the work that the stages behind it cannot take in front of it,
 * and at most what the k stages before it can. With a period that is a twentieth above perfect
 * balance, each cut is left with a window of a twentieth of the order. A first period comes from
 * filling stages greedily up to a target; where that fails (memory can be too tight for it),
 * targets grow from the lower bound until one can be met.
 *
 * Very long orders whose transfers are so costly that windows are wide would still take minutes. There
 * stages begin only at every 2nd, 3rd, ... position, a small fraction of a stage's length.
 *
 * A run is made longer one operator at a time. Its work, what it receives and its memory only grow,
 * so a run that has reached the known period ends the loop. On equal devices a run costs the same
 * whichever stage it is, and is grown once for all of them.
 *
 * Source: partition of a chain into intervals, as in PipeDream (SOSP 2019, section 3.1).
 * Differs: one device per stage, transfers paid by the receiver, memory, windows.
 */

/** An order cut into stages. */
export interface OrderCut {
  readonly periodNs: number;
  /** Position of the first operator of each stage but the first, ascending. */
  readonly cuts: Int32Array;
}

/** A cutter of orders; its buffers are shared by all calls. */
export interface OrderCutter {
  /**
   * The best cut of `order` into `stages` stages with a period below `limitNs`; `undefined` when
   * no cut has one.
   *
   * Cost: O(stages * w * n / stages), w the width of the windows; O(n * n) at worst.
   */
  cut(order: Int32Array, stages: number, limitNs?: number): OrderCut | undefined;
  /** The partition that a cut of `order` stands for. */
  stagesOf(order: Int32Array, cuts: Int32Array): Int32Array;
}

/** Best times by number of stages and where the last of them ends; row 0 is the start of the order. */
interface Rows {
  /** Range of ends of each stage, both included: `times[k][0]` is of `low[k]`. */
  readonly low: Int32Array;
  readonly high: Int32Array;
  /** Time of the slowest stage; `Infinity` where nothing ends below the limit. */
  readonly times: readonly Float64Array[];
  /** Start of the last stage. */
  readonly back: readonly Int32Array[];
  readonly belowNs: number;
}

/** Growth of targets where filling finds no period. */
const GROWTH: readonly number[] = [1.02, 1.1, 1.5, 3];

/** Half a second of growing runs. Every stage of up to 7,000 operators stays below it. */
const MOST_GROWTH = 50_000_000;

/**
 * A cutter for one problem. With the measure `memory` it finds the least memory of the stage that
 * needs most instead: memory limits are then not looked at, and times read as bytes.
 *
 * Requires: `order`s are topological orders of its graph.
 */
export function orderCutter(graph: PartitionGraph, measure: RunMeasure = "time"): OrderCutter {
  const { operators } = graph;
  const isTime = measure === "time";
  const speed = isTime ? graph.speed : graph.speed.map(() => 1);
  const atLeast = isTime ? graph.durationNs : graph.parameterBytes;
  const areAlike = hasEqualStages(graph, speed, isTime);
  const run = runGrower(graph, measure);
  const prefix = new Float64Array(operators + 1);
  const longest = atLeast.reduce((most, ns) => Math.max(most, ns), 0);
  const fixed = isTime ? Math.min(...graph.fixedNs) : 0;

  function load(order: Int32Array): void {
    run.load(order);
    for (let at = 0; at < operators; at++) {
      prefix[at + 1] = prefix[at]! + atLeast[order[at]!]!;
    }
  }

  /** Fills stages up to a target; `undefined` if operators are left over. */
  function fill(stages: number, targetNs: number): OrderCut | undefined {
    const cuts = new Int32Array(stages - 1);
    let periodNs = 0;
    let at = 0;
    for (let stage = 0; stage < stages; stage++) {
      run.start(at, stage);
      const first = at;
      const last = operators - (stages - 1 - stage);
      let time = 0;
      while (at < last) {
        const longer = run.grow(at);
        if (longer > targetNs) {
          break;
        }
        time = longer;
        at++;
      }
      if (at === first) {
        return undefined;
      }
      periodNs = Math.max(periodNs, time);
      if (stage < stages - 1) {
        cuts[stage] = at;
      }
    }
    return at === operators ? { periodNs, cuts } : undefined;
  }

  /** The best filling met in a bisection for the least target that can be filled to. */
  function fillBest(stages: number, lowNs: number, limitNs: number): OrderCut | undefined {
    let best: OrderCut | undefined;
    let low = lowNs;
    let high = Math.min(limitNs, 2 * lowNs + 4 * longest + 1);
    for (let step = 0; step < 12 && low < high; step++) {
      const target = (low + high) / 2;
      const filled = fill(stages, target);
      if (filled === undefined) {
        low = target;
        continue;
      }
      high = filled.periodNs;
      best = filled.periodNs < (best?.periodNs ?? limitNs) ? filled : best;
    }
    return best;
  }

  /** Makes a run from `i` longer, as one of `stages`, and notes where it is the best last stage so far. */
  function extend(i: number, stages: readonly number[], rows: Rows): void {
    const { low, high, times, back } = rows;
    const last = high[stages.at(-1)! + 1]!;
    run.start(i, stages[0]!);
    for (let at = i; at < last; at++) {
      const time = run.grow(at);
      if (time >= rows.belowNs) {
        return;
      }
      const end = at + 1;
      for (const stage of stages) {
        const next = stage + 1;
        if (end < low[next]! || end > high[next]!) {
          continue;
        }
        const until = times[stage]![i - low[stage]!]!;
        const place = end - low[next]!;
        const row = times[next] as Float64Array;
        const slowest = Math.max(until, time);
        if (slowest < row[place]!) {
          row[place] = slowest;
          (back[next] as Int32Array)[place] = i;
        }
      }
    }
  }

  function solve(stages: number, belowNs: number): OrderCut | undefined {
    const rows = emptyRows(prefix, speed.subarray(0, stages), belowNs);
    if (rows === undefined) {
      return undefined;
    }
    const stride = strideOf(rows, areAlike, prefix[operators]!);
    for (let i = 0; i < operators; i += stride) {
      const open = openStages(rows, i);
      if (areAlike && open.length > 0) {
        extend(i, open, rows);
      } else {
        for (const stage of open) {
          extend(i, [stage], rows);
        }
      }
    }
    const periodNs = rows.times[stages]![0]!;
    return periodNs < belowNs ? { periodNs, cuts: traceBack(rows, operators) } : undefined;
  }

  return {
    cut(order, stages, limitNs = Number.POSITIVE_INFINITY): OrderCut | undefined {
      load(order);
      const capacity = speed.subarray(0, stages).reduce((sum, each) => sum + each, 0);
      const lowNs = prefix[operators]! / capacity + fixed;
      const filled = fillBest(stages, lowNs, limitNs);
      if (filled !== undefined) {
        return solve(stages, filled.periodNs) ?? filled;
      }
      for (const growth of GROWTH) {
        const target = growth * (lowNs + longest);
        const found = target < limitNs ? solve(stages, target) : undefined;
        if (found !== undefined) {
          return found;
        }
      }
      return solve(stages, limitNs);
    },
    stagesOf(order, cuts): Int32Array {
      const stageOf = new Int32Array(operators);
      let stage = 0;
      for (let at = 0; at < operators; at++) {
        while (at === cuts[stage]) {
          stage++;
        }
        stageOf[order[at]!] = stage;
      }
      return stageOf;
    },
  };
}

/**
 * Every how many positions a stage may begin, so that runs grow at most `MOST_GROWTH` times: 1
 * wherever the orders are short or the windows narrow.
 */
function strideOf({ low, high, belowNs }: Rows, areAlike: boolean, totalNs: number): number {
  const operators = low.at(-1)!;
  const inWindows = low.reduce((sum, first, k) => sum + high[k]! - first + 1, 0);
  const starts = areAlike ? Math.min(operators, inWindows) : inWindows;
  const length = Math.min(operators, (operators * belowNs) / Math.max(1, totalNs));
  return Math.max(1, Math.ceil((starts * length) / MOST_GROWTH));
}

/** Returns whether a run costs the same in every stage. */
function hasEqualStages(graph: PartitionGraph, speed: Float64Array, isTime: boolean): boolean {
  const isConstant = (values: Float64Array): boolean => values.every((each) => each === values[0]);
  return (
    isConstant(speed) &&
    isConstant(graph.inFlight) &&
    (!isTime || (isConstant(graph.memoryLimit) && isConstant(graph.fixedNs)))
  );
}

/** Rows with nothing in them but the start; `undefined` when some stage can end nowhere. */
function emptyRows(prefix: Float64Array, speed: Float64Array, belowNs: number): Rows | undefined {
  const operators = prefix.length - 1;
  const stages = speed.length;
  const total = prefix[operators]!;
  const low = new Int32Array(stages + 1);
  const high = new Int32Array(stages + 1);
  low[stages] = operators;
  high[stages] = operators;
  let rest = speed.reduce((sum, each) => sum + each, 0);
  let done = 0;
  for (let cut = 1; cut < stages; cut++) {
    done += speed[cut - 1]!;
    rest -= speed[cut - 1]!;
    // Rounding of the capacities must not close a window on the very cut that is wanted.
    const slack = total * 1e-12;
    const least = belowNs === Number.POSITIVE_INFINITY ? 0 : total - rest * belowNs - slack;
    const most = done * belowNs + slack;
    low[cut] = Math.max(cut, firstAtLeast(prefix, least));
    high[cut] = Math.min(operators - (stages - cut), firstAtLeast(prefix, most));
    if (low[cut]! > high[cut]!) {
      return undefined;
    }
  }
  const times = Array.from(low, (first, k) =>
    new Float64Array(high[k]! - first + 1).fill(Number.POSITIVE_INFINITY),
  );
  (times[0] as Float64Array)[0] = 0;
  return { low, high, times, back: times.map(({ length }) => new Int32Array(length)), belowNs };
}

/** First position whose prefix is at least `value`; the last one if there is none. */
function firstAtLeast(prefix: Float64Array, value: number): number {
  let low = 0;
  let high = prefix.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (prefix[middle]! >= value) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

/** Stages that can begin at a position: those before it end there, below the limit. */
function openStages({ low, high, times, belowNs }: Rows, at: number): number[] {
  const open: number[] = [];
  for (let stage = 0; stage < times.length - 1; stage++) {
    const isInside = at >= low[stage]! && at <= high[stage]!;
    if (isInside && times[stage]![at - low[stage]!]! < belowNs) {
      open.push(stage);
    }
  }
  return open;
}

function traceBack({ low, back }: Rows, end: number): Int32Array {
  const stages = back.length - 1;
  const cuts = new Int32Array(stages - 1);
  let at = end;
  for (let stage = stages; stage > 1; stage--) {
    at = back[stage]![at - low[stage]!]!;
    cuts[stage - 2] = at;
  }
  return cuts;
}
