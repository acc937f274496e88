import fc from "fast-check";
import type { Block, Dependency, Placement } from "../../src/placement/placement.js";
import { randomPlacement } from "./placements.js";
import { trainingPlacement } from "./training-placements.js";

/** How the stages of a chain lie on the devices. */
const LAYOUTS = ["straight", "reversed", "around", "down-and-up", "folded", "anywhere"] as const;

/** What the devices of a placement may hold. */
const MEMORIES = ["none", "loose", "tight", "short"] as const;

const SHAPE = fc.record({
  devices: fc.integer({ min: 1, max: 4 }),
  unused: fc.constantFrom(0, 0, 0, 1),
  stages: fc.array(
    fc.record({
      home: fc.nat(1000),
      durations: fc.tuple(time(1, 4), time(1, 4), time(1, 3)),
      latencies: fc.tuple(time(0, 3), time(0, 3)),
      memory: fc.integer({ min: 0, max: 2 }),
      workspace: fc.constantFrom(0, 0, 1),
    }),
    { minLength: 1, maxLength: 8 },
  ),
  layout: fc.constantFrom(...LAYOUTS),
  passes: fc.constantFrom("forward", "both", "both", "split"),
  isTwice: fc.constantFrom(false, false, true),
  isTurned: fc.constantFrom(true, true, true, false),
  wide: fc.option(fc.tuple(fc.nat(1000), fc.nat(1000)), { freq: 4 }),
  memory: fc.constantFrom(...MEMORIES),
  release: fc.constantFrom("start" as const, "end" as const),
  timeUnit: fc.constantFrom("ns" as const, "step" as const),
});

type Raw = typeof SHAPE extends fc.Arbitrary<infer T> ? T : never;

function time(min: number, max: number): fc.Arbitrary<number> {
  return fc.integer({ min, max });
}

/**
 * Random chains in every form that hand-written schedules meet: once over the devices, around them,
 * down and up, folded on themselves, or anywhere; one chain or two in opposite directions; forwards
 * alone, with backwards, or with weight gradients as well; latencies each way; sometimes a block on a second
 * device or a device without work; any memory, also too little.
 */
export function chainPlacement(): fc.Arbitrary<Placement> {
  return SHAPE.map((raw) => {
    const chains = raw.isTwice
      ? [chainOf(raw, "a", false), chainOf(raw, "b", true)]
      : [chainOf(raw, "", false)];
    const blocks = chains.flatMap((chain) => chain.blocks);
    const dependencies = chains.flatMap((chain, at) => {
      const first = at * (chains[0]?.blocks.length ?? 0);
      return chain.dependencies.map(({ from, to, latency }) => {
        return { from: first + from, to: first + to, latency };
      });
    });
    return {
      timeUnit: raw.timeUnit,
      devices: devicesFor(raw, blocks),
      blocks: withWide(raw, blocks),
      dependencies: dependencies.sort((a, b) => a.from - b.from || a.to - b.to),
      memoryRelease: raw.release,
    };
  });
}

/** Any placement that the searches may be given. */
export function everyPlacement(): fc.Arbitrary<Placement> {
  return fc.oneof(
    { weight: 3, arbitrary: chainPlacement() },
    { weight: 1, arbitrary: randomPlacement({ maxLatency: 4 }) },
    { weight: 1, arbitrary: trainingPlacement({ maxLatency: 3 }) },
  );
}

function homeOf({ devices, layout, stages }: Raw, stage: number): number {
  const turn = stage % (2 * devices);
  const along = stage % devices;
  switch (layout) {
    case "straight":
      return Math.min(stage, devices - 1);
    case "reversed":
      return devices - 1 - along;
    case "around":
      return along;
    case "down-and-up":
      return turn < devices ? turn : 2 * devices - 1 - turn;
    case "folded":
      return devices - 1 - (turn < devices ? turn : 2 * devices - 1 - turn);
    case "anywhere":
      return (stages[stage]?.home ?? 0) % devices;
  }
}

function chainOf(
  raw: Raw,
  name: string,
  isOpposite: boolean,
): { readonly blocks: readonly Block[]; readonly dependencies: readonly Dependency[] } {
  const count = raw.stages.length;
  const hasWeights = raw.passes === "split";
  const blocks: Block[] = [];
  const dependencies: Dependency[] = [];
  const add = (kind: Block["kind"], stage: number, share: number): number => {
    const { durations, memory, workspace } = raw.stages[stage]!;
    const home = homeOf(raw, isOpposite ? count - 1 - stage : stage);
    const at = ["forward", "backward", "weight"].indexOf(kind);
    blocks.push({
      id: `${name}${kind[0]}${stage}`,
      kind,
      devices: [home],
      duration: durations[at] ?? 1,
      memory: raw.passes === "forward" ? 0 : memory * share,
      workspace: raw.release === "start" && share < 0 ? 0 : workspace,
      operators: [],
    });
    return blocks.length - 1;
  };
  const forwards = raw.stages.map((_, stage) => add("forward", stage, hasWeights ? 2 : 1));
  forwards.slice(1).forEach((to, at) => {
    dependencies.push({ from: to - 1, to, latency: raw.stages[at]!.latencies[0] });
  });
  let last = count - 1;
  for (let stage = count - 1; stage >= 0 && raw.passes !== "forward"; stage--) {
    const backward = add("backward", stage, -1);
    if (stage < count - 1 || raw.isTurned) {
      dependencies.push({ from: last, to: backward, latency: raw.stages[stage]!.latencies[1] });
    }
    if (stage < count - 1 || !raw.isTurned) {
      dependencies.push({ from: stage, to: backward, latency: 0 });
    }
    if (hasWeights) {
      dependencies.push({ from: backward, to: add("weight", stage, -1), latency: 0 });
    }
    last = backward;
  }
  return { blocks, dependencies };
}

/** One block on a second device, where asked for: of those that hold nothing. */
function withWide({ wide, devices }: Raw, blocks: readonly Block[]): readonly Block[] {
  const free = blocks.flatMap(({ memory }, at) => (memory === 0 ? [at] : []));
  const [which = 0, other = 0] = wide ?? [];
  const chosen = free[which % Math.max(1, free.length)];
  return blocks.map((block, at) =>
    wide !== null && at === chosen
      ? {
          ...block,
          devices: [...new Set([...block.devices, other % devices])].sort((a, b) => a - b),
        }
      : block,
  );
}

/** `tight`: what a micro-batch takes at once; `short`: one less, where that is something. */
function devicesFor({ devices, unused, memory }: Raw, blocks: readonly Block[]) {
  return Array.from({ length: devices + unused }, (_, device) => {
    const own = blocks.filter((block) => block.devices.includes(device));
    const held = own.reduce((sum, block) => sum + Math.max(0, block.memory), 0);
    const most = held + Math.max(0, ...own.map(({ workspace }) => workspace));
    const limit = {
      none: undefined,
      loose: 2 * most + 1,
      tight: most,
      short: Math.max(0, most - 1),
    };
    return { name: `d${device}`, memory: limit[memory] };
  });
}
