import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pipelineSectionOf } from "../../../src/artifact/pipeline-section-of.js";
import { buildShape } from "../../../src/placement/shapes/build-shape.js";
import { isInOrder, periodicInOrder, wholeInOrder } from "../../../src/schedule/in-order.js";
import type { PipelineOutcome } from "../../../src/schedule/pipeline-outcome.js";
import type { PeriodicSchedule } from "../../../src/schedule/pipeline-schedule.js";
import { simulatePipeline } from "../../../src/schedule/simulate-pipeline.js";
import { unrollPeriodic } from "../../../src/schedule/unroll-periodic.js";
import { verifyPeriodicSchedule } from "../../../src/schedule/verify-periodic-schedule.js";
import { verifyPipelineSchedule } from "../../../src/schedule/verify-pipeline-schedule.js";
import { searchPipeline } from "../../../src/search/pipeline/algorithms.js";
import { verifyPipeline } from "../../../src/verify/verify-pipeline.js";
import { randomPlacement } from "../../support/placements.js";

/** The same pattern twice as long, with every micro-batch of odd number a whole turn of it early or late. */
function shuffled(periodic: PeriodicSchedule, late: readonly number[]): PeriodicSchedule {
  const { period, repetend } = periodic;
  const blocks = repetend.length;
  return {
    period: 2 * period,
    microBatchesPerPeriod: 2,
    repetend: [0, 1].flatMap((residue) =>
      repetend.map(({ block, offset, shift }) => {
        // Micro-batch 2 j + residue in turn 2 j + residue + shift, of which two are one now; the odd ones later.
        const turn = residue + shift + (residue === 1 ? 2 * late[block % blocks]! : 0);
        return {
          block,
          residue,
          offset: offset + (turn % 2) * period,
          shift: Math.floor(turn / 2),
        };
      }),
    ),
  };
}

describe("micro-batches in order", () => {
  it("are those of each block by time", () => {
    const at = (microBatch: number, start: number) => {
      return { block: 0, microBatch, start, end: start + 1, phase: "repetend" as const };
    };
    const whole = { microBatches: 3, instances: [at(1, 4), at(0, 7), at(2, 9)], makespan: 10 };
    expect(isInOrder(whole)).toBe(false);
    const inOrder = wholeInOrder(whole);
    expect(isInOrder(inOrder)).toBe(true);
    expect(inOrder.instances.map(({ start }) => start)).toEqual([4, 7, 9]);
  });

  it("make a right schedule of one whose odd micro-batches come late", () => {
    let moved = 0;
    fc.assert(
      fc.property(
        randomPlacement({ limits: false }),
        fc.integer({ min: 0, max: 3 }),
        (placement, late) => {
          const found = searchPipeline("modulo", placement, 4);
          if (!found.ok || found.value.periodic.microBatchesPerPeriod > 1) {
            return;
          }
          const mixed = shuffled(
            found.value.periodic,
            placement.blocks.map(() => late),
          );
          expect(verifyPeriodicSchedule(placement, mixed)).toEqual([]);
          const sorted = periodicInOrder(mixed);
          expect(verifyPeriodicSchedule(placement, sorted)).toEqual([]);
          expect(isInOrder(unrollPeriodic(placement, sorted, 12))).toBe(true);
          const times = ({ repetend }: PeriodicSchedule) =>
            repetend.map(({ block, offset }) => `${block} ${offset}`).sort();
          expect(times(sorted)).toEqual(times(mixed));
          const whole = unrollPeriodic(placement, mixed, 12);
          const again = wholeInOrder(whole);
          expect(verifyPipelineSchedule(placement, again)).toEqual([]);
          expect(again.makespan).toBe(whole.makespan);
          expect(simulatePipeline(placement, again).map(({ memory }) => memory)).toEqual(
            simulatePipeline(placement, whole).map(({ memory }) => memory),
          );
          moved += isInOrder(whole) ? 0 : 1;
        },
      ),
      { numRuns: 200 },
    );
    expect(moved).toBeGreaterThan(50);
  });

  it("are missed by verify, which accepts them", () => {
    const placement = buildShape("v", { devices: 2, mode: "train" });
    expect(placement.ok).toBe(true);
    if (placement.ok) {
      const found = searchPipeline("1f1b", placement.value, 4);
      expect(found.ok).toBe(true);
      if (found.ok) {
        const { whole } = found.value;
        const other = [1, 0, 2, 3];
        const instances = whole.instances.map((each) => ({
          ...each,
          microBatch: other[each.microBatch] ?? 0,
        }));
        const mixed = { ...found.value, whole: { ...whole, instances } };
        const notesOf = (outcome: PipelineOutcome) => {
          const verified = verifyPipeline(pipelineSectionOf(placement.value, outcome), "s.json");
          return verified.ok ? verified.value.notes.join() : undefined;
        };
        expect(notesOf(mixed)).toContain("out of order");
        expect(notesOf(found.value)).toBe("");
      }
    }
  });

  it("stand in what the search finds, where memory makes it overtake", () => {
    const placement = buildShape("v", { devices: 4, mode: "train" });
    expect(placement.ok).toBe(true);
    if (placement.ok) {
      const devices = placement.value.devices.map((device) => ({ ...device, memory: 3 }));
      const found = searchPipeline("top-compile", { ...placement.value, devices }, 8);
      expect(found.ok && isInOrder(found.value.whole)).toBe(true);
      expect(found.ok && found.value.whole.makespan).toBe(52);
    }
  });
});
