import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PipelineSection } from "../../../src/artifact/pipeline-section.js";
import { pipelineSectionOf } from "../../../src/artifact/pipeline-section-of.js";
import type { Placement } from "../../../src/placement/placement.js";
import { buildShape } from "../../../src/placement/shapes/build-shape.js";
import { renderPipelineCompared } from "../../../src/report/pipeline-compared.js";
import { comparePipelines } from "../../../src/report/pipeline-comparison.js";
import type { PipelineAlgorithm } from "../../../src/schedule/pipeline-algorithm-names.js";
import { searchPipeline } from "../../../src/search/pipeline/algorithms.js";

function scheduleOf(
  algorithm: PipelineAlgorithm,
  { shape = "v", devices = 2, microBatches = 4, backward = 3 } = {},
): { readonly section: PipelineSection; readonly placement: Placement } {
  const built = buildShape(shape, { devices, backward });
  const placement = built.ok ? built.value : ({} as never);
  const found = searchPipeline(algorithm, placement, microBatches);
  return {
    placement,
    section: pipelineSectionOf(placement, found.ok ? found.value : ({} as never)),
  };
}

/** One device that runs blocks of different micro-batches in an order: `f` of micro-batch 0 first. */
function inOrder(order: readonly number[]) {
  const placement: Placement = {
    timeUnit: "step",
    devices: [{ name: "d", memory: undefined }],
    blocks: order.map((_, at) => ({
      id: `b${at}`,
      kind: "other",
      devices: [0],
      duration: 1,
      memory: 0,
      workspace: 0,
      operators: [],
    })),
    dependencies: [],
    memoryRelease: "end",
  };
  const instances = order.map((block, start) => ({
    block: `b${block}`,
    microBatch: 0,
    start,
    end: start + 1,
    phase: "repetend" as const,
  }));
  const base = scheduleOf("1f1b", { devices: 1, microBatches: 1 }).section;
  return {
    placement,
    section: {
      ...base,
      instances,
      microBatches: 1,
      devices: [{ name: "d", load: 1, peakMemory: 0 }],
    },
  };
}

/** Longest rising subsequence by looking at all earlier ends. */
function longestByTable(values: readonly number[]): number {
  const best = values.map(() => 1);
  values.forEach((value, at) => {
    for (let before = 0; before < at; before++) {
      if (values[before]! < value) {
        best[at] = Math.max(best[at]!, best[before]! + 1);
      }
    }
  });
  return Math.max(0, ...best);
}

describe("comparePipelines", () => {
  it("finds nothing between a schedule and itself", () => {
    const one = scheduleOf("1f1b");
    const { differences, devices, periodPerMicroBatch, idlesMore } = comparePipelines(one, one);
    expect(differences).toEqual([]);
    expect(periodPerMicroBatch).toEqual({ theirs: 4, ours: 4, change: 0 });
    expect(devices.map(({ order }) => order)).toEqual([
      { count: 8, moved: 0 },
      { count: 8, moved: 0 },
    ]);
    expect(idlesMore).toBeUndefined();
  });

  it("says where GPipe and 1F1B part", () => {
    // Device 0 of two: F0 F1 F2 F3 B0 B1 B2 B3 against F0 F1 B0 F2 B1 F3 B2 B3.
    const { devices, inFlight } = comparePipelines(scheduleOf("gpipe"), scheduleOf("1f1b"));
    expect(devices[0]?.order).toEqual({
      count: 8,
      moved: 2,
      first: {
        position: 3,
        theirs: { block: "f0", microBatch: 2 },
        ours: { block: "b1", microBatch: 0 },
      },
    });
    expect(devices[0]?.peakMemory).toEqual({ theirs: 4, ours: 2, change: -0.5 });
    expect(inFlight).toMatchObject({ theirs: 4, ours: 2 });
  });

  it("counts for which time a block runs, whatever the numbers of micro-batches", () => {
    const one = scheduleOf("1f1b", { microBatches: 3 });
    const names = [2, 0, 1];
    const instances = one.section.instances.map((each) => ({
      ...each,
      microBatch: names[each.microBatch] ?? 0,
    }));
    const { devices } = comparePipelines(one, { ...one, section: { ...one.section, instances } });
    expect(devices.map(({ order }) => order?.moved)).toEqual([0, 0]);
  });

  it("moves as few blocks as possible", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12, minLength: 1 }), (keys) => {
        const order = [...keys.keys()].sort((a, b) => keys[a]! - keys[b]! || a - b);
        const straight = order.map((_, at) => at);
        const { devices } = comparePipelines(inOrder(order), inOrder(straight));
        expect(devices[0]?.order?.moved).toBe(order.length - longestByTable(order));
        expect(devices[0]?.order?.first?.position).toBe(
          order.every((each, at) => each === at)
            ? undefined
            : order.findIndex((each, at) => each !== at) + 1,
        );
      }),
    );
  });

  it("names the device that idles less by most", () => {
    const { idlesMore, devices } = comparePipelines(
      scheduleOf("gpipe", { devices: 4, microBatches: 8 }),
      scheduleOf("gpipe", { devices: 4, microBatches: 16 }),
    );
    // All idle alike: 3 of 11 and 3 of 19 periods.
    expect(idlesMore).toBe("d0");
    expect(devices[0]?.idle.theirs).toBeCloseTo(3 / 11, 10);
    expect(devices[0]?.idle.ours).toBeCloseTo(3 / 19, 10);
  });

  it.each([
    ["other times", { backward: 2 }, "other times in ours of 2 blocks, such as b0: 3 in theirs, 2"],
    ["another number", { microBatches: 5 }, "theirs runs 4 micro-batches, ours 5"],
    ["other blocks", { devices: 3 }, "block b0 is not on the same devices in both"],
  ])("says what is not comparable: %s", (_what, options, words) => {
    const { differences, devices } = comparePipelines(
      scheduleOf("1f1b"),
      scheduleOf("1f1b", options),
    );
    expect(differences.join("\n")).toContain(words);
    expect(devices[0]?.order === undefined).toBe(!words.includes("other times"));
  });
});

describe("renderPipelineCompared", () => {
  it("is not wider than it is asked to be, and says what would change", () => {
    const [theirs, ours] = [
      scheduleOf("gpipe", { devices: 4, microBatches: 8 }),
      scheduleOf("1f1b", { devices: 4, microBatches: 8 }),
    ];
    const text = renderPipelineCompared(
      comparePipelines(theirs, ours),
      {
        theirs: "a.json",
        ours: "b.json",
        placements: { theirs: theirs.placement, ours: ours.placement },
      },
      80,
    );
    expect(text).toContain("less memory at the peak: d0 8 to 4, d1 8 to 3, d2 8 to 2, d3 8 to 1");
    expect(text).toContain("d0 differs from its block 5 on: f0.4 in theirs, b3.0 in ours");
    const tables = text.split("what would change")[0]!.split("\n");
    expect(Math.max(...tables.map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it("shows memory of models in bytes", () => {
    const [theirs, ours] = [scheduleOf("gpipe"), scheduleOf("1f1b")];
    const ofModel = ({ placement }: typeof theirs): Placement => ({
      ...placement,
      timeUnit: "ns",
      blocks: placement.blocks.map((block) => ({ ...block, operators: ["conv"] })),
    });
    const text = renderPipelineCompared(
      comparePipelines(theirs, ours),
      {
        theirs: "a.json",
        ours: "b.json",
        placements: { theirs: ofModel(theirs), ours: ofModel(ours) },
      },
      80,
    );
    expect(text).toContain("less memory at the peak: d0 4 B to 2 B, d1 4 B to 1 B");
  });
});
