import type { Precision } from "../../runtime/cuda/program/precision.js";
import type { GpuAlgorithm } from "../../search/operator/gpu/gpu-candidates.js";
import type { PipelineAlgorithm } from "../../search/pipeline/algorithm-names.js";
import type { CommonOptions } from "../io.js";
import type { PipelineCliOptions } from "../pipeline-options.js";

/** Options of `compile`. */
export interface CompileOptions extends CommonOptions, PipelineCliOptions {
  readonly pipelineAlgorithm?: PipelineAlgorithm;
  readonly out?: string;
  readonly force?: boolean;
  readonly device: string;
  readonly profile?: string;
  readonly remeasure?: boolean;
  readonly algorithm?: GpuAlgorithm;
  readonly math: Precision;
  readonly estimateUnsupported?: boolean;
  readonly fuse?: boolean;
  readonly mergeConvolutions?: boolean;
  readonly batch?: number;
  readonly maxStreams?: number;
  readonly compare?: boolean;
  readonly concurrency?: number;
  readonly progress?: readonly number[];
  readonly seed: number;
  readonly dim: ReadonlyMap<string, number>;
}
