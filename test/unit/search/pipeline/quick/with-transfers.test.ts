import { describe, expect, it } from "vitest";
import { parsePlacement } from "../../../../../src/placement/parse-placement.js";
import type { Placement } from "../../../../../src/placement/placement.js";
import { simulatePipeline } from "../../../../../src/schedule/simulate-pipeline.js";
import { verifyPipelineSchedule } from "../../../../../src/schedule/verify-pipeline-schedule.js";
import { searchPipeline } from "../../../../../src/search/pipeline/algorithms.js";
import {
  withoutSends,
  withTransfers,
} from "../../../../../src/search/pipeline/quick/with-transfers.js";
import { familySchedule } from "../../../../../src/search/pipeline/reference/families.js";

/** A chain that goes around the devices, forward 10 and backward 20, sends of 2 that block both ends. */
function blockingChain(devices: number, chunks: number, memory?: number): Placement {
  const stages = Array.from({ length: devices * chunks }, (_, stage) => stage);
  const on = (stage: number): readonly string[] => [`d${stage % devices}`];
  const spec = {
    format: "top-compile/placement",
    version: 1,
    timeUnit: "step",
    devices: Array.from({ length: devices }, (_, at) => ({
      name: `d${at}`,
      ...(memory === undefined ? {} : { memory }),
    })),
    links: [{ name: "wire", sharing: "shared", blocking: "both" }],
    blocks: [
      ...stages.map((stage) => ({
        id: `f${stage}`,
        kind: "forward",
        devices: on(stage),
        duration: 10,
        memory: 1,
      })),
      ...stages.map((stage) => ({
        id: `b${stage}`,
        kind: "backward",
        devices: on(stage),
        duration: 20,
        memory: -1,
      })),
    ],
    dependencies: [
      ...stages.slice(1).flatMap((stage) => [
        { from: `f${stage - 1}`, to: `f${stage}`, link: "wire", transfer: 2 },
        { from: `b${stage}`, to: `b${stage - 1}`, link: "wire", transfer: 2 },
      ]),
      { from: `f${stages.length - 1}`, to: `b${stages.length - 1}` },
    ],
  };
  const read = parsePlacement(JSON.stringify(spec));
  if (!read.ok) {
    throw new Error(JSON.stringify(read.error));
  }
  return read.value;
}

describe("sends that block both ends", () => {
  it.each([4, 8])(
    "cost at most a twentieth above the bound on %i devices with 4 chunks",
    (devices) => {
      const found = searchPipeline("top-compile", blockingChain(devices, 4), 16, {
        maxNodes: 3000,
      });
      const outcome = found.ok ? found.value : undefined;
      expect(outcome?.whole.makespan).toBeLessThanOrEqual(1.05 * outcome!.makespanLowerBound);
    },
  );

  it("are latencies for families, and put in again within memory", () => {
    const placement = blockingChain(2, 1, 2);
    const without = withoutSends(placement);
    expect(without?.placement.blocks).toHaveLength(4);
    expect(without?.placement.dependencies.filter(({ latency }) => latency === 2)).toHaveLength(2);
    const family = familySchedule("gpipe", without!.placement, 6);
    const whole = family.ok ? withTransfers(placement, without!, family.value) : undefined;
    expect(verifyPipelineSchedule(placement, whole!)).toEqual([]);
    // GPipe alone would hold all six micro-batches.
    expect(simulatePipeline(placement, whole!).map(({ peakMemory }) => peakMemory)).toEqual([2, 2]);
  });

  it("are none where a block has memory, or several blocks before or behind it", () => {
    const placement = blockingChain(2, 1);
    const blocks = placement.blocks.map((block) =>
      block.kind === "transfer" ? { ...block, workspace: 1 } : block,
    );
    expect(withoutSends({ ...placement, blocks })).toBeUndefined();
    const send = placement.blocks.findIndex(({ kind }) => kind === "transfer");
    const dependencies = [...placement.dependencies, { from: send, to: 3, latency: 0 }];
    expect(withoutSends({ ...placement, dependencies })?.senders.has(send)).toBe(false);
  });
});
