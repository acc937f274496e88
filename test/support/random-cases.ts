import fc from "fast-check";
import type { Placement } from "../../src/placement/placement.js";
import { randomPlacement } from "./placements.js";
import { trainingPlacement } from "./training-placements.js";

/** How much memory the devices of a case have. */
export const MEMORIES = ["none", "tight", "loose"] as const;

/** A random placement with one of the memories. */
export interface RandomCase {
  readonly name: string;
  readonly memory: (typeof MEMORIES)[number];
  readonly placement: Placement;
}

/** Times what a micro-batch may take at once. */
const LOOSE = 3;

const GRAPHS = randomPlacement({ maxDevices: 5, maxBlocks: 16, limits: false });
const CHAINS = trainingPlacement({ maxStages: 8, maxDuration: 4, maxLatency: 2 });

/**
 * The placements of seed 1 to `seeds`, each with every memory: graphs of up to 16 blocks on up to five
 * devices for odd seeds, training chains of up to 16 blocks for even ones.
 */
export function randomCases(seeds: number): readonly RandomCase[] {
  return Array.from({ length: seeds }, (_, at) => at + 1).flatMap((seed) => {
    const [kind, from] =
      seed % 2 === 1 ? (["graph", GRAPHS] as const) : (["chain", CHAINS] as const);
    const [placement] = fc.sample(fc.noBias(from), { seed, numRuns: 1 });
    return placement === undefined
      ? []
      : MEMORIES.map((memory) => ({
          name: `${kind} ${seed}, ${memory}`,
          memory,
          placement: withMemory(placement, memory),
        }));
  });
}

/** `tight`: what one micro-batch may take at once in any order; `loose`: three times that. */
function withMemory(placement: Placement, memory: RandomCase["memory"]): Placement {
  const devices = placement.devices.map(({ name }, device) => {
    const own = placement.blocks.filter((block) => block.devices.includes(device));
    const alone = own.reduce((sum, each) => sum + Math.max(0, each.memory) + each.workspace, 0);
    const limit = { none: undefined, tight: alone, loose: LOOSE * alone }[memory];
    return { name, memory: limit };
  });
  return { ...placement, devices };
}
