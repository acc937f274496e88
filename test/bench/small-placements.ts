/**
 * Small random placements of many kinds for comparisons with exact methods: 2 to 8 blocks and up to 36 block
 * instances, so that a solver can settle both the period and the whole schedule.
 */
import { type Random, seededRandom } from "../../dist/core/random.js";

/** What a placement looks like. */
export const KINDS = ["chain", "split", "v", "two-ways", "graph", "shared", "signs"] as const;

/** One of them. */
export type SmallKind = (typeof KINDS)[number];

interface SmallBlock {
  readonly id: string;
  readonly kind: "forward" | "backward" | "weight" | "other";
  readonly devices: readonly string[];
  readonly duration: number;
  readonly memory: number;
  readonly workspace: number;
}

interface SmallGraph {
  readonly devices: number;
  readonly blocks: SmallBlock[];
  readonly dependencies: {
    readonly from: string;
    readonly to: string;
    readonly latency: number;
  }[];
}

/** A placement file, its kind, and micro-batches of a whole schedule of it. */
export interface SmallCase {
  readonly kind: SmallKind;
  readonly microBatches: number;
  readonly placement: unknown;
}

const MOST_INSTANCES = 36;

/** The case of a seed: the same on every machine. */
export function smallCase(seed: number): SmallCase {
  const random = seededRandom(seed);
  const kind = KINDS[random.integer(KINDS.length)]!;
  const graph: SmallGraph = { devices: 1 + random.integer(4), blocks: [], dependencies: [] };
  DRAWN[kind](graph, random);
  const { blocks, dependencies } = graph;
  const isLimited = random.next() < 0.85;
  const devices = Array.from({ length: graph.devices }, (_, d) => {
    const name = `d${d}`;
    const own = blocks.filter((block) => block.devices.includes(name));
    const alone = Math.max(
      0,
      ...own.map(({ memory, workspace }) => Math.max(0, memory) + workspace),
    );
    const together = own.reduce((sum, { memory }) => sum + Math.max(0, memory), 0);
    const most = Math.max(alone, together) * 2;
    const memory = alone + random.integer(most - alone + 1);
    return isLimited && random.next() < 0.9 ? { name, memory } : { name };
  });
  const memoryRelease = random.next() < 0.5 ? "start" : "end";
  const most = Math.max(1, Math.min(8, Math.floor(MOST_INSTANCES / blocks.length)));
  return {
    kind,
    microBatches: 1 + random.integer(most),
    placement: {
      format: "top-compile/placement",
      version: 1,
      timeUnit: "step",
      memoryRelease,
      devices,
      blocks,
      dependencies,
    },
  };
}

type Draw = (graph: SmallGraph, random: Random) => void;

const DRAWN: Readonly<Record<SmallKind, Draw>> = {
  chain: (graph, random) =>
    trainingChain(graph, random, "", homes(graph, random, 1 + random.integer(4)), false),
  split: (graph, random) =>
    trainingChain(graph, random, "", homes(graph, random, 1 + random.integer(2)), true),
  v: (graph, random) => {
    const there = Array.from({ length: Math.min(2, graph.devices) }, (_, d) => d);
    trainingChain(graph, random, "", [...there, ...there.toReversed()], false);
  },
  "two-ways": (graph, random) => {
    const there = Array.from({ length: Math.min(2, graph.devices) }, (_, d) => d);
    trainingChain(graph, random, "c0", there, false);
    trainingChain(graph, random, "c1", there.toReversed(), false);
  },
  graph: (graph, random) => anyGraph(graph, random, { shared: 0, signs: false }),
  shared: (graph, random) => anyGraph(graph, random, { shared: 0.4, signs: false }),
  signs: (graph, random) => anyGraph(graph, random, { shared: 0.1, signs: true }),
};

function homes({ devices }: SmallGraph, random: Random, stages: number): readonly number[] {
  return Array.from({ length: stages }, (_, s) => (s < devices ? s : random.integer(devices)));
}

/** Forwards along `stages`, backwards the other way, weight gradients behind them where `isSplit`. */
function trainingChain(
  { blocks, dependencies }: SmallGraph,
  random: Random,
  prefix: string,
  stages: readonly number[],
  isSplit: boolean,
): void {
  const memory = 1 + random.integer(2);
  let last: string | undefined;
  const block = (
    name: string,
    kind: SmallBlock["kind"],
    device: number,
    change: number,
    after: string | undefined,
  ): string => {
    const id = prefix + name;
    const workspace = random.next() < 0.25 ? 1 + random.integer(3) : 0;
    const duration = 1 + random.integer(3);
    blocks.push({ id, kind, devices: [`d${device}`], duration, memory: change, workspace });
    if (after !== undefined) {
      dependencies.push({ from: after, to: id, latency: latency(random) });
    }
    return id;
  };
  for (const [s, device] of stages.entries()) {
    last = block(`f${s}`, "forward", device, memory, last);
  }
  for (const [s, device] of [...stages.entries()].toReversed()) {
    last = block(`b${s}`, "backward", device, isSplit ? 0 : -memory, last);
    if (isSplit) {
      block(`w${s}`, "weight", device, -memory, last);
    }
  }
}

function latency(random: Random): number {
  return random.next() < 0.25 ? 1 + random.integer(4) : 0;
}

/** Any graph; what is taken is given back by a later block, with `signs` also by one that nothing ties to it. */
function anyGraph(
  { devices, blocks, dependencies }: SmallGraph,
  random: Random,
  { shared, signs }: { readonly shared: number; readonly signs: boolean },
): void {
  const size = 2 + random.integer(7);
  const home = Array.from({ length: size }, () => {
    const first = random.integer(devices);
    const second = random.next() < shared ? random.integer(devices) : first;
    return [...new Set([first, second])].toSorted().map((d) => `d${d}`);
  });
  const memory = new Array<number>(size).fill(0);
  for (let at = 0; at + 1 < size; at++) {
    const to = at + 1 + random.integer(size - at - 1);
    if (random.next() < 0.4 && memory[at] === 0 && memory[to] === 0) {
      const amount = (signs && random.next() < 0.4 ? -1 : 1) * (1 + random.integer(2));
      memory[at] = amount;
      memory[to] = -amount;
      home[to] = home[at]!;
      if (!signs || random.next() < 0.5) {
        dependencies.push({ from: `n${at}`, to: `n${to}`, latency: latency(random) });
      }
    }
  }
  const known = new Set(dependencies.map(({ from, to }) => `${from} ${to}`));
  for (let at = 0; at < size; at++) {
    const workspace = random.next() < 0.2 ? 1 + random.integer(3) : 0;
    const duration = 1 + random.integer(4);
    const [id, own] = [`n${at}`, memory[at]!];
    blocks.push({ id, kind: "other", devices: home[at]!, duration, memory: own, workspace });
    for (let tries = at === 0 ? 0 : random.integer(3); tries > 0; tries--) {
      const from = `n${random.integer(at)}`;
      if (!known.has(`${from} ${id}`)) {
        known.add(`${from} ${id}`);
        dependencies.push({ from, to: id, latency: latency(random) });
      }
    }
  }
}
