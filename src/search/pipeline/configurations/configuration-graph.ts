/**
 * All that a small pipeline can be doing, and what it can do next.
 *
 * A *configuration* is what a pipeline knows of itself at a moment at which something has just ended: how many
 * micro-batches each block has begun, counted from the block of its part that is last; how long what runs still takes; how
 * long what is on its way between devices still does. Micro-batches are alike and taken in order, so counts
 * are enough. From there any of the blocks may begin that find their inputs and their devices, or none; then
 * time goes on until something ends. Memory is looked at once all that begins has begun, as ends
 * and begins of one moment count together.
 *
 * Nothing is lost by beginning at such moments alone: in any schedule a block may begin earlier, until a
 * device, an input or memory keeps it, and all of these become free when something ends or begins.
 *
 * So every schedule, repeating or not, is a walk in this graph, and a schedule that repeats is a cycle: the least time
 * per micro-batch, over all numbers of micro-batches per period, is that of a cycle (`search-configurations.ts`).
 * Where nothing limits how far blocks run ahead the graph is infinite, unless those far apart are left out. Parts of a
 * placement that nothing ties to each other may be any number of micro-batches apart: each counts from its own last block.
 *
 * Source: ours; the graph is the reachable part of a timed marked graph (Ramchandani, 1974) with choices.
 */
import type { Placement } from "../../../placement/placement.js";
import { memoryChange } from "../../../schedule/simulate-pipeline.js";
import { unitOfTime } from "../unit-of-time.js";
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

/** What a placement asks of a configuration; times in multiples of their common divisor. */
interface Rules {
  readonly unit: number;
  readonly blocks: number;
  readonly duration: readonly number[];
  /** Devices as bits, by block. */
  readonly devices: readonly number[];
  /** By block: positions of the dependencies that it waits for. */
  readonly into: readonly (readonly number[])[];
  readonly from: readonly number[];
  readonly latency: readonly number[];
  readonly limited: readonly Limited[];
  readonly parts: number;
  readonly partOf: readonly number[];
}

/** A device whose memory is limited and given back. */
interface Limited {
  readonly limit: number;
  /** By block: changes when one begins, and when one ends. */
  readonly atStart: readonly number[];
  readonly atEnd: readonly number[];
}

/** A configuration: counts, rest of what runs, and of what is on its way for each dependency. */
interface Configuration {
  readonly begun: readonly number[];
  readonly rest: readonly number[];
  readonly coming: readonly (readonly number[])[];
}

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

function rulesOf(placement: Placement): Rules {
  const { blocks, dependencies, devices, memoryRelease } = placement;
  const unit = unitOfTime(placement);
  const changes = blocks.map((block) => memoryChange(block, memoryRelease));
  const partOf = countedParts(placement);
  return {
    parts: partOf.includes(1) ? 2 : 1,
    partOf,
    unit,
    blocks: blocks.length,
    duration: blocks.map(({ duration }) => duration / unit),
    devices: blocks.map((block) => block.devices.reduce((bits, device) => bits | (1 << device), 0)),
    into: blocks.map((_, block) =>
      dependencies.flatMap(({ to }, at) => (to === block ? [at] : [])),
    ),
    from: dependencies.map(({ from }) => from),
    latency: dependencies.map(({ latency }) => latency / unit),
    limited: devices.flatMap(({ memory }, device): Limited[] => {
      const on = (change: number, block: number): number =>
        blocks[block]?.devices.includes(device) === true ? change : 0;
      const atStart = changes.map((each, block) => on(each.atStart, block));
      const atEnd = changes.map((each, block) => on(each.atEnd, block));
      const left = [...atStart, ...atEnd].reduce((sum, change) => sum + change, 0);
      return memory === undefined || left !== 0 ? [] : [{ limit: memory, atStart, atEnd }];
    }),
  };
}

function keyOf({ begun, rest, coming }: Configuration): string {
  return `${begun.join()};${rest.join()};${coming.map((each) => each.join()).join(":")}`;
}

interface Next {
  readonly next: Configuration;
  readonly time: number;
  readonly begun: readonly number[];
  readonly starts: number;
}

/** Every choice of blocks to begin, and what is next then; of at most `most` choices. */
function stepsOf(
  rules: Rules,
  configuration: Configuration,
  most: number,
): { readonly found: readonly Next[]; readonly tried: number } {
  const { begun, rest, coming } = configuration;
  const ended = begun.map((count, block) => count - (rest[block]! > 0 ? 1 : 0));
  let busy = 0;
  rest.forEach((left, block) => {
    busy |= left > 0 ? rules.devices[block]! : 0;
  });
  const able: number[] = [];
  for (let block = 0; block < rules.blocks; block++) {
    const hasInputs = rules.into[block]!.every(
      (at) => ended[rules.from[at]!]! - coming[at]!.length > begun[block]!,
    );
    if (hasInputs && (rules.devices[block]! & busy) === 0 && rest[block] === 0) {
      able.push(block);
    }
  }
  const found: Next[] = [];
  let tried = 0;
  const choose = (at: number, starts: number, used: number): void => {
    if (at === able.length) {
      tried++;
      const next = advanced(rules, configuration, ended, starts);
      if (next !== undefined) {
        found.push(next);
      }
      return;
    }
    if (tried >= most) {
      return;
    }
    const block = able[at]!;
    if ((rules.devices[block]! & used) === 0) {
      choose(at + 1, starts | (1 << block), used | rules.devices[block]!);
    }
    choose(at + 1, starts, used);
  };
  choose(0, 0, busy);
  return { found, tried };
}

/** What is next after these begin; `undefined` where memory does not last, or nothing goes on. */
function advanced(
  rules: Rules,
  configuration: Configuration,
  ended: readonly number[],
  starts: number,
): Next | undefined {
  const isStarted = (block: number): boolean => (starts & (1 << block)) !== 0;
  const begun = configuration.begun.map((count, block) => count + (isStarted(block) ? 1 : 0));
  for (const { limit, atStart, atEnd } of rules.limited) {
    let level = 0;
    for (let block = 0; block < rules.blocks; block++) {
      level += atStart[block]! * begun[block]! + atEnd[block]! * ended[block]!;
    }
    if (level > limit) {
      return undefined;
    }
  }
  const running = configuration.rest.map((left, block) =>
    isStarted(block) ? rules.duration[block]! : left,
  );
  let time = Number.POSITIVE_INFINITY;
  for (const left of running) {
    time = left > 0 ? Math.min(time, left) : time;
  }
  for (const list of configuration.coming) {
    time = Math.min(time, list[0] ?? time);
  }
  if (time === Number.POSITIVE_INFINITY) {
    return undefined;
  }
  const least = new Array<number>(rules.parts).fill(Number.POSITIVE_INFINITY);
  for (const [block, part] of rules.partOf.entries()) {
    least[part] = Math.min(least[part]!, begun[block]!);
  }
  const rest = running.map((left) => Math.max(0, left - time));
  const coming = configuration.coming.map((list, at) => {
    const from = rules.from[at]!;
    const later = list.flatMap((left) => (left > time ? [left - time] : []));
    const ends = running[from] === time && rules.latency[at]! > 0;
    return ends ? [...later, rules.latency[at]!] : later;
  });
  return {
    next: {
      begun: begun.map((count, block) => count - least[rules.partOf[block]!]!),
      rest,
      coming,
    },
    time,
    begun: least,
    starts,
  };
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
