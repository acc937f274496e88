/**
 * Convolutions as a library runs them in NCHW.
 *
 * cuDNN (`library: "cudnn"`) takes the convolution as an implicit matrix product without splitting its
 * inner dimension, in tiles that are never small; 32-bit 3x3 convolutions of stride 1 by Winograd's
 * method where that is quicker; with fewer than eight input channels no matrix units; around TF32
 * kernels, whose layout is NHWC, a copy in and a copy out unless the convolution is 1x1 of stride 1.
 * Tuned kernels (`"tuned"`, as TVM makes them for a shape) split the inner dimension and use small tiles.
 *
 * Depthwise convolutions have no tiles: `operator-kernels.ts`.
 *
 * Source: kernels by name in public traces and data sets of cuDNN 7.6 to 8.9. Figures were chosen on
 * ResNet-50, ResNet-101 and MobileNetV2 at batch 4 and DeepBench, both on a V100; docs/fidelity.md says
 * what they give elsewhere. cuDNN 9 is in none of them.
 */
import { productOf } from "../../core/product.js";
import type { ConvolutionShape } from "../../ir/operator-form.js";
import type { DeviceModel } from "../device-model.js";
import type { Kernel } from "../kernel.js";
import { arithmeticOf, hasMatrixUnits, type ProductContext } from "./arithmetic.js";
import type { Convolution, ConvolutionBytes } from "./convolution.js";
import { ELEMENTWISE_SHAPE, streamKernel } from "./stream-kernel.js";
import { matrixKernels, type ProductWay } from "./tile.js";
import { winogradKernels } from "./winograd-kernels.js";

/** Tiles from 64x32 on; on ordinary and on matrix units. */
const CUDNN: ProductWay = { mostSplits: 1, leastTile: 2048, extraK: 16, fixedNs: 4000 };
const CUDNN_MATRIX_UNITS: ProductWay = { ...CUDNN, extraK: 64 };

const TUNED: ProductWay = { mostSplits: 4, leastTile: 0, extraK: 0, fixedNs: 500 };

/** Input channels below which cuDNN has no kernel for matrix units. */
const LEAST_CHANNELS = 8;

/**
 * The kernels of a convolution with tiles, in launch order. `isChannelsLast`: what it reads and writes has its channels
 * last in memory, so that nothing is copied around it.
 */
export function convolutionKernels(
  shape: Convolution,
  bytes: ConvolutionBytes,
  context: ProductContext,
  isChannelsLast = false,
): readonly Kernel[] {
  const { device } = context;
  const wanted = arithmeticOf(context);
  if (device.library === "tuned") {
    return matrixKernels({ ...shape, bytes: bytes.all, arithmetic: wanted }, device, TUNED);
  }
  const channels = shape.k / productOf(shape.convolution.kernel);
  const onMatrixUnits = hasMatrixUnits(wanted, device) && channels >= LEAST_CHANNELS;
  const arithmetic = onMatrixUnits ? wanted : "float32";
  const way = onMatrixUnits ? CUDNN_MATRIX_UNITS : CUDNN;
  const direct = matrixKernels({ ...shape, bytes: bytes.all, arithmetic }, device, way);
  if (onMatrixUnits) {
    return arithmetic === "tensorFloat32" && !isChannelsLast && !isPointwise(shape.convolution)
      ? [layoutCopy(bytes.input, device), ...direct, layoutCopy(bytes.output, device)]
      : direct;
  }
  const fast = winogradKernels(shape, bytes, context, CUDNN);
  return fast.length > 0 && together(fast, device) < together(direct, device) ? fast : direct;
}

/** A convolution of single positions: its layout needs no change. */
function isPointwise({ kernel, strides }: ConvolutionShape): boolean {
  return kernel.every((size) => size === 1) && strides.every((stride) => stride === 1);
}

function layoutCopy(bytes: number, device: DeviceModel): Kernel {
  return streamKernel(
    { ...ELEMENTWISE_SHAPE, items: bytes / 4, flops: 0, bytes: 2 * bytes },
    device,
  );
}

function together(kernels: readonly Kernel[], { launchGapNs }: DeviceModel): number {
  return kernels.reduce((sum, { durationNs }) => sum + durationNs + launchGapNs, 0);
}
