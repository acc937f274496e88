import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodePlacement, parsePlacement } from "../../src/placement/parse-placement.js";
import type { Placement } from "../../src/placement/placement.js";
import type {
  BlockInstance,
  PeriodicSchedule,
  PipelineSchedule,
} from "../../src/schedule/pipeline-schedule.js";
import { simulatePipeline } from "../../src/schedule/simulate-pipeline.js";
import { unrollPeriodic } from "../../src/schedule/unroll-periodic.js";
import {
  steadyPeakMemory,
  verifyPeriodicSchedule,
} from "../../src/schedule/verify-periodic-schedule.js";
import { verifyPipelineSchedule } from "../../src/schedule/verify-pipeline-schedule.js";
import { randomPlacement } from "../support/placements.js";

/** One block after the other, in the order of the specification. */
function serialTimes(placement: Placement): { times: number[]; length: number } {
  const times: number[] = [];
  let length = 0;
  placement.blocks.forEach(({ duration }, at) => {
    const ready = placement.dependencies
      .filter(({ to }) => to === at)
      .map(({ from, latency }) => times[from]! + placement.blocks[from]!.duration + latency);
    const start = Math.max(length, ...ready);
    times.push(start);
    length = start + duration;
  });
  return { times, length };
}

/** Random starts near a serial schedule: some right, most wrong in one way. */
function schedules(placement: Placement): fc.Arbitrary<PipelineSchedule> {
  const { times, length } = serialTimes(placement);
  const count = 2 * placement.blocks.length;
  const nudge = fc.oneof(
    { weight: 4, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.integer({ min: -3, max: 3 }) },
  );
  return fc
    .tuple(fc.integer({ min: -4, max: 0 }), fc.array(nudge, { minLength: count, maxLength: count }))
    .map(([overlap, nudges]) => {
      const raw = [0, 1].flatMap((microBatch) =>
        placement.blocks.map(({ duration }, block) => {
          const base = microBatch * (length + overlap) + (times[block] ?? 0);
          const start = Math.max(
            0,
            base + (nudges[microBatch * placement.blocks.length + block] ?? 0),
          );
          return { block, microBatch, start, duration };
        }),
      );
      const origin = Math.min(...raw.map(({ start }) => start));
      const instances = raw
        .map(
          ({ block, microBatch, start, duration }): BlockInstance => ({
            block,
            microBatch,
            start: start - origin,
            end: start - origin + duration,
            phase: "repetend",
          }),
        )
        .sort((a, b) => a.start - b.start || a.block - b.block || a.microBatch - b.microBatch);
      return { microBatches: 2, instances, makespan: Math.max(...instances.map((i) => i.end)) };
    });
}

/** The rules again, read off a grid of unit steps. */
function isRightStepByStep(placement: Placement, schedule: PipelineSchedule): boolean {
  const { blocks, devices, dependencies, memoryRelease } = placement;
  const at = (block: number, microBatch: number): BlockInstance =>
    schedule.instances.find((i) => i.block === block && i.microBatch === microBatch)!;
  const dependenciesHold = [0, 1].every((microBatch) =>
    dependencies.every(
      ({ from, to, latency }) => at(to, microBatch).start - at(from, microBatch).end >= latency,
    ),
  );
  const devicesHold = devices.every(({ memory }, device) => {
    for (let step = 0; step <= schedule.makespan; step++) {
      let running = 0;
      let held = 0;
      for (const { block, start, end } of schedule.instances) {
        const spec = blocks[block]!;
        if (!spec.devices.includes(device)) {
          continue;
        }
        const runs = start <= step && step < end;
        running += runs ? 1 : 0;
        held += runs ? spec.workspace : 0;
        const changedAt = spec.memory < 0 && memoryRelease === "end" ? end : start;
        held += changedAt <= step ? spec.memory : 0;
      }
      if (running > 1 || (memory !== undefined && held > memory)) {
        return false;
      }
    }
    return true;
  });
  return dependenciesHold && devicesHold;
}

/** Random entries; the period is long enough for the busiest device often enough. */
function periodics(placement: Placement): fc.Arbitrary<PeriodicSchedule> {
  const { times, length } = serialTimes(placement);
  return fc
    .record({
      q: fc.integer({ min: 1, max: 3 }),
      cut: fc.integer({ min: 0, max: length - 1 }),
      delays: fc.array(fc.nat(2), { minLength: 24, maxLength: 24 }),
      shake: fc.array(fc.constantFrom(0, 0, 0, 0, 1), { minLength: 24, maxLength: 24 }),
    })
    .map(({ q, cut, delays, shake }) => {
      const period = Math.max(1, q * (length - Math.floor(cut / 4)));
      const entries = Array.from({ length: q }, (_, residue) =>
        placement.blocks.map((_block, block) => {
          const slot = residue * placement.blocks.length + block;
          const later = delays.slice(0, block + 1).reduce((sum, each) => sum + (each % 2), 0);
          const time =
            residue * (period / q) + (times[block] ?? 0) + (shake[slot] ?? 0) + later * period;
          const whole = Math.floor(time);
          return { block, residue, offset: whole % period, shift: Math.floor(whole / period) };
        }),
      );
      return { period, microBatchesPerPeriod: q, repetend: entries.flat() };
    });
}

const CASES = randomPlacement();

describe("verifyPipelineSchedule", () => {
  it("agrees with the rules read step by step", () => {
    const seen = { right: 0, wrong: 0 };
    fc.assert(
      fc.property(
        CASES.chain((p) => fc.tuple(fc.constant(p), schedules(p))),
        ([placement, schedule]) => {
          const isRight = isRightStepByStep(placement, schedule);
          seen[isRight ? "right" : "wrong"]++;
          expect(verifyPipelineSchedule(placement, schedule).length === 0).toBe(isRight);
        },
      ),
      { numRuns: 500 },
    );
    expect(Math.min(seen.right, seen.wrong)).toBeGreaterThan(20);
  });
});

describe("verifyPeriodicSchedule", () => {
  it("says of the period what the verifier of whole schedules says of many periods", () => {
    const seen = { right: 0, wrong: 0 };
    fc.assert(
      fc.property(
        CASES.chain((p) => fc.tuple(fc.constant(p), periodics(p))),
        ([placement, schedule]) => {
          const unlimited = {
            ...placement,
            devices: placement.devices.map(({ name }) => ({ name, memory: undefined })),
          };
          const deepest = Math.max(...schedule.repetend.map(({ shift }) => shift));
          const periods = deepest + 4;
          const whole = unrollPeriodic(
            placement,
            schedule,
            periods * schedule.microBatchesPerPeriod,
          );
          const isRight = verifyPipelineSchedule(unlimited, whole).length === 0;
          seen[isRight ? "right" : "wrong"]++;
          expect(verifyPeriodicSchedule(unlimited, schedule).length === 0).toBe(isRight);
        },
      ),
      { numRuns: 300 },
    );
    expect(Math.min(seen.right, seen.wrong)).toBeGreaterThan(20);
  });

  it("finds the peak that unrolling finds in the middle", () => {
    fc.assert(
      fc.property(
        CASES.chain((p) => fc.tuple(fc.constant(p), periodics(p))),
        ([placement, schedule]) => {
          const { period, microBatchesPerPeriod, repetend } = schedule;
          const deepest = Math.max(...repetend.map(({ shift }) => shift)) + 2;
          const first = Math.min(...repetend.map((entry) => entry.offset + entry.shift * period));
          const whole = unrollPeriodic(placement, schedule, 2 * deepest * microBatchesPerPeriod);
          const [from, to] = [deepest * period - first, (deepest + 1) * period - first];
          const peaks = simulatePipeline(placement, whole).map(({ memory }) => {
            const before = memory.filter(({ time }) => time <= from).at(-1)?.memory ?? 0;
            const inside = memory.filter(({ time }) => time > from && time <= to);
            return Math.max(0, before, ...inside.map((point) => point.memory));
          });
          expect(steadyPeakMemory(placement, schedule)).toEqual(peaks);
        },
      ),
      { numRuns: 300 },
    );
  });
});

/** What a placement of the right form may still be refused for. */
const OF_BLOCKS = ["block-too-large", "memory-not-returned"];

describe("placements", () => {
  it("survive encoding", () => {
    fc.assert(
      fc.property(CASES, (placement) => {
        expect(parsePlacement(encodePlacement(placement))).toEqual({ ok: true, value: placement });
      }),
    );
  });

  it("stay placements or become coded failures under mutation of their text", () => {
    const junk = fc.constantFrom(
      '"',
      "{",
      "}",
      "[",
      "-",
      "9",
      "null",
      "1e400",
      ",",
      "b0",
      "d9",
      "\\",
    );
    fc.assert(
      fc.property(CASES, fc.array(fc.tuple(fc.nat(), fc.nat(6), junk)), (placement, edits) => {
        let text = encodePlacement(placement);
        for (const [at, cut, insert] of edits) {
          const place = at % (text.length + 1);
          text = text.slice(0, place) + insert + text.slice(place + cut);
        }
        const result = parsePlacement(text);
        if (!result.ok) {
          for (const { code, exit } of result.error) {
            expect(["placement-not-json", "placement-invalid", ...OF_BLOCKS]).toContain(code);
            expect(exit).toBe(1);
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});
