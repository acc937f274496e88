import { describe, expect, it } from "vitest";
import type { Placement } from "../../../../src/placement/placement.js";
import { buildShape, type ShapeOptions } from "../../../../src/placement/shapes/build-shape.js";
import type { Family } from "../../../../src/schedule/family-names.js";
import { labelPhases } from "../../../../src/schedule/label-phases.js";
import { runOrders } from "../../../../src/schedule/run-orders.js";
import { steadyStateOf } from "../../../../src/schedule/steady-state.js";
import {
  steadyPeakMemory,
  verifyPeriodicSchedule,
} from "../../../../src/schedule/verify-periodic-schedule.js";
import { verifyPipelineSchedule } from "../../../../src/schedule/verify-pipeline-schedule.js";
import { familySchedule } from "../../../../src/search/pipeline/reference/families.js";
import { familySchedules } from "../../../support/family-schedules.js";

function shape(name: string, options: ShapeOptions): Placement {
  const built = buildShape(name, options);
  if (!built.ok) {
    throw new Error(built.error[0].message);
  }
  return built.value;
}

const F2B4 = { forward: 2, backward: 4 };
/** Times of a stage with its backward in one piece; with two chunks all are doubled. */
const UNEQUAL = { forward: 20, backward: 27 };
const HALVES = { forward: 1, backward: 2, chunks: 2 };

/** Family, shape, its options, micro-batches; makespan, period, micro-batches per period. */
const CASES: readonly (readonly [Family, string, ShapeOptions, number, number, number, number])[] =
  [
    // The makespans are those of Megatron's and Zero Bubble's own schedulers, at equal and unequal costs.
    ["1f1b", "v", { devices: 4, ...F2B4 }, 8, 66, 0, 0],
    ["1f1b", "v", { devices: 4, ...F2B4 }, 32, 210, 6, 1],
    ["1f1b", "v", { devices: 8, ...F2B4 }, 8, 90, 0, 0],
    ["1f1b", "v", { devices: 8, ...F2B4 }, 32, 234, 6, 1],
    ["interleaved-1f1b", "interleaved-1f1b", { devices: 4, ...HALVES }, 8, 57, 0, 0],
    ["interleaved-1f1b", "interleaved-1f1b", { devices: 4, ...HALVES }, 32, 201, 24, 4],
    ["interleaved-1f1b", "interleaved-1f1b", { devices: 8, ...HALVES }, 8, 69, 0, 0],
    ["interleaved-1f1b", "interleaved-1f1b", { devices: 8, ...HALVES }, 32, 213, 0, 0],
    ["1f1b", "v", { devices: 8, ...UNEQUAL, latency: 1 }, 32, 1901, 0, 0],
    [
      "interleaved-1f1b",
      "interleaved-1f1b",
      { devices: 8, ...UNEQUAL, latency: 2 },
      32,
      3397,
      0,
      0,
    ],
    ["1f1b", "v", { devices: 4 }, 16, 76, 4, 1],
    ["gpipe", "v", { devices: 4 }, 8, 44, 44, 8],
    ["1f1b", "v", { devices: 3, mode: "infer" }, 6, 8, 1, 1],
  ];

/** Four forwards on d3, d2, d2, d3, with latencies. */
const FOLDED: Placement = {
  timeUnit: "step",
  devices: ["d0", "d1", "d2", "d3"].map((name) => ({ name, memory: undefined })),
  blocks: [3, 2, 2, 3].map((device, at) => ({
    id: `f${at}`,
    kind: "forward",
    devices: [device],
    duration: 1,
    memory: 0,
    workspace: 0,
    operators: [],
  })),
  dependencies: [0, 1, 2].map((from) => ({ from, to: from + 1, latency: 2 })),
  memoryRelease: "end",
};

describe("hand-written families", () => {
  it.each(CASES)("%s on %s %o, %i micro-batches: makespan %i, period %i / %i", (...row) => {
    const [family, name, options, microBatches, makespan, period, residues] = row;
    const placement = shape(name, options);
    const result = familySchedule(family, placement, microBatches);
    const whole = result.ok ? result.value : undefined;
    expect(whole?.makespan).toBe(makespan);
    expect(verifyPipelineSchedule(placement, whole!)).toEqual([]);
    const periodic = steadyStateOf(placement, whole!);
    expect(verifyPeriodicSchedule(placement, periodic)).toEqual([]);
    if (period > 0) {
      expect([periodic.period, periodic.microBatchesPerPeriod]).toEqual([period, residues]);
    }
    const phased = labelPhases(periodic, whole!);
    for (const instance of phased.whole.instances.filter(({ phase }) => phase === "repetend")) {
      const { block, microBatch, start } = instance;
      const q = periodic.microBatchesPerPeriod;
      const entry = periodic.repetend.find(
        (e) => e.block === block && e.residue === microBatch % q,
      );
      const turn = Math.floor(microBatch / q) + entry!.shift;
      expect(start).toBe(phased.anchor + entry!.offset + turn * periodic.period);
    }
  });

  it("1f1b holds as many micro-batches as there are stages left", () => {
    const placement = shape("v", { devices: 4, memory: 4 });
    const whole = familySchedule("1f1b", placement, 16);
    expect(whole.ok && steadyPeakMemory(placement, steadyStateOf(placement, whole.value))).toEqual([
      4, 3, 2, 1,
    ]);
  });

  it("labels warm-up, repetend and cool-down in this order of periods", () => {
    const placement = shape("v", { devices: 4 });
    const whole = familySchedule("1f1b", placement, 16);
    const phases = whole.ok
      ? labelPhases(steadyStateOf(placement, whole.value), whole.value).whole.instances
      : [];
    const count = (phase: string) => phases.filter((each) => each.phase === phase).length;
    expect(count("repetend")).toBeGreaterThan(8 * 8);
    expect(count("warmup")).toBeGreaterThan(0);
    expect(count("cooldown")).toBeGreaterThan(0);
  });

  it("candidates are those within memory, the shortest first", () => {
    const makespans = (memory: number): readonly number[] =>
      familySchedules(shape("zb-h", { devices: 4, memory }), 8).map(({ makespan }) => makespan);
    // zb-h1, zb-h2, 1f1b; with more memory interleaved-1f1b, and gpipe, which holds all eight.
    expect(makespans(4)).toEqual([27, 27, 30]);
    expect(makespans(8)).toEqual([27, 27, 30, 30, 30]);
    expect(familySchedules(shape("m", { devices: 4 }), 8)).toEqual([]);
  });

  it.each<[Family, string, ShapeOptions, number, string]>([
    ["gpipe", "v", { devices: 4, memory: 7 }, 8, "family-exceeds-memory"],
    ["1f1b", "v", { devices: 4, memory: 3 }, 8, "family-exceeds-memory"],
    ["1f1b", "m", { devices: 4 }, 8, "family-does-not-fit"],
    ["1f1b", "zb-v", { devices: 4 }, 8, "family-does-not-fit"],
    ["gpipe", "x", { devices: 4 }, 8, "family-does-not-fit"],
    ["interleaved-1f1b", "interleaved-1f1b", { devices: 4 }, 6, "family-does-not-fit"],
    ["interleaved-1f1b", "zb-v", { devices: 4 }, 8, "family-does-not-fit"],
  ])("%s refuses %s %o with %i micro-batches: %s", (family, name, options, n, code) => {
    const result = familySchedule(family, shape(name, options), n);
    expect(result.ok ? "" : result.error[0].code).toBe(code);
  });

  it.each<[Family, boolean]>([
    ["gpipe", true],
    ["1f1b", false],
    ["interleaved-1f1b", false],
    ["zb-v", false],
  ])("%s takes a chain that is folded on itself: %s", (family, isTaken) => {
    const result = familySchedule(family, FOLDED, 4);
    expect(result.ok ? "taken" : result.error[0].code).toBe(
      isTaken ? "taken" : "family-does-not-fit",
    );
  });

  it("1f1b takes a chain beside devices without work", () => {
    const placement = shape("v", { devices: 2 });
    const idle = { ...placement, devices: [...placement.devices, { name: "idle", memory: 0 }] };
    const result = familySchedule("1f1b", idle, 4);
    const alone = familySchedule("1f1b", placement, 4);
    expect(result.ok && alone.ok && result.value).toEqual(alone.ok && alone.value);
  });

  it("orders that wait for each other are stuck, and say where", () => {
    const [a, b] = [0, 1].map((block) => ({ block, microBatch: 0 }));
    const [f0, f1] = FOLDED.blocks.map((block, at) => ({ ...block, devices: [at % 1] }));
    const placement: Placement = {
      ...FOLDED,
      blocks: [f0!, f1!],
      dependencies: [{ from: 0, to: 1, latency: 0 }],
    };
    expect(runOrders(placement, [[b!, a!], [], [], []], 1)).toEqual({
      kind: "stuck",
      device: 0,
      item: b,
    });
    expect(runOrders(placement, [[a!, b!], [], [], []], 1)).toMatchObject({
      kind: "whole",
      whole: { makespan: 2 },
    });
  });
});
