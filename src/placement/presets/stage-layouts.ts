/** How training frameworks spread layers over the stages of a pipeline when nobody says how. */
import type { Layout, LayoutPart } from "./layout.js";

/** The sizes that layouts follow from. */
export interface LayoutSizes {
  readonly layers: number;
  /** Ranks of the pipeline. */
  readonly devices: number;
  /** Stages on each rank. */
  readonly chunks: number;
}

/** A framework: its layout, or why it refuses these sizes, a clause. */
export type LayoutRule = (sizes: LayoutSizes) => Layout | string;

/**
 * Megatron-LM: as many layers in each stage; the embedding before the first, the head behind the last.
 *
 * Source: `num_layers` and `pipeline_model_parallel_size` of Megatron-LM, whose sizes have to divide each other.
 */
export function megatronLayout({ layers, devices, chunks }: LayoutSizes): Layout | string {
  if (layers % devices !== 0) {
    return `the number of layers (${layers}) must be a multiple of the pipeline's size (${devices})`;
  }
  const each = layers / devices;
  return each % chunks === 0
    ? withEnds(Array.from({ length: devices * chunks }, () => each / chunks))
    : `the layers of a rank (${each}) must be a multiple of its virtual stages (${chunks})`;
}

/**
 * torchtitan: embedding and head count as a layer each; what is left over goes to the first stages.
 *
 * Source: `generate_llm_fqn_per_model_part` of torchtitan with its usual weights of 1.
 */
export function torchtitanLayout({ layers, devices, chunks }: LayoutSizes): Layout | string {
  const count = devices * chunks;
  if (count === 1) {
    return withEnds([layers]);
  }
  const weighted = layers + 2;
  if (count > weighted) {
    return `the number of stages (${count}) cannot be greater than the layers with embedding and head (${weighted})`;
  }
  const each = Math.floor(weighted / count);
  const counts = Array.from({ length: count }, (_, stage) => {
    const own = each + (stage < weighted % count ? 1 : 0);
    return stage === 0 || stage === count - 1 ? own - 1 : own;
  });
  return withEnds(counts);
}

/**
 * DeepSpeed's `PipelineModule` with `partition_method="uniform"`: embedding and head are items like the layers, and what is left
 * over goes to the first stages. One stage per rank.
 *
 * Source: `partition_uniform` of DeepSpeed.
 */
export function deepspeedLayout({ layers, devices, chunks }: LayoutSizes): Layout | string {
  if (chunks !== 1) {
    return "a rank has one stage";
  }
  const parts = withEnds([layers]).flat();
  if (parts.length < devices) {
    return `the layers with embedding and head (${parts.length}) are fewer than the stages (${devices})`;
  }
  const each = Math.floor(parts.length / devices);
  const more = parts.length % devices;
  const startOf = (stage: number): number => each * stage + Math.min(stage, more);
  return Array.from({ length: devices }, (_, stage) =>
    parts.slice(startOf(stage), startOf(stage + 1)),
  );
}

/** Stages of so many layers, with the embedding at the start and the head at the end. */
export function withEnds(counts: readonly number[], predictions: readonly number[] = []): Layout {
  return counts.map((layers, stage): readonly LayoutPart[] => [
    ...(stage === 0 ? (["E"] as const) : []),
    ...Array.from({ length: layers }, (): LayoutPart => "t"),
    ...Array.from({ length: predictions[stage] ?? 0 }, (): LayoutPart => "m"),
    ...(stage === counts.length - 1 ? (["L"] as const) : []),
  ]);
}
