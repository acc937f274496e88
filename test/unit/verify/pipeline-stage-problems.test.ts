import { describe, expect, it } from "vitest";
import type { ArtifactPipelineStage } from "../../../src/artifact/pipeline-section.js";
import { pipelineStagesOf } from "../../../src/artifact/pipeline-stages-of.js";
import { buildShape } from "../../../src/placement/shapes/build-shape.js";
import { pipelineStageProblems } from "../../../src/verify/pipeline-stage-problems.js";
import { placedBlocks } from "../../support/placed-blocks.js";

const SPLIT = placedBlocks(
  ["f0@0", "f1@1", "f2@0", "b2@0", "b1@1", "b0@0", "w2@0", "w1@1", "w0@0"],
  ["f0>f1", "f1>f2", "f2>b2", "b2>b1", "b1>b0", "b2>w2", "b1>w1", "b0>w0"],
);
/** By hand. */
const STAGES: readonly ArtifactPipelineStage[] = [
  { stage: 0, chain: 0, chunk: 0, devices: ["d0"], forward: "f0", backward: "b0", weight: "w0" },
  { stage: 1, chain: 0, chunk: 0, devices: ["d1"], forward: "f1", backward: "b1", weight: "w1" },
  { stage: 2, chain: 0, chunk: 1, devices: ["d0"], forward: "f2", backward: "b2", weight: "w2" },
];

/** The stages with one of them changed. */
function changed(
  at: number,
  change: Partial<ArtifactPipelineStage>,
): readonly ArtifactPipelineStage[] {
  return STAGES.map((stage, each) => (each === at ? { ...stage, ...change } : stage));
}

describe("the stages of a pipeline", () => {
  it("are right where they are written by hand", () => {
    expect(pipelineStageProblems(STAGES, SPLIT)).toEqual([]);
    expect(pipelineStagesOf(SPLIT).stages).toEqual(STAGES);
  });

  it("may be absent", () => {
    expect(pipelineStageProblems(undefined, SPLIT)).toEqual([]);
  });

  it.each<[string, readonly ArtifactPipelineStage[], string]>([
    ["a number", changed(1, { stage: 2 }), "/pipeline/stages/1/stage is 2"],
    ["a chain", changed(1, { chain: 1 }), "/pipeline/stages/1/chain is 1, not 0"],
    ["a chunk", changed(2, { chunk: 0 }), "/pipeline/stages/2/chunk is 0, not 1"],
    [
      "devices",
      changed(2, { devices: ["d1"] }),
      "/pipeline/stages/2/devices are not those of its forward block",
    ],
    [
      "an unknown block",
      changed(0, { forward: "f9" }),
      "/pipeline/stages/0/forward is no forward block of the placement",
    ],
    [
      "a block of another kind",
      changed(0, { backward: "w0" }),
      "/pipeline/stages/0/backward is no backward block of the placement",
    ],
    [
      "a block of two stages",
      changed(2, { backward: "b0" }),
      "/pipeline/stages/2/backward is a block of another stage",
    ],
    [
      "a block of none",
      STAGES.map(({ weight: _, ...stage }, at) => (at === 0 ? stage : STAGES[at]!)),
      '/pipeline/stages have no stage for the weight block "w0"',
    ],
    [
      "backwards of each other",
      STAGES.map((stage, at) => (at === 1 ? stage : { ...stage, backward: ["b2", "", "b0"][at]! })),
      "/pipeline/stages/2/backward does not wait for the backwards of the stages that its forward sends to",
    ],
    [
      "weights of each other",
      STAGES.map((stage, at) => (at === 1 ? stage : { ...stage, weight: ["w2", "", "w0"][at]! })),
      "/pipeline/stages/0/weight does not wait for the backward of its stage alone",
    ],
    [
      "another order",
      [STAGES[1]!, STAGES[0]!, STAGES[2]!].map((stage, at) => ({ ...stage, stage: at })),
      "/pipeline/stages/0 is not where its number should be",
    ],
  ])("are refused for %s", (_, stages, problem) => {
    expect(pipelineStageProblems(stages, SPLIT)).toContain(problem);
  });

  it.each(["x", "dualpipe", "k", "nn-eager", "mllm", "finetune", "alphafold", "zb-v"])(
    "of the shape %s are found and accepted, and not in another order",
    (name) => {
      const built = buildShape(name, { devices: 4 });
      const placement = built.ok ? built.value : undefined!;
      const { stages = [] } = pipelineStagesOf(placement);
      const forwards = placement.blocks.filter(({ kind }) => kind === "forward");
      expect(stages).toHaveLength(forwards.length);
      expect(pipelineStageProblems(stages, placement)).toEqual([]);
      for (let at = 1; at < stages.length; at++) {
        const [one, other] = [stages[at - 1]!, stages[at]!];
        const swapped = stages.map((stage, each) =>
          each === at - 1
            ? { ...other, stage: one.stage }
            : each === at
              ? { ...one, stage: other.stage }
              : stage,
        );
        expect(pipelineStageProblems(swapped, placement), `swapped at ${at}`).not.toEqual([]);
      }
    },
  );
});
