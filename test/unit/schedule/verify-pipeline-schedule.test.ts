import { describe, expect, it } from "vitest";
import type { Placement } from "../../../src/placement/placement.js";
import { buildShape } from "../../../src/placement/shapes/build-shape.js";
import type { BlockInstance, PipelineSchedule } from "../../../src/schedule/pipeline-schedule.js";
import { simulatePipeline } from "../../../src/schedule/simulate-pipeline.js";
import { verifyPipelineSchedule } from "../../../src/schedule/verify-pipeline-schedule.js";

function shape(options: { latency?: number; memory?: number } = {}): Placement {
  const built = buildShape("v", { devices: 2, backward: 2, ...options });
  if (!built.ok) {
    throw new Error(built.error[0].message);
  }
  return built.value;
}

/** Two micro-batches on v with two devices: blocks f0 f1 b0 b1 = 0..3. */
const STARTS: readonly (readonly [block: number, microBatch: number, start: number])[] = [
  [0, 0, 0],
  [0, 1, 1],
  [1, 0, 1],
  [2, 0, 2],
  [1, 1, 4],
  [3, 0, 4],
  [2, 1, 5],
  [3, 1, 7],
];

const DURATIONS = [1, 1, 2, 2];

function schedule(change: (instances: BlockInstance[]) => void = () => undefined) {
  const instances = STARTS.map(([block, microBatch, start]): BlockInstance => {
    const end = start + (DURATIONS[block] ?? 0);
    return { block, microBatch, start, end, phase: "repetend" };
  });
  change(instances);
  const makespan = Math.max(...instances.map(({ end }) => end));
  return { microBatches: 2, instances, makespan } satisfies PipelineSchedule;
}

function move(at: number, start: number) {
  return (instances: BlockInstance[]): void => {
    const old = instances[at] as BlockInstance;
    instances[at] = { ...old, start, end: start + old.end - old.start };
    instances.sort((a, b) => a.start - b.start || a.block - b.block || a.microBatch - b.microBatch);
  };
}

describe("verifyPipelineSchedule", () => {
  it("accepts a right schedule", () => {
    expect(verifyPipelineSchedule(shape({ memory: 2 }), schedule())).toEqual([]);
  });

  it("finds a start before the end of what it depends on", () => {
    const name = (block: number) => ({ block, microBatch: 1 });
    expect(verifyPipelineSchedule(shape(), schedule(move(7, 6)))).toEqual([
      { kind: "unmet-dependency", from: name(2), to: name(3), start: 6, earliest: 7 },
    ]);
  });

  it("finds a latency that is not kept", () => {
    const problems = verifyPipelineSchedule(shape({ latency: 1 }), schedule());
    expect(problems.map(({ kind }) => kind)).toEqual([
      "unmet-dependency",
      "unmet-dependency",
      "unmet-dependency",
    ]);
  });

  it("finds two blocks at once on a device", () => {
    expect(verifyPipelineSchedule(shape(), schedule(move(4, 3)))).toEqual([
      {
        kind: "device-overlap",
        device: 1,
        first: { block: 2, microBatch: 0 },
        second: { block: 1, microBatch: 1 },
        time: 3,
      },
    ]);
  });

  it("finds the first time that memory is above the limit, and the peak", () => {
    expect(verifyPipelineSchedule(shape({ memory: 1 }), schedule())).toEqual([
      { kind: "memory-exceeded", device: 0, limit: 1, time: 1, peak: 2 },
    ]);
  });

  it("counts what is released at a time for what starts at that time", () => {
    const placement: Placement = { ...shape({ memory: 1 }), memoryRelease: "end" };
    const late = schedule(move(1, 6));
    const moved = schedule((instances) => {
      instances.splice(0, instances.length, ...late.instances);
      for (const [block, start] of [
        [1, 7],
        [2, 8],
        [3, 10],
      ] as const) {
        const at = instances.findIndex((i) => i.block === block && i.microBatch === 1);
        move(at, start)(instances);
      }
    });
    expect(verifyPipelineSchedule(placement, moved)).toEqual([]);
    expect(simulatePipeline(placement, moved)[0]?.memory).toEqual([
      { time: 0, memory: 1 },
      { time: 12, memory: 0 },
    ]);
  });

  it("finds instances that are missing, repeated or unknown", () => {
    const wrong = schedule((instances) => {
      instances[1] = instances[0] as BlockInstance;
      instances.push({ block: 9, microBatch: 0, start: 9, end: 10, phase: "cooldown" });
      instances.push({ block: 0, microBatch: 2, start: 9, end: 10, phase: "cooldown" });
    });
    expect(verifyPipelineSchedule(shape(), wrong)).toEqual([
      { kind: "repeated-instance", position: 1, name: { block: 0, microBatch: 0 } },
      { kind: "unknown-instance", position: 8, name: { block: 9, microBatch: 0 } },
      { kind: "unknown-instance", position: 9, name: { block: 0, microBatch: 2 } },
      { kind: "missing-instance", name: { block: 0, microBatch: 1 } },
    ]);
  });

  it("finds wrong durations and times", () => {
    const wrong = schedule((instances) => {
      instances[0] = { ...(instances[0] as BlockInstance), end: 2 };
      instances[1] = { ...(instances[1] as BlockInstance), start: -1, end: 0 };
      instances[2] = { ...(instances[2] as BlockInstance), start: 1.5, end: 2.5 };
    });
    const kinds = verifyPipelineSchedule(shape(), wrong).map(({ kind }) => kind);
    expect(kinds).toEqual(["wrong-duration", "time-invalid", "time-invalid"]);
  });

  it("finds a wrong order, a late start and a wrong makespan", () => {
    const swapped = schedule((instances) => instances.reverse());
    expect(verifyPipelineSchedule(shape(), swapped).some((p) => p.kind === "out-of-order")).toBe(
      true,
    );
    const late = schedule((instances) => {
      for (const [at, { start, end, ...rest }] of instances.entries()) {
        instances[at] = { ...rest, start: start + 3, end: end + 3 };
      }
    });
    expect(verifyPipelineSchedule(shape(), { ...late, makespan: 11 })).toEqual([
      { kind: "late-first-start", start: 3 },
      { kind: "wrong-makespan", makespan: 11, expected: 12 },
    ]);
  });

  it("answers hostile counts without walking them", () => {
    expect(verifyPipelineSchedule(shape(), { ...schedule(), microBatches: 1e15 })).toHaveLength(
      100,
    );
    expect(verifyPipelineSchedule(shape(), { ...schedule(), microBatches: 0 })).toEqual([
      { kind: "micro-batches-invalid", microBatches: 0 },
    ]);
  });
});
