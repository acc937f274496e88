/**
 * Two schedules side by side: figures, devices, and where the orders of blocks differ.
 *
 * Micro-batches are alike, so that their numbers mean nothing: what counts is for which time a block runs.
 * An order differs by the fewest blocks that have to move to make one of the other: all but a longest sequence that
 * both have in the same order.
 */
import type { PipelineSection } from "../artifact/pipeline-section.js";
import { counted } from "../core/format.js";
import type { Placement } from "../placement/placement.js";
import { loadedMicroBatches } from "../schedule/pipeline-metrics.js";

/** A schedule to compare. */
export interface ComparedSchedule {
  readonly section: PipelineSection;
  /** The section's own. */
  readonly placement: Placement;
}

/** A figure of both. */
export interface FigurePair {
  readonly theirs: number;
  readonly ours: number;
  /** `ours / theirs - 1`; absent where the two are not comparable, or theirs is 0. */
  readonly change?: number;
}

/** A block of a micro-batch. */
export interface NamedInstance {
  readonly block: string;
  readonly microBatch: number;
}

/** Where two orders differ. */
export interface OrderDifference {
  /** Blocks of all micro-batches in the order. */
  readonly count: number;
  /** Blocks to move to make the order of theirs that of ours. */
  readonly moved: number;
  /** The first place at which they differ; absent: they do not. */
  readonly first?: {
    /** Counted from 1. */
    readonly position: number;
    readonly theirs: NamedInstance;
    readonly ours: NamedInstance;
  };
}

/** One device of both. */
export interface ComparedDevice {
  readonly name: string;
  /** Share of the makespan in which it runs nothing. */
  readonly idle: FigurePair;
  readonly peakMemory: FigurePair;
  /** Absent where the two run different blocks. */
  readonly order?: OrderDifference;
}

/** A comparison. Times are in the unit of each. */
export interface PipelineComparison {
  /** What keeps figures or orders from being comparable: sentences. */
  readonly differences: readonly string[];
  readonly periodPerMicroBatch: FigurePair;
  readonly boundPerMicroBatch: FigurePair;
  readonly makespan: FigurePair;
  readonly bubbleRate: { readonly steady: FigurePair; readonly whole: FigurePair };
  readonly inFlight: FigurePair;
  /** Those that both have, in the order of theirs. */
  readonly devices: readonly ComparedDevice[];
  /** The device whose idle share falls most from theirs to ours; absent: none falls. */
  readonly idlesMore?: string;
}

/** Compares a schedule with ours. Requires: valid sections. Cost: O(n log n) in instances. */
export function comparePipelines(
  theirs: ComparedSchedule,
  ours: ComparedSchedule,
): PipelineComparison {
  const [a, b] = [theirs.section, ours.section];
  const isSameUnit = theirs.placement.timeUnit === ours.placement.timeUnit;
  const isSameCount = a.microBatches === b.microBatches;
  const isSameWork = differentBlock(theirs.placement, ours.placement) === undefined;
  const orders = isSameWork && isSameCount ? [ordersOf(theirs), ordersOf(ours)] : undefined;
  const devices = a.devices.flatMap(({ name, peakMemory }): ComparedDevice[] => {
    const other = b.devices.find((device) => device.name === name);
    const order = orders && orderDifference(orders[0]?.get(name) ?? [], orders[1]?.get(name) ?? []);
    return other === undefined
      ? []
      : [
          {
            name,
            idle: pairOf(idleShare(theirs, name), idleShare(ours, name)),
            peakMemory: pairOf(peakMemory, other.peakMemory, isSameWork),
            ...(order === undefined ? {} : { order }),
          },
        ];
  });
  const idlesMore = idlingMore(devices);
  return {
    differences: differencesOf(theirs, ours),
    periodPerMicroBatch: pairOf(
      a.period / a.microBatchesPerPeriod,
      b.period / b.microBatchesPerPeriod,
      isSameUnit,
    ),
    boundPerMicroBatch: pairOf(
      a.periodLowerBound / a.microBatchesPerPeriod,
      b.periodLowerBound / b.microBatchesPerPeriod,
      isSameUnit,
    ),
    makespan: pairOf(a.makespan, b.makespan, isSameUnit && isSameCount),
    bubbleRate: {
      steady: pairOf(a.bubbleRate.steady, b.bubbleRate.steady),
      whole: pairOf(a.bubbleRate.whole, b.bubbleRate.whole, isSameCount),
    },
    inFlight: pairOf(a.inFlight, b.inFlight),
    devices,
    ...(idlesMore === undefined ? {} : { idlesMore }),
  };
}

function pairOf(theirs: number, ours: number, isComparable = true): FigurePair {
  const change = isComparable && theirs !== 0 ? ours / theirs - 1 : undefined;
  return { theirs, ours, ...(change === undefined ? {} : { change }) };
}

function idleShare({ section, placement }: ComparedSchedule, name: string): number {
  const { devices, microBatches, makespan } = section;
  const load = devices.find((device) => device.name === name)?.load ?? 0;
  const times = microBatches / loadedMicroBatches(placement, microBatches);
  return makespan === 0 ? 0 : 1 - (load * times) / makespan;
}

/** The device whose idle share falls most; of several the first. */
function idlingMore(devices: readonly ComparedDevice[]): string | undefined {
  const gain = ({ idle }: ComparedDevice): number => idle.theirs - idle.ours;
  const [most] = [...devices].sort((a, b) => gain(b) - gain(a));
  return most !== undefined && gain(most) > 0 ? most.name : undefined;
}

/** The id of the first block that only one has, or that runs on other devices; `undefined`: there is none. */
function differentBlock(one: Placement, other: Placement): string | undefined {
  const places = ({ blocks, devices }: Placement): ReadonlyMap<string, string> =>
    new Map(
      blocks.map(({ id, devices: own }) => [
        id,
        JSON.stringify(own.map((at) => devices[at]?.name).sort()),
      ]),
    );
  const [mine, theirs] = [places(one), places(other)];
  return [...mine.keys(), ...theirs.keys()].find((id) => mine.get(id) !== theirs.get(id));
}

function differencesOf(theirs: ComparedSchedule, ours: ComparedSchedule): readonly string[] {
  const [a, b] = [theirs.placement, ours.placement];
  const block = differentBlock(a, b);
  const durations = new Map(b.blocks.map(({ id, duration }) => [id, duration]));
  const changed = a.blocks.filter(({ id, duration }) => durations.get(id) !== duration);
  const [first] = changed;
  const [n, m] = [theirs.section.microBatches, ours.section.microBatches];
  return [
    ...(a.timeUnit === b.timeUnit
      ? []
      : [
          `times of theirs are in ${a.timeUnit}, of ours in ${b.timeUnit}: they are not comparable`,
        ]),
    ...(block === undefined
      ? []
      : [
          `block ${block} is not on the same devices in both: orders and memory are not comparable`,
        ]),
    ...(block === undefined && a.timeUnit === b.timeUnit && first !== undefined
      ? [
          `other times in ours of ${counted(changed.length, "block")}, such as ${first.id}: ${first.duration} in theirs, ${durations.get(first.id)} in ours`,
        ]
      : []),
    ...(n === m ? [] : [`theirs runs ${n} micro-batches, ours ${m}: the whole is not comparable`]),
  ];
}

/** By device: its blocks by start, each with how often it ran before. */
function ordersOf({
  section,
  placement,
}: ComparedSchedule): ReadonlyMap<string, readonly Counted[]> {
  const ran = new Map<string, number>();
  const orders = new Map<string, Counted[]>(placement.devices.map(({ name }) => [name, []]));
  const devicesOf = new Map(placement.blocks.map(({ id, devices }) => [id, devices]));
  for (const { block, microBatch } of section.instances) {
    const turn = ran.get(block) ?? 0;
    ran.set(block, turn + 1);
    for (const device of devicesOf.get(block) ?? []) {
      orders.get(placement.devices[device]?.name ?? "")?.push({ block, microBatch, turn });
    }
  }
  return orders;
}

/** A block of a micro-batch, and how often the block ran before. */
interface Counted extends NamedInstance {
  readonly turn: number;
}

function orderDifference(theirs: readonly Counted[], ours: readonly Counted[]): OrderDifference {
  const keyOf = ({ block, turn }: Counted): string => `${turn} ${block}`;
  const positions = new Map(ours.map((each, at) => [keyOf(each), at]));
  const places = theirs.map((each) => positions.get(keyOf(each)) ?? 0);
  const at = places.findIndex((place, index) => place !== index);
  const [mine, other] = [theirs[at], ours[at]];
  const named = ({ block, microBatch }: Counted): NamedInstance => ({ block, microBatch });
  return {
    count: theirs.length,
    moved: theirs.length - longestRising(places),
    ...(mine === undefined || other === undefined
      ? {}
      : { first: { position: at + 1, theirs: named(mine), ours: named(other) } }),
  };
}

/** The length of the longest rising subsequence of different numbers: patience sorting. */
function longestRising(values: readonly number[]): number {
  const tops: number[] = [];
  for (const value of values) {
    let [low, high] = [0, tops.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((tops[middle] ?? 0) < value) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    tops[low] = value;
  }
  return tops.length;
}
