/**
 * All that a small pipeline can be doing, and what it can do next.
 *
 * Its configurations (`configuration-steps.ts`) are the nodes of a graph, and the choices of blocks to begin its arcs.
 *
 * So every schedule, repeating or not, is a walk in this graph, and a schedule that repeats is a cycle: the least time
 * per micro-batch, over all numbers of micro-batches per period, is that of a cycle (`search-configurations.ts`).
 * Where nothing limits how far blocks run ahead the graph is infinite, unless those far apart are left out. Parts of a
 * placement that nothing ties to each other may be any number of micro-batches apart: each counts from its own last block.
 *
 * Source: ours; the graph is the reachable part of a timed marked graph (Ramchandani, 1974) with choices.
 */
import type { Placement } from "../../../placement/placement.js";
import { unitOfTime } from "../unit-of-time.js";
import { type Configuration, keyOf, type Rules, rulesOf, stepsOf } from "./configuration-steps.js";
import { countedParts } from "./parts.js";

/** Configurations, and the steps into each. */
export interface ConfigurationGraph {
  readonly count: number;
  /** Steps into configuration v are `first[v]` to `first[v + 1] - 1`. */
  readonly first: Int32Array;
  readonly from: Int32Array;
  /** Time until the next configuration, in multiples of the unit of `MadeGraph`. */
  readonly time: Int32Array;
  /** By step, then part: micro-batches that its last block has begun by then. */
  readonly begun: Float64Array;
  readonly parts: number;
  /** By block: its part. */
  readonly partOf: readonly number[];
  /** Blocks that begin, as bits. */
  readonly starts: Int32Array;
  /** By configuration and block: micro-batches begun, more than by the block of its part that is last. */
  readonly ahead: Int32Array;
}

/** More blocks do not fit into bits, and have too many configurations. */
const MOST_BLOCKS = 30;

interface Step {
  readonly from: number;
  readonly to: number;
  readonly time: number;
  readonly begun: readonly number[];
  readonly starts: number;
}

/** Limits of a graph. */
export interface GraphLimits {
  /** Choices of blocks to begin that are looked at, at most. */
  readonly choices: number;
  /** Configurations in which a block is further ahead of the last one are left out. */
  readonly apart: number;
}

/** A graph, what its times are counted in, and whether it has all configurations. */
export interface MadeGraph {
  /** `undefined`: there are more choices than the limit. */
  readonly graph: ConfigurationGraph | undefined;
  readonly unit: number;
  /** Nothing was left out for being too far apart. */
  readonly isWhole: boolean;
  readonly choices: number;
}

/** Whether a placement has few enough blocks, and times that add up exactly. */
export function hasConfigurations(placement: Placement): boolean {
  const { blocks, dependencies, devices } = placement;
  const longest = [
    ...blocks.map(({ duration }) => duration),
    ...dependencies.map((d) => d.latency),
  ];
  const unit = unitOfTime(placement);
  return (
    blocks.length > 0 &&
    blocks.length <= MOST_BLOCKS &&
    devices.length <= MOST_BLOCKS &&
    longest.every((time) => time / unit <= LONGEST)
  );
}

/**
 * Whether some blocks of a part may surely run ahead of its others without end: one with all that it waits for, if these are not
 * all blocks and together hold no memory where that is limited. Then there are infinitely many configurations.
 *
 * Cost: O(blocks * (blocks + dependencies)).
 */
export function runsAhead(placement: Placement): boolean {
  const { blocks, dependencies, devices } = placement;
  const partOf = countedParts(placement);
  return blocks.some((_, last) => {
    const isNeeded = blocks.map((_, block) => block === last);
    for (let isMore = true; isMore; ) {
      isMore = false;
      for (const { from, to } of dependencies) {
        if (isNeeded[to] === true && isNeeded[from] !== true) {
          isNeeded[from] = true;
          isMore = true;
        }
      }
    }
    const own = blocks.filter((_, block) => isNeeded[block]);
    return (
      own.length < partOf.filter((part) => part === partOf[last]).length &&
      devices.every(({ memory }, device) => {
        const on = own.filter((block) => block.devices.includes(device));
        return memory === undefined || on.reduce((sum, block) => sum + block.memory, 0) <= 0;
      })
    );
  });
}

/** In units; so that the sums of `maxCycleRatio` are exact. */
const LONGEST = 1e6;

/** The graph of a placement. Requires: `hasConfigurations`. Cost: O(choices x (blocks + dependencies)). */
export function configurationGraph(placement: Placement, limits: GraphLimits): MadeGraph {
  const rules = rulesOf(placement);
  const known = new Map<string, number>();
  const list: Configuration[] = [];
  const steps: Step[] = [];
  const idOf = (configuration: Configuration): number => {
    const key = keyOf(configuration);
    const found = known.get(key) ?? list.length;
    if (found === list.length) {
      known.set(key, found);
      list.push(configuration);
    }
    return found;
  };
  idOf({
    begun: placement.blocks.map(() => 0),
    rest: placement.blocks.map(() => 0),
    coming: rules.from.map(() => []),
  });
  let choices = 0;
  let isWhole = true;
  for (let from = 0; from < list.length; from++) {
    const { found, tried } = stepsOf(rules, list[from]!, limits.choices - choices);
    choices += tried;
    if (choices >= limits.choices) {
      return { graph: undefined, unit: rules.unit, isWhole: false, choices };
    }
    for (const { next, ...step } of found) {
      if (next.begun.some((count) => count > limits.apart)) {
        isWhole = false;
      } else {
        steps.push({ from, to: idOf(next), ...step });
      }
    }
  }
  return { graph: graphOf(rules, list, steps), unit: rules.unit, isWhole, choices };
}

function graphOf(
  { blocks, parts, partOf }: Rules,
  list: readonly Configuration[],
  steps: readonly Step[],
): ConfigurationGraph {
  const count = list.length;
  const first = new Int32Array(count + 1);
  for (const { to } of steps) {
    first[to + 1]!++;
  }
  for (let node = 0; node < count; node++) {
    first[node + 1]! += first[node]!;
  }
  const next = first.slice();
  const graph = {
    count,
    first,
    from: new Int32Array(steps.length),
    time: new Int32Array(steps.length),
    begun: new Float64Array(steps.length * parts),
    parts,
    partOf,
    starts: new Int32Array(steps.length),
    ahead: Int32Array.from(
      { length: count * blocks },
      (_, at) => list[Math.floor(at / blocks)]!.begun[at % blocks]!,
    ),
  };
  for (const { from, to, time, begun, starts } of steps) {
    const at = next[to]!++;
    graph.from[at] = from;
    graph.time[at] = time;
    graph.begun.set(begun, at * parts);
    graph.starts[at] = starts;
  }
  return graph;
}
