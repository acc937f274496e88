import fc from "fast-check";
import type { Block, Dependency, Placement } from "../../src/placement/placement.js";

/** What random placements may have. */
export interface PlacementBounds {
  readonly maxDevices?: number;
  readonly maxBlocks?: number;
  readonly maxDuration?: number;
  readonly maxLatency?: number;
  /** Whether devices may have a limit; limits then allow at least one micro-batch alone. */
  readonly limits?: boolean;
  readonly release?: "start" | "end";
}

const KINDS = ["forward", "backward", "weight", "other"] as const;

/**
 * Random placements: dependencies go from earlier to later blocks; memory comes in pairs, a block
 * that takes and a later dependent one on the same devices that gives it back, so that every device
 * ends a micro-batch as it began it.
 */
export function randomPlacement(bounds: PlacementBounds = {}): fc.Arbitrary<Placement> {
  const { maxDevices = 4, maxBlocks = 8, maxDuration = 4, maxLatency = 2 } = bounds;
  return fc
    .record({
      devices: fc.integer({ min: 1, max: maxDevices }),
      blocks: fc.array(
        fc.record({
          home: fc.nat(1000),
          extra: fc.option(fc.nat(1000), { nil: undefined, freq: 6 }),
          duration: fc.integer({ min: 1, max: maxDuration }),
          memory: fc.integer({ min: 0, max: 2 }),
          workspace: fc.nat(bounds.release === "start" ? 0 : 1),
          pair: fc.option(fc.nat(1000), { nil: undefined, freq: 3 }),
          kind: fc.constantFrom(...KINDS),
        }),
        { minLength: 1, maxLength: maxBlocks },
      ),
      edges: fc.array(
        fc.record({ a: fc.nat(1000), b: fc.nat(1000), latency: fc.nat(maxLatency) }),
        { maxLength: maxBlocks + 2 },
      ),
      slack: fc.nat(3),
      limited: fc.boolean(),
      release: fc.constantFrom<"start" | "end">(
        ...(bounds.release === undefined ? (["start", "end"] as const) : [bounds.release]),
      ),
      timeUnit: fc.constantFrom("ns" as const, "step" as const),
    })
    .map((raw): Placement => {
      const blocks: Block[] = raw.blocks.map((block, at) => ({
        id: `b${at}`,
        kind: block.kind,
        devices: [
          ...new Set([block.home % raw.devices, (block.extra ?? block.home) % raw.devices]),
        ].sort((a, b) => a - b),
        duration: block.duration,
        memory: 0,
        workspace: block.workspace,
        operators: [],
      }));
      const dependencies = new Map<string, Dependency>();
      const depend = (from: number, to: number, latency: number): void => {
        dependencies.set(`${from} ${to}`, { from, to, latency });
      };
      for (const { a, b, latency } of raw.edges) {
        const [from, to] = [a % blocks.length, b % blocks.length].sort((x, y) => x - y);
        if (from !== to) {
          depend(from as number, to as number, latency);
        }
      }
      raw.blocks.forEach((block, from) => {
        const to = from + 1 + ((block.pair ?? 0) % Math.max(1, blocks.length - from - 1));
        const [taker, giver] = [blocks[from] as Block, blocks[to]];
        const isFree = taker.memory === 0 && giver?.memory === 0;
        if (block.pair !== undefined && block.memory > 0 && isFree) {
          blocks[from] = { ...taker, memory: block.memory };
          blocks[to] = { ...giver, devices: taker.devices, memory: -block.memory };
          depend(from, to, dependencies.get(`${from} ${to}`)?.latency ?? 0);
        }
      });
      const alone = new Array<number>(raw.devices).fill(0);
      for (const block of blocks) {
        for (const device of block.devices) {
          alone[device] = (alone[device] ?? 0) + Math.max(0, block.memory) + block.workspace;
        }
      }
      const hasLimits = bounds.limits !== false && raw.limited;
      return {
        timeUnit: raw.timeUnit,
        devices: alone.map((need, device) => ({
          name: `d${device}`,
          memory: hasLimits ? need + raw.slack : undefined,
        })),
        blocks,
        dependencies: [...dependencies.values()].sort((a, b) => a.from - b.from || a.to - b.to),
        memoryRelease: raw.release,
      };
    });
}
