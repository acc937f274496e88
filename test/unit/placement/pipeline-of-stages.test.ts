import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { limitMemory } from "../../../src/placement/limit-memory.js";
import { encodePlacement, parsePlacement } from "../../../src/placement/parse-placement.js";
import {
  type PlacedStage,
  placementOfStages,
  type StagedModel,
} from "../../../src/placement/pipeline-of-stages.js";
import { value } from "../../support/values.js";

function stage(id: string, device: number, forwardNs: number, keptBytes = 0): PlacedStage {
  const bytes = { workspaceBytes: 10, keptBytes, parameterBytes: 100 };
  return { id, operators: [`${id}/op`], devices: [device], forwardNs, ...bytes };
}

function goingBack(forward: PlacedStage, backward: number, weight?: number): PlacedStage {
  const times = (ratio: number): number => Math.max(1, Math.round(forward.forwardNs * ratio));
  return {
    ...forward,
    backwardNs: times(backward),
    ...(weight === undefined ? {} : { weightNs: times(weight) }),
  };
}

const DEVICES = [
  { name: "a", speed: 1, memoryBytes: 1000 },
  { name: "b", speed: 1, memoryBytes: undefined },
];

/** s0 sends to s1 and s2: a skip connection. */
const SKIP: StagedModel = {
  devices: DEVICES,
  stages: [stage("s0", 0, 10, 7), stage("s1", 1, 20, 5), stage("s2", 0, 30, 3)],
  edges: [
    { from: 0, to: 1, latencyNs: 4 },
    { from: 0, to: 2, latencyNs: 0 },
    { from: 1, to: 2, latencyNs: 6 },
  ],
};

const edges = (model: StagedModel): string[] => {
  const { blocks, dependencies } = placementOfStages(model);
  const id = (at: number): string => blocks[at]?.id ?? "";
  return dependencies.map(({ from, to, latency }) => `${id(from)}>${id(to)}+${latency}`);
};

describe("placementOfStages", () => {
  it("makes one forward block per stage, and leaves devices what parameters leave", () => {
    const { blocks, devices } = placementOfStages(SKIP);
    expect(blocks.map(({ id, kind, duration }) => [id, kind, duration])).toEqual([
      ["s0", "forward", 10],
      ["s1", "forward", 20],
      ["s2", "forward", 30],
    ]);
    expect(devices.map(({ memory }) => memory)).toEqual([800, undefined]);
    expect(edges(SKIP)).toEqual(["s0>s1+4", "s0>s2+0", "s1>s2+6"]);
  });

  it("sends gradients back on the ways of the activations", () => {
    const trained = { ...SKIP, stages: SKIP.stages.map((each) => goingBack(each, 2, 0.5)) };
    expect(edges(trained)).toEqual([
      "s0.forward>s1.forward+4",
      "s0.forward>s2.forward+0",
      "s0.forward>s0.backward+0",
      "s1.forward>s2.forward+6",
      "s1.forward>s1.backward+0",
      "s2.forward>s2.backward+0",
      "s0.backward>s0.weight+0",
      "s1.backward>s0.backward+4",
      "s1.backward>s1.weight+0",
      "s2.backward>s0.backward+0",
      "s2.backward>s1.backward+6",
      "s2.backward>s2.weight+0",
    ]);
    const { blocks } = placementOfStages(trained);
    expect(blocks.map(({ duration }) => duration)).toEqual([10, 20, 30, 20, 40, 60, 5, 10, 15]);
    expect(blocks.map(({ memory }) => memory)).toEqual([7, 5, 3, 0, 0, 0, -7, -5, -3]);
    expect(blocks.map(({ workspace }) => workspace)).toEqual([0, 0, 0, 10, 10, 10, 10, 10, 10]);
  });

  it("delays gradients by times of their own where there are any", () => {
    const [edge] = SKIP.edges;
    const trained = {
      ...SKIP,
      stages: SKIP.stages.map((each) => goingBack(each, 2)),
      edges: [{ ...edge!, gradientLatencyNs: 9 }],
    };
    expect(edges(trained).filter((each) => !each.endsWith("+0"))).toEqual([
      "s0.forward>s1.forward+4",
      "s1.backward>s0.backward+9",
    ]);
  });

  it("has no room where parameters alone are too much", () => {
    const devices = [{ name: "a", speed: 1, memoryBytes: 150 }, ...DEVICES.slice(1)];
    const placement = placementOfStages({ ...SKIP, devices });
    expect(placement.devices[0]?.memory).toBe(0);
    const limited = limitMemory(placement);
    expect(limited.ok ? "" : limited.error[0].code).toBe("block-too-large");
  });

  it("gives placements that can be read back and leave no memory behind", () => {
    const ratio = fc.double({ min: 0.1, max: 4, noNaN: true });
    const training = fc.option(fc.record({ backward: ratio, weight: ratio }), { nil: undefined });
    const sizes = fc.array(fc.nat({ max: 1000 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(sizes, training, (kept, ratios) => {
        const model: StagedModel = {
          devices: DEVICES,
          stages: kept.map((bytes, at) =>
            ratios === undefined
              ? stage(`s${at}`, at % 2, 1 + bytes)
              : goingBack(
                  stage(`s${at}`, at % 2, 1 + bytes, bytes),
                  ratios.backward,
                  ratios.weight,
                ),
          ),
          edges: kept.slice(1).map((bytes, at) => ({ from: at, to: at + 1, latencyNs: bytes })),
        };
        const placement = placementOfStages(model);
        const text = encodePlacement(placement);
        const devices = placement.devices.map(({ name }) => ({ name, memory: 2 ** 40 }));
        const roomy = encodePlacement({ ...placement, devices });
        expect(encodePlacement(value(parsePlacement(roomy)))).toBe(roomy);
        expect(JSON.parse(text).memoryRelease).toBe("end");
      }),
      { numRuns: 50 },
    );
  });
});
