/** Calls of libraries as kernels: which ones a library takes is estimated from the sizes in the call. */
import { productOf } from "../core/product.js";
import type { DeviceModel } from "../cost/device-model.js";
import type { Kernel } from "../cost/kernel.js";
import type { ProductContext } from "../cost/kernels/arithmetic.js";
import { type Convolution, isDepthwise } from "../cost/kernels/convolution.js";
import { convolutionKernels } from "../cost/kernels/convolution-kernels.js";
import { neighborhoodEfficiency } from "../cost/kernels/neighborhood.js";
import { productKernels } from "../cost/kernels/product-kernels.js";
import { ELEMENTWISE_SHAPE, streamKernel } from "../cost/kernels/stream-kernel.js";
import type { DeviceNode } from "../kernels/device-node.js";
import { STORAGE_BYTES } from "../kernels/language/expression.js";
import { type Precision, precisionPlan } from "../kernels/precision.js";

/** A call of a library. */
export type LibraryCall = Exclude<DeviceNode, { readonly kind: "kernel" }>;

type GemmCall = Extract<DeviceNode, { readonly kind: "gemm" }>;
type ConvCall = Extract<DeviceNode, { readonly kind: "conv" }>;

/** What calls run on. */
export interface CallContext {
  readonly device: DeviceModel;
  readonly math: Precision;
}

/** The kernels of a call, in launch order: at least one. */
export function libraryKernels(call: LibraryCall, context: CallContext): readonly Kernel[] {
  return call.kind === "gemm" ? ofProduct(call, context) : ofConvolution(call, context);
}

function productContext(
  { kind, type }: Pick<LibraryCall, "kind" | "type">,
  { device, math }: CallContext,
): ProductContext {
  const elementType = type === "f16" ? "float16" : "float32";
  return { device, math: precisionPlan(math)[kind], elementType };
}

function ofProduct(call: GemmCall, context: CallContext): readonly Kernel[] {
  const { type, m, n, k, batch, a, b, beta, epilogue } = call;
  const repeated = (stride: number): number => (stride === 0 ? 1 : batch);
  const results = batch * m * n;
  const elements =
    m * k * repeated(a.batchStride) +
    k * n * repeated(b.batchStride) +
    results * (1 + (beta === 0 ? 0 : 1) + (epilogue?.residual === undefined ? 0 : 1)) +
    (epilogue?.bias === undefined ? 0 : n);
  const bytes = elements * STORAGE_BYTES[type];
  return productKernels({ batch, m, n, k }, bytes, productContext(call, context));
}

function ofConvolution(call: ConvCall, context: CallContext): readonly Kernel[] {
  const { type, x, w, y, bias, residual, behind, isChannelsLast } = call;
  const shape = shapeOf(call);
  const size = STORAGE_BYTES[type];
  const [input, filters, output] = [x, w, y].map(({ dims }) => size * productOf(dims)) as [
    number,
    number,
    number,
  ];
  const tensors = [residual, behind?.residual].filter((place) => place !== undefined);
  const added = tensors.length * output;
  const shift = bias === undefined ? 0 : size * (y.dims[1] ?? 1);
  const all = input + filters + output + added + shift;
  if (isDepthwise(shape)) {
    return [depthwise(shape, productOf(y.dims), all, context.device)];
  }
  const bytes = { all, input, output };
  const product = productContext(call, context);
  return convolutionKernels(shape, bytes, product, isChannelsLast === true);
}

function shapeOf({ w, y, strides, dilations, groups }: ConvCall): Convolution {
  const [images = 1, channels = 1, ...positions] = y.dims;
  const [, perGroup = 1, ...kernel] = w.dims;
  return {
    batch: groups,
    m: images * productOf(positions),
    n: channels / groups,
    k: perGroup * productOf(kernel),
    convolution: { images, positions, kernel, strides, dilations },
  };
}

/** Few channels a group: no tile has anything to reuse. */
function depthwise(shape: Convolution, items: number, bytes: number, device: DeviceModel): Kernel {
  const { batch, m, n, k } = shape;
  const efficiency = neighborhoodEfficiency({ type: "Conv", products: [shape] }, device);
  return streamKernel(
    {
      ...ELEMENTWISE_SHAPE,
      items,
      flops: 2 * batch * m * n * k,
      bytes,
      ...(efficiency === undefined ? {} : { efficiency }),
    },
    device,
  );
}
