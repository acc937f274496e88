/**
 * Hand-written pipeline schedules: each is an order of blocks per device, run as early as it can.
 *
 * - `gpipe`: every device runs the forwards of all micro-batches, then all backwards. Memory grows
 *   with the number of micro-batches.
 * - `1f1b`: stage s of S first runs the forwards of S - s micro-batches, then one backward and one
 *   forward in turn, then what is left. At most S - s micro-batches hold memory.
 * - `interleaved-1f1b`: each device holds several chunks of the model, D stages apart. Micro-batches
 *   go through in groups of D: D of them through the first chunk, the same D through the second,
 *   and so on; the warm-up is that much longer, the bubbles are that much shorter.
 * - `zb-h1`, `zb-h2`, `zb-v`, `chimera`: see `zero-bubble-h.ts`, `zero-bubble-v.ts`, `chimera.ts`.
 *
 * In the first three and in `chimera`, a block for the gradient of the weights runs right after its
 * backward.
 *
 * Example, `1f1b` with two stages, three micro-batches: stage 0 runs F0 F1 B0 F2 B1 B2, stage 1 runs
 * F0 B0 F1 B1 F2 B2.
 *
 * Source: Huang et al., GPipe, NeurIPS 2019; Narayanan et al., PipeDream, SOSP 2019 and Efficient
 * Large-Scale Language Model Training on GPU Clusters, SC 2021, section 2.2.
 */
import { fail, ok, type Result } from "../../../core/result.js";
import { type ChainStage, chainOf } from "../../../placement/chain.js";
import type { Placement } from "../../../placement/placement.js";
import type { Family } from "../../../schedule/family-names.js";
import type { PipelineSchedule } from "../../../schedule/pipeline-schedule.js";
import { type OrderItem, runOrders } from "../../../schedule/run-orders.js";
import { simulatePipeline } from "../../../schedule/simulate-pipeline.js";
import { chimera } from "./chimera.js";
import {
  familyDeadlocks,
  familyExceedsMemory,
  familyNeeds,
  familyStuckOnMemory,
} from "./failures.js";
import { FORWARD, stageCostsOf } from "./stage-costs.js";
import { zeroBubbleH } from "./zero-bubble-h.js";
import { zeroBubbleV } from "./zero-bubble-v.js";

/**
 * The schedule of a family for `microBatches` micro-batches.
 *
 * Fails: `family-does-not-fit`, saying what it needs; `family-deadlocks`; `family-exceeds-memory`.
 */
export function familySchedule(
  family: Family,
  placement: Placement,
  microBatches: number,
): Result<PipelineSchedule> {
  const orders = ordersOf(family, placement, microBatches);
  if (!orders.ok) {
    return orders;
  }
  const ran = runOrders(placement, orders.value, microBatches);
  if (ran.kind === "stuck") {
    return fail([familyDeadlocks(family, placeOf(placement, ran))]);
  }
  const { whole } = ran;
  const peaks = simulatePipeline(placement, whole).map(({ peakMemory }) => peakMemory);
  for (const [device, { name, memory: limit }] of placement.devices.entries()) {
    const peak = peaks[device] ?? 0;
    if (limit !== undefined && peak > limit) {
      return fail([familyExceedsMemory(family, { name, peak, limit })]);
    }
  }
  return ok(whole);
}

/** Names of a place where orders are stuck. */
function placeOf(
  { devices, blocks }: Placement,
  { device, item }: { readonly device: number; readonly item: OrderItem },
) {
  const [on, block] = [devices[device]?.name ?? "", blocks[item.block]?.id ?? ""];
  return { device: on, block, microBatch: item.microBatch };
}

type Orders = readonly (readonly OrderItem[])[];

function ordersOf(family: Family, placement: Placement, microBatches: number): Result<Orders> {
  if (family === "chimera") {
    const orders = chimera(placement, microBatches);
    const what =
      "two opposite chains over all devices, an even number of them (--shape x, dualpipe)";
    return orders === undefined ? fail([familyNeeds(family, what)]) : ok(orders);
  }
  if (family === "zb-h1" || family === "zb-h2" || family === "zb-v") {
    return zeroBubble(family, placement, microBatches);
  }
  const stages = chainOf(placement);
  const count = placement.devices.length;
  if (stages === undefined) {
    const what = "one chain of forwards with their backwards on the same devices (v, zb-h, ...)";
    return fail([familyNeeds(family, what)]);
  }
  const isAround =
    devicesOf(stages.slice(0, count)) === count &&
    stages.every(({ device }, at) => device === stages[at % count]?.device);
  const chunks = stages.length / count;
  if (family === "interleaved-1f1b") {
    if (!isAround || !Number.isInteger(chunks) || microBatches % count !== 0) {
      const what =
        "a chain that goes around the devices (--shape interleaved-1f1b) and a multiple of " +
        `${count} micro-batches`;
      return fail([familyNeeds(family, what)]);
    }
    return ok(interleaved(stages, placement, microBatches));
  }
  if (family === "1f1b" && devicesOf(stages) !== stages.length) {
    return fail([familyNeeds(family, "one stage per device (v, zb-h)")]);
  }
  const orders: OrderItem[][] = placement.devices.map(() => []);
  const depth = (at: number): number =>
    family === "gpipe" ? microBatches : Math.min(microBatches, stages.length - at);
  if (family === "gpipe") {
    return ok(gpipe(stages, orders, microBatches));
  }
  stages.forEach((stage, at) => {
    orders[stage.device]?.push(...alternating(range(microBatches), depth(at), itemsOf(stage)));
  });
  return ok(orders);
}

/**
 * Zero-bubble orders. The rules' own memory limits are those of their source, in forwards of the
 * stage: as many as there are devices, twice as many for `zb-h2`; the devices' limits count as well.
 */
function zeroBubble(
  family: "zb-h1" | "zb-h2" | "zb-v",
  placement: Placement,
  microBatches: number,
): Result<Orders> {
  const count = placement.devices.length;
  const chain = chainOf(placement) ?? [];
  const stages = stageCostsOf(placement, chain) ?? [];
  const isV =
    stages.length === 2 * count &&
    devicesOf(stages) === count &&
    stages.every(({ device }, at) => device === stages.at(-1 - at)?.device);
  const isH = stages.length === count && devicesOf(stages) === count;
  if (family === "zb-v" ? !isV : !isH) {
    const way = family === "zb-v" ? "down the devices and up again" : "once over the devices";
    const shape = family === "zb-v" ? "zb-v" : "zb-h";
    const what = `a chain ${way} with weight gradients as blocks of their own (--shape ${shape})`;
    return fail([familyNeeds(family, what)]);
  }
  const most = family === "zb-h1" ? count : 2 * count;
  const limits = stages.slice(0, count).map(({ device, memory }, at) => {
    const own = family === "zb-v" ? Math.max(memory[FORWARD], upward(at)) : memory[FORWARD];
    return Math.min(most * own, placement.devices[device]?.memory ?? Number.POSITIVE_INFINITY);
  });
  function upward(at: number): number {
    return stages.at(-1 - at)?.memory[FORWARD] ?? 0;
  }
  const rule = family === "zb-v" ? zeroBubbleV : zeroBubbleH;
  const lines = rule(stages, microBatches, limits);
  if (lines === undefined) {
    return fail([familyStuckOnMemory(family)]);
  }
  const orders: (readonly OrderItem[])[] = placement.devices.map(() => []);
  lines.forEach((line, at) => {
    orders[stages[at]?.device ?? 0] = line;
  });
  return ok(orders);
}

/** How many devices stages stand on. */
function devicesOf(stages: readonly { readonly device: number }[]): number {
  return new Set(stages.map(({ device }) => device)).size;
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, at) => at);
}

interface StageItems {
  readonly forward: (slot: number) => readonly OrderItem[];
  readonly backward: (slot: number) => readonly OrderItem[];
}

function itemsOf({ forward, backward, weight }: ChainStage): StageItems {
  const after = [backward, weight].filter((block) => block !== undefined);
  return {
    forward: (microBatch) => [{ block: forward, microBatch }],
    backward: (microBatch) => after.map((block) => ({ block, microBatch })),
  };
}

/** `warmup` forwards, then a backward and a forward in turn, then the backwards that are left. */
function alternating(
  slots: readonly number[],
  warmup: number,
  { forward, backward }: StageItems,
): readonly OrderItem[] {
  return [
    ...slots.slice(0, warmup).flatMap(forward),
    ...slots.flatMap((slot) => {
      const next = slots[slot + warmup];
      return [...backward(slot), ...(next === undefined ? [] : forward(next))];
    }),
  ];
}

function gpipe(stages: readonly ChainStage[], orders: OrderItem[][], microBatches: number): Orders {
  const add = ({ device, ...stage }: ChainStage, phase: keyof StageItems): void => {
    const items = itemsOf({ device, ...stage })[phase];
    orders[device]?.push(...range(microBatches).flatMap(items));
  };
  for (const stage of stages) {
    add(stage, "forward");
  }
  for (const stage of stages.toReversed()) {
    add(stage, "backward");
  }
  return orders;
}

function interleaved(
  stages: readonly ChainStage[],
  { devices }: Placement,
  microBatches: number,
): Orders {
  const count = devices.length;
  const chunks = stages.length / count;
  const orders: OrderItem[][] = devices.map(() => []);
  const microBatchOf = (slot: number): number =>
    Math.floor(slot / (count * chunks)) * count + (slot % count);
  for (let at = 0; at < count; at++) {
    const chunkOf = (slot: number): number => Math.floor((slot % (count * chunks)) / count);
    const stageOf = (chunk: number): StageItems =>
      itemsOf(stages[chunk * count + at] ?? (stages[0] as ChainStage));
    const slots = range(microBatches * chunks);
    const warmup = Math.min(slots.length, (count - at - 1) * 2 + (chunks - 1) * count + 1);
    const order = alternating(slots, warmup, {
      forward: (slot) => stageOf(chunkOf(slot)).forward(microBatchOf(slot)),
      backward: (slot) => stageOf(chunks - 1 - chunkOf(slot)).backward(microBatchOf(slot)),
    });
    orders[stages[at]?.device ?? 0]?.push(...order);
  }
  return orders;
}
