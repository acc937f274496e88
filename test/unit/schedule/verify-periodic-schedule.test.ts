import { describe, expect, it } from "vitest";
import type { Placement } from "../../../src/placement/placement.js";
import { buildShape, type ShapeOptions } from "../../../src/placement/shapes/build-shape.js";
import type { PeriodicSchedule } from "../../../src/schedule/pipeline-schedule.js";
import {
  steadyPeakMemory,
  verifyPeriodicSchedule,
} from "../../../src/schedule/verify-periodic-schedule.js";

function v(devices: number, options: Partial<ShapeOptions> = {}): Placement {
  const built = buildShape("v", { devices, ...options });
  if (!built.ok) {
    throw new Error(built.error[0].message);
  }
  return built.value;
}

function periodic(period: number, times: readonly (readonly number[])[]): PeriodicSchedule {
  return {
    period,
    microBatchesPerPeriod: times.length,
    repetend: times.flatMap((row, residue) =>
      row.map((time, block) => ({
        block,
        residue,
        offset: time % period,
        shift: Math.floor(time / period),
      })),
    ),
  };
}

/** One forward, one backward: v with four devices, forward 1, backward 3, period 4. */
const ONE_F_ONE_B = periodic(4, [[0, 1, 2, 3, 4, 7, 10, 13]]);

describe("verifyPeriodicSchedule", () => {
  it("accepts 1F1B and counts the micro-batches in flight: 4, 3, 2, 1", () => {
    expect(verifyPeriodicSchedule(v(4, { memory: 4 }), ONE_F_ONE_B)).toEqual([]);
    expect(steadyPeakMemory(v(4), ONE_F_ONE_B)).toEqual([4, 3, 2, 1]);
  });

  it("counts memory until the end of the release when the placement says so", () => {
    const placement = v(4, { memory: 4, memoryRelease: "end" });
    expect(steadyPeakMemory(placement, ONE_F_ONE_B)).toEqual([4, 3, 2, 1]);
    const workspace = {
      ...placement,
      blocks: placement.blocks.map((block) => ({ ...block, workspace: 5 })),
    };
    expect(steadyPeakMemory(workspace, ONE_F_ONE_B)).toEqual([9, 8, 7, 6]);
    expect(verifyPeriodicSchedule(workspace, ONE_F_ONE_B)[0]).toEqual({
      kind: "memory-exceeded",
      device: 0,
      limit: 4,
      peak: 9,
    });
  });

  it("accepts several micro-batches per period", () => {
    const placement = v(1, { backward: 1, memory: 2 });
    const pairs = periodic(4, [
      [0, 2],
      [1, 3],
    ]);
    expect(verifyPeriodicSchedule(placement, pairs)).toEqual([]);
    expect(steadyPeakMemory(placement, pairs)).toEqual([2]);
  });

  it("finds memory above the limit", () => {
    expect(verifyPeriodicSchedule(v(4, { memory: 3 }), ONE_F_ONE_B)).toEqual([
      { kind: "memory-exceeded", device: 0, limit: 3, peak: 4 },
    ]);
  });

  it("finds blocks that meet modulo the period, over its end too", () => {
    const placement = v(1, { backward: 2 });
    expect(verifyPeriodicSchedule(placement, periodic(3, [[1, 2]]))).toEqual([]);
    expect(verifyPeriodicSchedule(placement, periodic(3, [[0, 2]]))).toEqual([
      {
        kind: "device-overlap",
        device: 0,
        first: { block: 1, residue: 0 },
        second: { block: 0, residue: 0 },
      },
    ]);
  });

  it("finds a block that meets its own next repetition", () => {
    const placement = { ...v(2, { mode: "infer", forward: 3 }) };
    const kinds = verifyPeriodicSchedule(placement, periodic(2, [[0, 3]])).map((p) => p.kind);
    expect(kinds).toEqual(["device-overlap", "device-overlap"]);
  });

  it("finds unmet dependencies across periods", () => {
    const early = periodic(4, [[0, 1, 2, 3, 4, 7, 9, 13]]);
    expect(verifyPeriodicSchedule(v(4), early)).toContainEqual({
      kind: "unmet-dependency",
      from: 5,
      to: 6,
      residue: 0,
      start: 9,
      earliest: 10,
    });
    expect(
      verifyPeriodicSchedule(v(4, { latency: 1 }), ONE_F_ONE_B).every(
        ({ kind }) => kind === "unmet-dependency",
      ),
    ).toBe(true);
  });

  it("finds entries that are missing, repeated, unknown, unsorted or out of range", () => {
    const placement = v(1);
    const good = periodic(4, [[0, 1]]);
    const [first, second] = good.repetend;
    const kinds = (repetend: PeriodicSchedule["repetend"]) =>
      verifyPeriodicSchedule(placement, { ...good, repetend }).map(({ kind }) => kind);
    expect(kinds([first!])).toEqual(["missing-entry"]);
    expect(kinds([first!, first!])).toEqual(["repeated-entry", "missing-entry"]);
    expect(kinds([second!, first!])).toEqual(["out-of-order"]);
    expect(kinds([first!, second!, { ...first!, residue: 1 }])).toEqual(["unknown-entry"]);
    expect(kinds([{ ...first!, offset: 4 }, second!])).toEqual(["offset-invalid"]);
    expect(kinds([{ ...first!, shift: -1 }, second!])).toEqual(["offset-invalid"]);
    expect(verifyPeriodicSchedule(placement, { ...good, period: 0 })[0]?.kind).toBe(
      "period-invalid",
    );
    expect(
      verifyPeriodicSchedule(placement, { ...good, microBatchesPerPeriod: 1e15 }),
    ).toHaveLength(100);
  });

  it("has no steady state on a device with a limit that keeps memory for good", () => {
    const placement: Placement = {
      ...v(1, { mode: "infer", memory: 2 }),
    };
    const leaking = {
      ...placement,
      blocks: placement.blocks.map((block) => ({ ...block, memory: 1 })),
    };
    const schedule = periodic(1, [[0]]);
    expect(steadyPeakMemory(leaking, schedule)).toEqual([undefined]);
    expect(verifyPeriodicSchedule(leaking, schedule)).toEqual([
      { kind: "memory-not-returned", device: 0, change: 1 },
    ]);
  });
});
