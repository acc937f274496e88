/**
 * Version of the kernel model and of the contention model: goes up when any estimate, or any range of
 * a device model that comes with the tool, changes, so that estimates are compared with those of their own model
 * only. 1: until 0.1.0. 2: every operator launches, and stages of pipelines are without the gaps between their kernels.
 * 4: kernels are those of our own program.
 */
export const COST_MODEL_VERSION = 4;
