import type { RecurrenceShape } from "../../ir/operator-form.js";
import type { Kernel } from "../kernel.js";
import { arithmeticOf, type ProductContext } from "./arithmetic.js";
import { productWay } from "./product-kernels.js";
import { matrixKernels } from "./tile.js";

/**
 * A recurrent operator that moves `bytes`: one product over all steps, then one kernel that stands for
 * the steps. A step is a kernel of its own, with the gates inside; no schedule can overlap two.
 *
 * Left out: persistent kernels that keep the weights on the device, 1.6 to 2.6 times as fast where a
 * library has them.
 */
export function recurrentKernels(
  { directions, steps, batch, width, hidden, gates }: RecurrenceShape,
  bytes: number,
  context: ProductContext,
): readonly Kernel[] {
  const { device } = context;
  const arithmetic = arithmeticOf(context);
  const way = productWay(arithmetic, device);
  const n = gates * hidden;
  const ahead = matrixKernels(
    { batch: directions, m: steps * batch, n, k: width, bytes: bytes / 2, arithmetic },
    device,
    way,
  );
  const weights = directions * n * hidden * 4;
  const [step] = matrixKernels(
    { batch: directions, m: batch, n, k: hidden, bytes: weights, arithmetic },
    device,
    { ...way, mostSplits: 1 },
  );
  if (step === undefined) {
    return ahead;
  }
  const durationNs = Math.round(steps * step.durationNs + (steps - 1) * device.launchGapNs);
  return [...ahead, { ...step, flops: step.flops * steps, durationNs, repeats: steps }];
}
