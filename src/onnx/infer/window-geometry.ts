import type { NodeCall } from "./node-call.js";
import { readWindow } from "./window.js";

/** A sliding window with all defaults and automatic pads worked out: one entry for each spatial dim. */
export interface WindowGeometry {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly begins: readonly number[];
  readonly ends: readonly number[];
}

/**
 * Returns the window of a convolution or pool over `spatial` whose output is `output`.
 *
 * Automatic pads are as large as the output size requires; an odd one goes to the end
 * (`SAME_UPPER`) or to the beginning (`SAME_LOWER`). Source: ONNX operator documentation, Conv,
 * "auto_pad".
 */
export function windowGeometry(
  call: NodeCall,
  spatial: readonly number[],
  output: readonly number[],
  kernel: readonly number[],
): WindowGeometry | undefined {
  const window = readWindow(call, spatial.length, kernel);
  if (window === undefined) {
    return undefined;
  }
  const { strides, dilations, pads, autoPad } = window;
  const isLower = call.text("auto_pad") === "SAME_LOWER";
  const sides = spatial.map((size, i): readonly [number, number] => {
    if (autoPad === "VALID") {
      return [0, 0];
    }
    if (autoPad === "NOTSET") {
      return [pads[i] ?? 0, pads[i + spatial.length] ?? 0];
    }
    const extent = ((kernel[i] ?? 1) - 1) * (dilations[i] ?? 1) + 1;
    const total = Math.max(0, ((output[i] ?? 1) - 1) * (strides[i] ?? 1) + extent - size);
    const small = Math.floor(total / 2);
    return isLower ? [total - small, small] : [small, total - small];
  });
  return {
    kernel,
    strides,
    dilations,
    begins: sides.map(([begin]) => begin),
    ends: sides.map(([, end]) => end),
  };
}
