import { oneMicroBatch } from "../placement/lower-links.js";
import type { Placement } from "../placement/placement.js";
import { chunksOf, stagesOf } from "../placement/stages.js";
import type { ArtifactPipelineStage, PipelineSection } from "./pipeline-section.js";

/** The stages of a section; nothing where a block of the kinds of stages belongs to none, or no block has such a kind. */
export function pipelineStagesOf(placement: Placement): Pick<PipelineSection, "stages"> {
  const { stages, left } = stagesOf(oneMicroBatch(placement));
  if (stages.length === 0 || left.length > 0) {
    return {};
  }
  const { blocks, devices } = placement;
  const chunks = chunksOf(placement, stages);
  const idOf = (block: number): string => blocks[block]?.id ?? "";
  return {
    stages: stages.map(
      ({ chain, forward, backward, weight }, stage): ArtifactPipelineStage => ({
        stage,
        chain,
        chunk: chunks[stage] ?? 0,
        devices: (blocks[forward]?.devices ?? []).map((device) => devices[device]?.name ?? ""),
        forward: idOf(forward),
        ...(backward === undefined ? {} : { backward: idOf(backward) }),
        ...(weight === undefined ? {} : { weight: idOf(weight) }),
      }),
    ),
  };
}
