import { FAMILIES, type Family } from "./family-names.js";

/** The name of an algorithm. */
export type PipelineAlgorithm =
  | "top-compile"
  | "quick"
  | "modulo"
  | "greedy"
  | Family
  | "tessel"
  | "tessel-fast";

/** Names of all algorithms, the default first. */
export const PIPELINE_ALGORITHMS: readonly [PipelineAlgorithm, ...PipelineAlgorithm[]] = [
  "top-compile",
  "quick",
  "modulo",
  "greedy",
  ...FAMILIES,
  "tessel",
  "tessel-fast",
];
