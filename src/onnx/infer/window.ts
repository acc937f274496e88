/** Sizes of sliding windows, shared by convolutions and pools. */
import type { KnownDims } from "./fact.js";
import type { NodeCall } from "./node-call.js";

/** The window of one convolution or pool; lists have one entry per spatial dim, pads two. */
export interface Window {
  readonly kernel: readonly (number | undefined)[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** All begins, then all ends. */
  readonly pads: readonly number[];
  readonly autoPad: "NOTSET" | "VALID" | "SAME";
  readonly ceil: boolean;
}

/** Reads the window's attributes; refuses lists of the wrong length and sizes below 1. */
export function readWindow(
  call: NodeCall,
  spatialRank: number,
  kernel: KnownDims,
): Window | undefined {
  const window: Window = {
    kernel,
    strides: call.ints("strides") ?? new Array<number>(spatialRank).fill(1),
    dilations: call.ints("dilations") ?? new Array<number>(spatialRank).fill(1),
    pads: call.ints("pads") ?? new Array<number>(2 * spatialRank).fill(0),
    autoPad: readAutoPad(call),
    ceil: call.int("ceil_mode") === 1,
  };
  for (const [name, list, length] of [
    ["kernel_shape", window.kernel, spatialRank],
    ["strides", window.strides, spatialRank],
    ["dilations", window.dilations, spatialRank],
    ["pads", window.pads, 2 * spatialRank],
  ] as const) {
    if (list.length !== length) {
      return call.refuse(
        `${name} has ${list.length} entries where ${spatialRank} spatial dims need ${length}`,
      );
    }
    if (name !== "pads" && list.some((size) => size !== undefined && size < 1)) {
      return call.refuse(`${name} must be positive, is [${list.join(",")}]`);
    }
  }
  return window;
}

function readAutoPad(call: NodeCall): Window["autoPad"] {
  const text = call.text("auto_pad") ?? "NOTSET";
  return text.startsWith("SAME") ? "SAME" : text === "VALID" ? "VALID" : "NOTSET";
}

/**
 * Output sizes of a window that slides over `spatial`.
 *
 * In ceiling mode the last window must start inside the input or its leading pad, so that no
 * output depends on trailing pad alone (as in PyTorch and ONNX Runtime).
 * Source: ONNX operator documentation, Conv and MaxPool, "auto_pad" and "ceil_mode".
 */
export function slidingSizes(call: NodeCall, spatial: KnownDims, window: Window): KnownDims {
  return spatial.map((size, i) => {
    const kernel = window.kernel[i];
    if (size === undefined || kernel === undefined) {
      return undefined;
    }
    const stride = window.strides[i] ?? 1;
    const extent = (kernel - 1) * (window.dilations[i] ?? 1) + 1;
    if (window.autoPad === "SAME") {
      return Math.ceil(size / stride);
    }
    const isPadded = window.autoPad === "NOTSET";
    const begin = isPadded ? (window.pads[i] ?? 0) : 0;
    const end = isPadded ? (window.pads[i + spatial.length] ?? 0) : 0;
    return slide({ size, extent, stride, begin, end, ceil: window.ceil }, call);
  });
}

interface Slide {
  readonly size: number;
  readonly extent: number;
  readonly stride: number;
  readonly begin: number;
  readonly end: number;
  readonly ceil: boolean;
}

function slide(at: Slide, call: NodeCall): number | undefined {
  const steps = (at.size + at.begin + at.end - at.extent) / at.stride;
  let count = (at.ceil ? Math.ceil(steps) : Math.floor(steps)) + 1;
  if (at.ceil && (count - 1) * at.stride >= at.size + at.begin) {
    count--;
  }
  return count > 0
    ? count
    : call.refuse(
        `a window of ${at.extent} does not fit into ${at.size} with pads ${at.begin} and ${at.end}`,
      );
}
