/**
 * What a small pipeline can be doing, and what it can do next.
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
 */
import type { Placement } from "../../../placement/placement.js";
import { memoryChange } from "../../../schedule/simulate-pipeline.js";
import { unitOfTime } from "../unit-of-time.js";
import { countedParts } from "./parts.js";

/** What a placement asks of a configuration; times in multiples of their common divisor. */
export interface Rules {
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
export interface Configuration {
  readonly begun: readonly number[];
  readonly rest: readonly number[];
  readonly coming: readonly (readonly number[])[];
}

/** The rules of a placement. */
export function rulesOf(placement: Placement): Rules {
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

/** Text that is the same for equal configurations alone. */
export function keyOf({ begun, rest, coming }: Configuration): string {
  return `${begun.join()};${rest.join()};${coming.map((each) => each.join()).join(":")}`;
}

/** What a choice of blocks to begin leads to. */
export interface Next {
  readonly next: Configuration;
  /** Until then, in units. */
  readonly time: number;
  /** By part: micro-batches that its last block has begun by then. */
  readonly begun: readonly number[];
  /** Blocks that begin, as bits. */
  readonly starts: number;
}

/** Every choice of blocks to begin, and what is next then; of at most `most` choices. */
export function stepsOf(
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
