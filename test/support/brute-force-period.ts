import type { Placement } from "../../src/placement/placement.js";

/**
 * Shortest periods and least memory of small placements by trying all start times. From the
 * definitions, without anything of the searches or the verifiers.
 */
export interface BruteForceOptions {
  /** Micro-batches per period. */
  readonly copies: number;
  /** Periods up to this are tried, at most 30. */
  readonly longest: number;
  /** A block starts less than so many periods after it may. */
  readonly waits: number;
}

/** Starts of copy c of block b at c * blocks + b. */
type Starts = readonly number[];

/** The least period, or infinity. What waits longer than `waits` periods is not seen. */
export function leastPeriodOf(placement: Placement, options: BruteForceOptions): number {
  for (let period = 1; period <= options.longest; period++) {
    if (startsFor(placement, options, period, Number.POSITIVE_INFINITY) !== undefined) {
      return period;
    }
  }
  return Number.POSITIVE_INFINITY;
}

/** The least highest level of memory on any device at `period`, or infinity. */
export function leastPeakAt(
  placement: Placement,
  options: BruteForceOptions,
  period: number,
): number {
  const most = placement.blocks.reduce((sum, b) => sum + Math.abs(b.memory) + b.workspace, 0);
  for (let cap = 0; cap <= most * 4 * options.copies; cap++) {
    if (startsFor(placement, options, period, cap) !== undefined) {
      return cap;
    }
  }
  return Number.POSITIVE_INFINITY;
}

function startsFor(
  { blocks, devices, dependencies, memoryRelease }: Placement,
  { copies, waits }: BruteForceOptions,
  period: number,
  cap: number,
): Starts | undefined {
  const count = blocks.length;
  const nodes = upwards(count, dependencies).flatMap((block) =>
    Array.from({ length: copies }, (_, copy) => copy * count + block),
  );
  const starts = new Array<number>(count * copies).fill(-1);
  const busy = devices.map(() => 0);

  const levelIsKept = (device: number): boolean => {
    const limit = Math.min(devices[device]!.memory ?? Number.POSITIVE_INFINITY, cap);
    if (limit === Number.POSITIVE_INFINITY) {
      return true;
    }
    const levels = new Array<number>(period).fill(0);
    const change = (time: number, by: number): void => {
      for (let step = 0; step < period; step++) {
        levels[step]! += by * Math.floor((step - time) / period);
      }
    };
    for (const [node, start] of starts.entries()) {
      const block = blocks[node % count]!;
      if (block.devices.includes(device)) {
        const late = block.memory < 0 && memoryRelease === "end";
        change(start + (late ? block.duration : 0), block.memory);
        change(start, block.workspace);
        change(start + block.duration, -block.workspace);
      }
    }
    return levels.every((level) => level <= limit);
  };

  const place = (at: number): boolean => {
    const node = nodes[at];
    if (node === undefined) {
      return true;
    }
    const base = node - (node % count);
    const { devices: own, duration } = blocks[node % count]!;
    const ready = dependencies
      .filter(({ to }) => base + to === node)
      .map(({ from, latency }) => starts[base + from]! + blocks[from]!.duration + latency);
    const earliest = Math.max(0, ...ready);
    // All may be turned so that the first node starts at 0.
    const last = at === 0 ? 0 : earliest + waits * period - 1;
    const done = nodes.slice(0, at + 1);
    const complete = own.filter((device) =>
      starts.every((_, n) => done.includes(n) || !blocks[n % count]!.devices.includes(device)),
    );
    for (let start = earliest; start <= last; start++) {
      const arc = arcOf(start, duration, period);
      if (arc !== undefined && own.every((device) => (busy[device]! & arc) === 0)) {
        for (const device of own) {
          busy[device]! |= arc;
        }
        starts[node] = start;
        if (complete.every(levelIsKept) && place(at + 1)) {
          return true;
        }
        for (const device of own) {
          busy[device]! &= ~arc;
        }
      }
    }
    return false;
  };
  return place(0) ? starts : undefined;
}

/** Steps of the period that a block takes, as bits; `undefined` when it is longer than the period. */
function arcOf(start: number, duration: number, period: number): number | undefined {
  let arc = 0;
  for (let step = start; step < start + duration; step++) {
    arc |= 1 << (step % period);
  }
  return duration > period ? undefined : arc;
}

function upwards(count: number, dependencies: Placement["dependencies"]): number[] {
  const order: number[] = [];
  while (order.length < count) {
    for (let block = 0; block < count; block++) {
      const isReady = dependencies.every(({ from, to }) => to !== block || order.includes(from));
      if (isReady && !order.includes(block)) {
        order.push(block);
      }
    }
  }
  return order;
}
