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
import type {
  BlockInstance,
  PeriodicSchedule,
  Phase,
  PipelineSchedule,
} from "../../../schedule/pipeline-schedule.js";
import { type Arc, solveDisjunctive } from "./disjunctive.js";
import type { OrderItem } from "./run-orders.js";
import { chainOrder, itemsOf, solvePart } from "./tessel-part.js";

/** What limits the search. */
export interface TesselOptions {
  /** Only this many micro-batches in the repetend; absent: 1, 2, ... as memory allows. */
  readonly inRepetend?: number;
  /** Nodes of all searches together; choices of cuts that come after it are not tried. */
  readonly maxNodes: number;
  /** Nodes of each step towards the shortest warm-up or cool-down. */
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

interface Repetend {
  readonly period: number;
  readonly starts: readonly number[];
  /** Micro-batch of each block. */
  readonly mids: readonly number[];
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
  const noBubbles = Math.min(...deviceLoads(placement));
  let [nodes, candidates, isCutShort] = [0, 0, false];
  let best: { readonly repetend: Repetend; readonly parts: Parts } | undefined;
  for (let k = options.inRepetend === undefined ? 1 : most; k <= most; k++) {
    for (const mids of candidatesOf(chainOrder(placement), k)) {
      if (nodes >= options.maxNodes) {
        isCutShort = true;
        break;
      }
      const below = best?.repetend.period ?? Number.POSITIVE_INFINITY;
      const answer = solveRepetend(placement, mids, below, options.maxNodes - nodes);
      candidates++;
      nodes += answer.nodes + 1;
      isCutShort ||= answer.isCutShort;
      const { repetend } = answer;
      const parts = repetend && solveParts(placement, repetend, k, options.maxPartNodes);
      nodes += parts?.nodes ?? 0;
      isCutShort ||= parts?.isCutShort ?? false;
      if (repetend !== undefined && parts?.warmup && parts.cooldown) {
        best = { repetend, parts };
        if (repetend.period <= noBubbles) {
          break;
        }
      }
    }
    if (best !== undefined && best.repetend.period <= noBubbles) {
      break;
    }
  }
  return best && { ...compose(placement, best, microBatches), candidates, nodes, isCutShort };
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

/** The micro-batch of each block for every choice of k - 1 cuts, in lexicographic order. */
function* candidatesOf(order: readonly number[], k: number): Generator<readonly number[]> {
  const cuts = Array.from({ length: k - 1 }, (_, at) => at + 1);
  while (k <= order.length) {
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

interface Part {
  readonly items: readonly OrderItem[];
  readonly starts: readonly number[];
}

interface Parts {
  readonly warmup: Part | undefined;
  readonly cooldown: Part | undefined;
  readonly nodes: number;
  readonly isCutShort: boolean;
}

/** Warm-up and cool-down around one repetend of k micro-batches. */
function solveParts(placement: Placement, { mids }: Repetend, k: number, maxNodes: number): Parts {
  const all = mids.flatMap((mid, block) =>
    Array.from({ length: k }, (_, microBatch) => ({ block, microBatch, mid })),
  );
  const before = all.filter(({ microBatch, mid }) => microBatch < mid);
  const behind = all.filter(({ microBatch, mid }) => microBatch > mid);
  const none = placement.devices.map(() => 0);
  const held = placement.devices.map((_, device) =>
    all
      .filter(({ microBatch, mid, block }) => {
        return microBatch <= mid && placement.blocks[block]?.devices.includes(device);
      })
      .reduce((sum, { block }) => sum + (placement.blocks[block]?.memory ?? 0), 0),
  );
  const first = solvePart(placement, before, none, maxNodes);
  const last = solvePart(placement, behind, held, maxNodes);
  return {
    warmup: first.starts && { items: before, starts: first.starts },
    cooldown: last.starts && { items: behind, starts: last.starts },
    nodes: first.nodes + last.nodes,
    isCutShort: first.isCutShort || last.isCutShort,
  };
}

/** Warm-up, as many repetends as there are micro-batches for, cool-down; barriers between them. */
function compose(
  placement: Placement,
  found: { readonly repetend: Repetend; readonly parts: Parts },
  microBatches: number,
): { readonly periodic: PeriodicSchedule; readonly whole: PipelineSchedule } {
  const { period, starts, mids } = found.repetend;
  const deepest = Math.max(...mids);
  const repeats = microBatches - deepest;
  const slowest = placement.dependencies.reduce((most, { latency }) => Math.max(most, latency), 0);
  const instances: BlockInstance[] = [];
  let end = 0;
  const add = (items: readonly OrderItem[], times: readonly number[], phase: Phase): void => {
    const from = instances.length === 0 || items.length === 0 ? end : end + slowest;
    items.forEach(({ block, microBatch }, at) => {
      const start = from + (times[at] ?? 0);
      const stop = start + (placement.blocks[block]?.duration ?? 0);
      instances.push({ block, microBatch, start, end: stop, phase });
      end = Math.max(end, stop);
    });
  };
  const { warmup, cooldown } = found.parts;
  add(warmup?.items ?? [], warmup?.starts ?? [], "warmup");
  const turns = Array.from({ length: repeats }, (_, turn) => turn);
  add(
    turns.flatMap((turn) => mids.map((mid, block) => ({ block, microBatch: mid + turn }))),
    turns.flatMap((turn) => starts.map((start) => start + turn * period)),
    "repetend",
  );
  const later = cooldown?.items.map(({ block, microBatch }) => ({
    block,
    microBatch: microBatch + repeats - 1,
  }));
  add(later ?? [], cooldown?.starts ?? [], "cooldown");
  instances.sort((a, b) => a.start - b.start || a.block - b.block || a.microBatch - b.microBatch);
  const repetend = starts.map((start, block) => {
    const time = start + (deepest - (mids[block] ?? 0)) * period;
    return { block, residue: 0, offset: time % period, shift: Math.floor(time / period) };
  });
  return {
    periodic: { period, microBatchesPerPeriod: 1, repetend },
    whole: { microBatches, instances, makespan: end },
  };
}
