/** Names of the algorithms, in the order in which equals are ranked. */
export const OPERATOR_ALGORITHMS = [
  "sequential",
  "top-compile",
  "opara",
  "nimble",
  "wavefront",
] as const;

/** Name of an algorithm that searches operator schedules. */
export type OperatorAlgorithm = (typeof OPERATOR_ALGORITHMS)[number];

/** Names of the algorithms for GPUs, in the order in which equals are ranked. */
export const GPU_ALGORITHMS = [
  "sequential",
  "top-compile",
  "opara",
  "nimble",
  "wavefront",
  "ios",
] as const;

/** Name of an algorithm for GPUs. */
export type GpuAlgorithm = (typeof GPU_ALGORITHMS)[number];
