/**
 * Tessel as published: one instance of every block per repetend, warm-up and cool-down around it.
 *
 * Problem: choose which micro-batch each block of the repetend belongs to, and order the repetend so
 * that it repeats after the fewest steps within memory.
 *
 * Idea: put the blocks of one micro-batch in a line. k - 1 cuts give the first segment micro-batch
 * k - 1, the next k - 2, down to 0. For each choice of cuts the repetend is solved for its least
 * period: every device's window and every dependency into a later repetition must fit in it. What
 * comes before the repetend is the warm-up, what comes after it the cool-down; both are solved for
 * their least makespan, with a barrier between the parts. It stops when the period is the load of
 * the least loaded device, "no bubbles". k grows from 1 to what the memory limit divided by what a
 * micro-batch keeps allows.
 *
 * Example, two devices in a V, F = B = 1, memory 2: cut after the first block (F0 of micro-batch 1
 * with F1, B1 and B0 of micro-batch 0) already repeats every 2 steps.
 *
 * Limits, which are the point of the comparison: one instance of a block per repetend, one line
 * through a placement with branches, the cap on k, the barriers.
 *
 * Source: Lin et al., Tessel: Boosting Distributed Execution of Large DNN Models via Flexible
 * Schedule Search, HPCA 2024. Differs: own branch and bound in place of z3; dependencies over two
 * and more repetitions are held too; a barrier waits out the longest latency.
 */
import type { Placement } from "../../../placement/placement.js";
import { deviceLoads } from "../../../schedule/pipeline-metrics.js";
import type { PeriodicSchedule, PipelineSchedule } from "../../../schedule/pipeline-schedule.js";
import { type Arc, solveDisjunctive } from "./disjunctive.js";
import { composeTessel, partsAround, type Repetend, type TesselParts } from "./tessel-compose.js";
import { chainOrder, itemsOf, solvePart } from "./tessel-part.js";

/** What limits the search. */
export interface TesselOptions {
  /** Only this many micro-batches in the repetend; absent: 1, 2, ... as memory allows. */
  readonly inRepetend?: number;
  /** Nodes of all searches together; choices of cuts that come after it are not tried. */
  readonly maxNodes: number;
  /** Nodes of each step toward the shortest warm-up or cool-down. */
  readonly maxPartNodes: number;
}

/** The best repetend, and the whole schedule around it. */
export interface TesselResult {
  readonly periodic: PeriodicSchedule;
  readonly whole: PipelineSchedule;
  /** Choices of cuts that were tried. */
  readonly candidates: number;
  readonly nodes: number;
  readonly isCutShort: boolean;
}

/**
 * The schedule for `microBatches` micro-batches; `undefined` when no candidate fits in memory.
 *
 * Cost: one exact search per choice of cuts, C(blocks - 1, k - 1) of them.
 */
export function tesselSchedule(
  placement: Placement,
  microBatches: number,
  options: TesselOptions,
): TesselResult | undefined {
  const most = Math.min(microBatches, options.inRepetend ?? mostInRepetend(placement));
  const least = options.inRepetend === undefined ? 1 : most;
  const noBubbles = Math.min(...deviceLoads(placement));
  let [nodes, candidates, isCutShort] = [0, 0, false];
  let best: TesselParts | undefined;
  for (const mids of candidatesOf(chainOrder(placement), least, most)) {
    if (nodes >= options.maxNodes) {
      isCutShort = true;
      break;
    }
    const below = best?.repetend.period ?? Number.POSITIVE_INFINITY;
    const answer = solveRepetend(placement, mids, below, options.maxNodes - nodes);
    const ramps = answer.repetend && solveParts(placement, answer.repetend, options.maxPartNodes);
    candidates++;
    nodes += answer.nodes + 1 + (ramps?.nodes ?? 0);
    isCutShort ||= answer.isCutShort || ramps?.isCutShort === true;
    best = ramps?.parts ?? best;
    if (best !== undefined && best.repetend.period <= noBubbles) {
      break;
    }
  }
  const whole = best && composeTessel(placement, best, microBatches);
  return whole && { ...whole, candidates, nodes, isCutShort };
}

/** Micro-batches that memory holds by what one keeps, or one per block without a limit. */
function mostInRepetend({ devices, blocks }: Placement): number {
  const each = devices.map(({ memory }, device) => {
    const kept = blocks
      .filter((block) => block.devices.includes(device))
      .reduce((sum, block) => sum + Math.max(0, block.memory), 0);
    return memory === undefined || kept === 0 ? blocks.length : Math.ceil(memory / kept);
  });
  return Math.max(1, Math.min(blocks.length, ...each));
}

/** The micro-batch of each block for every choice of `least` - 1 to `most` - 1 cuts. */
function* candidatesOf(
  order: readonly number[],
  least: number,
  most: number,
): Generator<readonly number[]> {
  for (let k = least; k <= Math.min(most, order.length); k++) {
    yield* candidatesWith(order, k);
  }
}

/** Those with k - 1 cuts, in lexicographic order. */
function* candidatesWith(order: readonly number[], k: number): Generator<readonly number[]> {
  const cuts = Array.from({ length: k - 1 }, (_, at) => at + 1);
  for (;;) {
    const mids = order.map(() => 0);
    order.forEach((block, at) => {
      mids[block] = cuts.filter((cut) => cut > at).length;
    });
    yield mids;
    let last = cuts.length - 1;
    while (last >= 0 && cuts[last] === order.length - cuts.length + last) {
      last--;
    }
    if (last < 0) {
      return;
    }
    const next = (cuts[last] ?? 0) + 1;
    for (let at = last; at < cuts.length; at++) {
      cuts[at] = next + at - last;
    }
  }
}

/** The least period below `below` of a choice of micro-batches. */
function solveRepetend(
  placement: Placement,
  mids: readonly number[],
  below: number,
  maxNodes: number,
): { readonly repetend?: Repetend; readonly nodes: number; readonly isCutShort: boolean } {
  const { blocks, dependencies, devices } = placement;
  const items = itemsOf(placement);
  const lines = devices.map(({ memory }, device) => {
    const own = blocks.flatMap((block, at) => (block.devices.includes(device) ? [at] : []));
    const base = own.reduce((sum, at) => sum + (mids[at] ?? 0) * (blocks[at]?.memory ?? 0), 0);
    return { items: own, base, limit: memory };
  });
  const arcsOf = (period: number): readonly Arc[] => [
    ...dependencies.map(({ from, to, latency }) => {
      const lag = (mids[from] ?? 0) - (mids[to] ?? 0);
      return { from, to, weight: (blocks[from]?.duration ?? 0) + latency - lag * period };
    }),
    ...lines.flatMap(({ items: own }) =>
      own.flatMap((from) =>
        own
          .filter((to) => to !== from)
          .map((to) => ({ from, to, weight: (blocks[from]?.duration ?? 0) - period })),
      ),
    ),
  ];
  let [nodes, isCutShort] = [0, false];
  const decide = (period: number): readonly number[] | undefined => {
    const answer = solveDisjunctive({ items, arcs: arcsOf(period), lines }, maxNodes);
    nodes += answer.nodes;
    isCutShort ||= answer.isCutShort;
    return answer.starts;
  };
  let least = Math.max(...deviceLoads(placement));
  const path = dependencies.reduce((sum, { latency }) => sum + latency, 0);
  let most = Math.min(below - 1, path + items.reduce((sum, { duration }) => sum + duration, 0));
  let starts = least <= most ? decide(least) : undefined;
  if (starts !== undefined) {
    most = least;
  } else if (least < most) {
    starts = decide(most);
    least++;
    while (starts !== undefined && least < most) {
      const middle = Math.floor((least + most) / 2);
      const found = decide(middle);
      [least, most, starts] = found ? [least, middle, found] : [middle + 1, most, starts];
    }
  }
  return starts === undefined
    ? { nodes, isCutShort }
    : { repetend: { period: most, starts, mids }, nodes, isCutShort };
}

interface PartsAnswer {
  /** Absent when the warm-up or the cool-down was not found. */
  readonly parts: TesselParts | undefined;
  readonly nodes: number;
  readonly isCutShort: boolean;
}

/** Warm-up and cool-down around one repetend. */
function solveParts(placement: Placement, repetend: Repetend, maxNodes: number): PartsAnswer {
  const { before, behind, held } = partsAround(placement, repetend.mids);
  const none = placement.devices.map(() => 0);
  const first = solvePart(placement, before, none, { maxNodes });
  const last = solvePart(placement, behind, held, { maxNodes });
  const parts: TesselParts | undefined = first.starts &&
    last.starts && {
      repetend,
      warmup: { items: before, starts: first.starts },
      cooldown: { items: behind, starts: last.starts },
    };
  return {
    parts,
    nodes: first.nodes + last.nodes,
    isCutShort: first.isCutShort || last.isCutShort,
  };
}
