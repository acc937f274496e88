/**
 * Random placements and what the period search finds for them, one JSON object a line, for
 * cp-sat-agreement.py.
 *
 *     node test/bench/start.mjs cp-sat-placements [first seed] [count] [max nodes] [unit]
 *
 * With a unit above 1, durations and latencies are about so many times as long, and uneven.
 */
import { type Random, seededRandom } from "../../dist/core/random.js";
import { placementJson, readPlacement } from "../../dist/placement/parse-placement.js";
import { searchPeriod } from "../../dist/search/pipeline/period-search.js";

/** A block of a placement file. */
interface DraftBlock {
  readonly id: string;
  readonly kind: "forward" | "backward" | "weight" | "other";
  readonly duration: number;
  readonly workspace: number;
  devices: readonly string[];
  memory?: number;
}

/** A placement before its devices have memory. */
interface Draft {
  readonly devices: number;
  readonly blocks: readonly DraftBlock[];
  readonly dependencies: readonly {
    readonly from: string;
    readonly to: string;
    readonly latency: number;
  }[];
}

const [first = 1, count = 300, maxNodes = 200_000, unit = 1] = process.argv.slice(2).map(Number);

/** 1 to `most` units, the last one in part. */
function time(random: Random, most: number): number {
  const whole = random.integer(most);
  return unit === 1 ? whole + 1 : whole * unit + 1 + random.integer(unit);
}

/** Chain of forward blocks, the backward ones in reverse, maybe a weight block behind each. */
function training(random: Random): Draft {
  const stages = 1 + random.integer(4);
  const devices = 1 + random.integer(stages);
  const longest = 1 + random.integer(5);
  const weights = random.next() < 0.3;
  const blocks: DraftBlock[] = [];
  const dependencies: Draft["dependencies"][number][] = [];
  const block = (id: string, kind: DraftBlock["kind"], device: number, change: number): string => {
    const duration = time(random, longest);
    const workspace = random.next() < 0.15 ? 1 : 0;
    blocks.push({ id, kind, devices: [`d${device}`], duration, workspace, memory: change });
    return id;
  };
  const homes = Array.from({ length: stages }, (_, s) =>
    s < devices ? s : random.integer(devices),
  );
  const memory = homes.map(() => 1 + random.integer(2));
  let last: string | undefined;
  const after = (from: string, to: string): void => {
    const latency = random.next() < 0.3 ? time(random, 2) : 0;
    dependencies.push({ from, to, latency });
  };
  for (let s = 0; s < stages; s++) {
    const id = block(`f${s}`, "forward", homes[s]!, memory[s]!);
    if (last !== undefined) {
      after(last, id);
    }
    last = id;
  }
  for (let s = stages - 1; s >= 0; s--) {
    const id = block(`b${s}`, "backward", homes[s]!, weights ? 0 : -memory[s]!);
    after(last!, id);
    last = id;
    if (weights) {
      after(id, block(`w${s}`, "weight", homes[s]!, -memory[s]!));
    }
  }
  return { devices, blocks, dependencies };
}

/** Any graph, blocks on one or two devices; memory is taken and given back by dependent blocks. */
function general(random: Random): Draft {
  const devices = 1 + random.integer(4);
  const size = 3 + random.integer(8);
  const longest = 1 + random.integer(6);
  const blocks = Array.from({ length: size }, (_, at): DraftBlock => {
    const home = random.integer(devices);
    const other = random.next() < 0.15 ? random.integer(devices) : home;
    const on = [...new Set([home, other])].sort((a, b) => a - b);
    const workspace = random.next() < 0.15 ? 1 : 0;
    const duration = time(random, longest);
    return { id: `b${at}`, kind: "other", devices: on.map((d) => `d${d}`), duration, workspace };
  });
  const edges = new Map<string, Draft["dependencies"][number]>();
  const depend = (a: number, b: number): void => {
    const latency = random.next() < 0.3 ? time(random, 3) : 0;
    edges.set(`${a} ${b}`, { from: `b${a}`, to: `b${b}`, latency });
  };
  for (let at = 1; at < size; at++) {
    for (let tries = random.integer(3); tries > 0; tries--) {
      depend(random.integer(at), at);
    }
  }
  for (let at = 0; at + 1 < size; at++) {
    const taker = blocks[at]!;
    if (random.next() < 0.4 && taker.memory === undefined) {
      const to = at + 1 + random.integer(size - at - 1);
      const giver = blocks[to]!;
      if (giver.memory === undefined) {
        const memory = 1 + random.integer(2);
        taker.memory = memory;
        giver.memory = -memory;
        giver.devices = taker.devices;
        depend(at, to);
      }
    }
  }
  return { devices, blocks, dependencies: [...edges.values()] };
}

function placementOf(seed: number): unknown {
  const random = seededRandom(seed);
  const { devices, blocks, dependencies } = (random.next() < 0.5 ? training : general)(random);
  const least = Array.from({ length: devices }, (_, d) =>
    blocks
      .filter((block) => block.devices.includes(`d${d}`))
      .reduce((sum, { memory = 0, workspace }) => sum + Math.max(0, memory) + workspace, 0),
  );
  const slack = random.integer(4);
  return {
    format: "top-compile/placement",
    version: 1,
    timeUnit: "step",
    // Now and then too little: what cannot run at all has to be found out, too.
    devices: least.map((need, d) => ({ name: `d${d}`, memory: Math.max(0, need + slack - 1) })),
    blocks,
    dependencies,
    memoryRelease: random.next() < 0.5 ? "start" : "end",
  };
}

for (let seed = first; seed < first + count; seed++) {
  const read = readPlacement(placementOf(seed), `seed ${seed}`);
  if (!read.ok) {
    console.log(JSON.stringify({ seed, refused: read.error[0].code }));
    continue;
  }
  const found = searchPeriod(read.value, { maxNodes, seed: 1 });
  const { status, schedule, lowerBound, leastPeak, leastMemory, nodes } = found;
  const peaks = found.peaks.map((peak) => peak ?? 0);
  console.log(
    JSON.stringify({
      seed,
      placement: placementJson(read.value),
      status,
      lowerBound,
      period: schedule?.period,
      microBatchesPerPeriod: schedule?.microBatchesPerPeriod,
      leastForOne: found.leastForOne,
      peak: Math.max(0, ...peaks),
      leastPeak,
      leastMemory,
      nodes,
    }),
  );
}
