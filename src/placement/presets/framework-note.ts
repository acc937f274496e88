import type { PresetOptions } from "./build-preset.js";

/**
 * What a user of a framework should know about so many micro-batches: that its own schedule refuses them. `undefined`:
 * nothing.
 *
 * Source: the checks of the interleaved schedules of Megatron-LM and of PyTorch (`ScheduleInterleaved1F1B`).
 */
export function frameworkNote(
  preset: string,
  { devices, chunks = 1 }: Pick<PresetOptions, "devices" | "chunks">,
  microBatches: number,
): string | undefined {
  if (chunks === 1) {
    return undefined;
  }
  if (preset === "megatron" && microBatches % devices !== 0) {
    return `Megatron's own interleaved schedule refuses ${microBatches} micro-batches on ${devices} ranks, of which they are no multiple; this schedule runs them`;
  }
  const rounds = Math.max(1, Math.floor(microBatches / devices));
  return preset === "torchtitan" && microBatches % rounds !== 0
    ? `Interleaved1F1B of PyTorch refuses ${microBatches} micro-batches on ${devices} ranks, which are no multiple of its ${rounds} rounds; this schedule runs them`
    : undefined;
}
