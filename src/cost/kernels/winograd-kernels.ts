/**
 * 3x3 convolutions of stride 1 with fewer multiplications: results are made in tiles of 4x4 from
 * transformed inputs and filters of 6x6, by 36 matrix products over the channels.
 *
 * Four kernels: transforms of the input and of the filters, the products, the transform of the results.
 * A ninth of the taps times 36 / 16: a quarter of the multiplications, for transforms that move 36 / 16
 * of the data.
 *
 * Source: Lavin, Gray, Fast Algorithms for Convolutional Neural Networks, CVPR 2016 (F(4x4, 3x3)).
 */
import { elementBits } from "../../ir/element-type.js";
import type { ConvolutionShape } from "../../ir/operator-form.js";
import type { DeviceModel } from "../device-model.js";
import type { Kernel } from "../kernel.js";
import type { ProductContext } from "./arithmetic.js";
import type { Convolution, ConvolutionBytes } from "./convolution.js";
import { ELEMENTWISE_SHAPE, streamKernel } from "./stream-kernel.js";
import { matrixKernels, type ProductWay } from "./tile.js";

/** Results of a tile along each axis, and products of a tile. */
const TILE = 4;
const POINTS = 36;

/** The kernels of a convolution by Winograd's method; none where it cannot be done so. */
export function winogradKernels(
  shape: Convolution,
  bytes: Pick<ConvolutionBytes, "input" | "output">,
  { elementType, device }: ProductContext,
  way: ProductWay,
): readonly Kernel[] {
  const { convolution, batch: groups, n: filters, k } = shape;
  if (groups > 1 || !isThreeByThree(convolution)) {
    return [];
  }
  const size = elementBits(elementType) / 8;
  const channels = k / 9;
  const tiles = convolution.positions.reduce(
    (count, positions) => count * Math.ceil(positions / TILE),
    convolution.images,
  );
  const inputs = POINTS * tiles * channels * size;
  const weights = POINTS * channels * filters * size;
  const results = POINTS * tiles * filters * size;
  const product = matrixKernels(
    {
      batch: POINTS,
      m: tiles,
      n: filters,
      k: channels,
      bytes: inputs + weights + results,
      arithmetic: "float32",
    },
    device,
    way,
  );
  return [
    transform(bytes.input, inputs, size, device),
    transform(9 * channels * filters * size, weights, size, device),
    ...product,
    transform(results, bytes.output, size, device),
  ];
}

function isThreeByThree({ kernel, strides, dilations }: ConvolutionShape): boolean {
  return (
    kernel.length === 2 &&
    kernel.every((size) => size === 3) &&
    strides.every((stride) => stride === 1) &&
    dilations.every((dilation) => dilation === 1)
  );
}

function transform(from: number, to: number, size: number, device: DeviceModel): Kernel {
  return streamKernel(
    { ...ELEMENTWISE_SHAPE, items: to / size, flops: 0, bytes: from + to },
    device,
  );
}
