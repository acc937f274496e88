import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ArtifactInstance } from "../../src/artifact/pipeline-instances.js";
import type { PipelineSection } from "../../src/artifact/pipeline-section.js";
import { searchedSection } from "../../src/driver/search-placement.js";
import { isPlain, statedMicroBatches } from "../../src/placement/micro-batches.js";
import { encodePlacement, parsePlacement } from "../../src/placement/parse-placement.js";
import { PIPELINE_ALGORITHMS } from "../../src/schedule/pipeline-algorithm-names.js";
import { verifyPipeline } from "../../src/verify/verify-pipeline.js";
import {
  type UnlikeBlock,
  type UnlikeFile,
  unlikePlacement,
} from "../support/unlike-placements.js";
import { verified } from "../support/verified-section.js";

const COUNT = fc.integer({ min: 1, max: 4 });

/** By how much time and memory of a block are multiplied in a micro-batch. */
function lengthOf({ lengths }: UnlikeFile, block: UnlikeBlock, microBatch: number): number {
  return lengths === undefined || block.perStep === true
    ? 1
    : lengths[microBatch % lengths.length]!;
}

/** What a schedule gets wrong, by what the file says and nothing else. */
function contradictions(file: UnlikeFile, section: PipelineSection): readonly string[] {
  const { blocks, dependencies, devices, memoryRelease = "end" } = file;
  const { instances, microBatches } = section;
  const problems: string[] = [];
  const spans = new Map(instances.map((each) => [`${each.microBatch} ${each.block}`, each]));
  const all = Array.from({ length: microBatches }, (_, microBatch) => microBatch);
  const timesOf = ({ perStep }: UnlikeBlock): readonly number[] => (perStep === true ? [0] : all);
  const span = (block: UnlikeBlock, microBatch: number): ArtifactInstance =>
    spans.get(`${block.perStep === true ? 0 : microBatch} ${block.id}`)!;
  for (const block of blocks) {
    for (const microBatch of timesOf(block)) {
      const { start, end } = span(block, microBatch);
      const time =
        block.durations?.[microBatch % block.durations.length] ??
        block.duration * lengthOf(file, block, microBatch);
      if (end - start !== time) {
        problems.push(`${block.id}.${microBatch} takes ${end - start} and not ${time}`);
      }
    }
  }
  const own = instances.filter(({ block }) => blocks.some(({ id }) => id === block));
  const expected = blocks.reduce((sum, block) => sum + timesOf(block).length, 0);
  if (own.length !== expected) {
    problems.push(`${own.length} instances and not ${expected}`);
  }
  for (const { from, to, latency = 0, distance = 0, transfer = 0 } of dependencies) {
    const [source, target] = [from, to].map((id) => blocks.find((each) => each.id === id)!);
    for (const microBatch of all.slice(0, Math.max(0, all.length - distance))) {
      const sent = transfer * lengthOf(file, source!, microBatch);
      const ready = span(source!, microBatch).end + sent + latency;
      if (span(target!, microBatch + distance).start < ready) {
        problems.push(`${to}.${microBatch + distance} starts too early for ${from}.${microBatch}`);
      }
    }
  }
  for (const device of devices) {
    const changes: { time: number; change: number }[] = [];
    const change = (time: number, amount: number): void => {
      changes.push({ time, change: amount });
    };
    for (const block of blocks) {
      const here = block.devices.includes(device.name);
      const memory = here
        ? (block.memory ?? 0)
        : (block.elsewhere?.find((each) => each.device === device.name)?.memory ?? 0);
      for (const microBatch of timesOf(block)) {
        const { start, end } = span(block, microBatch);
        const length = lengthOf(file, block, microBatch);
        change(memory < 0 && memoryRelease === "end" ? end : start, memory * length);
        const workspace = here ? (block.workspace ?? 0) * length : 0;
        change(start, workspace);
        change(end, -workspace);
      }
    }
    const levels = changes.map(
      ({ time }) =>
        (device.reserved ?? 0) +
        changes.reduce((sum, each) => sum + (each.time <= time ? each.change : 0), 0),
    );
    const peak = Math.max(device.reserved ?? 0, ...levels);
    const told = section.devices.find(({ name }) => name === device.name)?.peakMemory;
    if (peak > (device.memory ?? Number.POSITIVE_INFINITY)) {
      problems.push(`${device.name} holds ${peak} of ${device.memory}`);
    } else if (told !== peak) {
      problems.push(`${device.name} holds ${peak}, and ${told} is told`);
    }
  }
  return problems;
}

describe("placements that are not plain", () => {
  it("are written and read again as they were", () => {
    fc.assert(
      fc.property(unlikePlacement(), ({ placement }) => {
        expect(parsePlacement(encodePlacement(placement))).toEqual({ ok: true, value: placement });
      }),
    );
  });

  it.each(PIPELINE_ALGORITHMS)("are heeded by %s, or it refuses them", (algorithm) => {
    let [given, refused] = [0, 0];
    fc.assert(
      fc.property(unlikePlacement(), COUNT, ({ file, placement }, count) => {
        const microBatches = statedMicroBatches(placement) ?? count;
        const section = searchedSection(placement, { algorithm, microBatches, maxNodes: 2000 });
        if (section.ok) {
          given++;
          expect(contradictions(file, section.value)).toEqual([]);
          expect(verified(section.value)).toEqual([]);
        } else if (section.error[0].code === "algorithm-too-plain") {
          refused++;
          expect(isPlain(placement)).toBe(false);
        }
      }),
      { numRuns: 100 },
    );
    const knows = ["top-compile", "greedy", "quick"].includes(algorithm);
    expect(knows ? given : refused).toBeGreaterThan(50);
  });

  it("never are promised a bound above what another order reaches", () => {
    fc.assert(
      fc.property(unlikePlacement(), COUNT, ({ placement }, count) => {
        const microBatches = statedMicroBatches(placement) ?? count;
        const of = (algorithm: "top-compile" | "greedy") =>
          searchedSection(placement, { algorithm, microBatches, maxNodes: 2000 });
        const [ours, greedy] = [of("top-compile"), of("greedy")];
        if (ours.ok && greedy.ok) {
          expect(ours.value.makespan).toBeLessThanOrEqual(greedy.value.makespan);
          expect(ours.value.makespanLowerBound).toBeLessThanOrEqual(ours.value.makespan);
          const each = (section: PipelineSection): number =>
            section.period / section.microBatchesPerPeriod;
          const { numerator, denominator } = ours.value.boundEach!;
          expect(numerator / denominator).toBeLessThanOrEqual(each(greedy.value) + 1e-9);
        }
      }),
      { numRuns: 100 },
    );
  });

  it("are watched by verify: an instance at a time that the file forbids is found", () => {
    let forbidden = 0;
    fc.assert(
      fc.property(
        unlikePlacement(),
        COUNT,
        fc.nat(1000),
        fc.integer({ min: -4, max: 4 }),
        ({ file, placement }, count, which, by) => {
          const microBatches = statedMicroBatches(placement) ?? count;
          const found = searchedSection(placement, { algorithm: "quick", microBatches });
          if (!found.ok) {
            return;
          }
          const { instances } = found.value;
          const moved = instances[which % instances.length];
          const section = {
            ...found.value,
            instances: instances.map((each) =>
              each === moved ? { ...each, start: each.start + by, end: each.end + by } : each,
            ),
          };
          if (contradictions(file, section).length > 0) {
            forbidden++;
            expect(verifyPipeline(section, "s.json").ok).toBe(false);
          }
        },
      ),
      { numRuns: 200 },
    );
    expect(forbidden).toBeGreaterThan(20);
  });
});
