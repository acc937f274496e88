/**
 * Convolutions of each channel by itself, by a kernel of our own: libraries' kernels for many groups of one channel leave most of
 * a GPU idle, and every one of theirs reads and writes all of memory for what stands around.
 *
 * One thread makes one element of the output; neighbors make neighbors in memory. Borders are not stored: a window that reaches outside reads nothing there. The
 * kernel can also compute element-wise operators on what it reads, and on what it writes.
 */
import { present } from "../../core/invariant.js";
import type { WindowGeometry } from "../../onnx/infer/window-geometry.js";
import type { DeviceNode } from "../device-node.js";
import {
  add,
  atLeast,
  convert,
  divide,
  type Expression,
  every,
  less,
  literal,
  load,
  local,
  multiply,
  subtract,
  VALUE_OF,
} from "../language/expression.js";
import { define, indexType, loop, perElementKernel, type Statement } from "../language/kernel.js";
import { addressOf, rowMajor, sizeOf } from "../language/layout.js";
import type { Operand, OperatorCall } from "../operator-call.js";
import {
  type Site,
  type SiteValues,
  singleSite,
  storedCoordinates,
  storedPlace,
} from "./element-values.js";
import type { KernelBuffers } from "./kernel-buffers.js";

/** A convolution whose groups have one channel each. */
export interface DepthwiseConvolution {
  /** What the windows step over, [N, C, spatial dims], and the dims of the output. */
  readonly source: Operand;
  readonly outputDims: readonly number[];
  readonly w: Operand;
  readonly bias: Operand | undefined;
  readonly window: WindowGeometry;
  /** The elements that are convolved, at their positions. */
  readonly read: SiteValues;
  /** What becomes of a sum, and where it belongs. */
  readonly finish: (sum: Expression, site: Site) => Expression;
  readonly result: Operand;
}

/** Whether a convolution of `x` by `w` is one of each channel by itself that the kernel has. */
export function isDepthwise(x: Operand, w: Operand, groups: number): boolean {
  const [, channels = 0] = x.dims;
  const isPlain = w.dims[1] === 1 && groups === channels && groups > 1;
  return isPlain && (x.storage === "f32" || x.storage === "f16") && x.storage === w.storage;
}

/** The kernel; none where the output has no elements. */
export function depthwiseNodes(
  call: DepthwiseConvolution,
  buffers: KernelBuffers,
): readonly DeviceNode[] {
  const { source, outputDims, result } = call;
  const count = sizeOf(outputDims);
  if (count === 0) {
    return [];
  }
  const target = buffers.write(result);
  const type = indexType(Math.max(count, sizeOf(source.dims)));
  const kernel = perElementKernel(
    "depthwise",
    buffers.buffers,
    count,
    (position) => {
      const site = siteOf(result, singleSite("y", position, []));
      const value = call.finish(local("f32", "sum"), site);
      return [
        ...sumStatements(call, position, buffers),
        ...site.body,
        { kind: "store", buffer: target, index: storedPlace(position, result), value },
      ];
    },
    type,
  );
  return [{ kind: "kernel", kernel, buffers: buffers.places }];
}

/** Defines the coordinates of the output and the sum over its window. */
function sumStatements(
  { source, outputDims, w, bias, window, read, result }: DepthwiseConvolution,
  position: Expression,
  buffers: KernelBuffers,
): readonly Statement[] {
  const { type } = position;
  const number = (value: number) => literal(type, value);
  const names = outputDims.map((_, axis) => local(type, `c${axis}`));
  const [batch = position, filter = position, ...places] = names;
  const [, channels = 1, ...spatial] = source.dims;
  const perChannel = (outputDims[1] ?? 1) / channels;
  const channel = divide(filter, number(perChannel));
  const steps = spatial.map((_, i) => local("i32", `k${i}`));
  const at = spatial.map((_, i) => local(type, `a${i}`));
  const isInside = every(
    at.flatMap((each, i) => [
      atLeast(each, number(0)),
      less(each, number(present(spatial[i], "size"))),
    ]),
  );
  const from = places.map((place, i) => {
    const start = multiply(place, number(window.strides[i] ?? 1));
    const step = multiply(
      convert(type, present(steps[i], "step")),
      number(window.dilations[i] ?? 1),
    );
    return subtract(add(start, step), number(window.begins[i] ?? 0));
  });
  const own = source.strides ?? rowMajor(source.dims);
  const flat = addressOf({ offset: 0, strides: own }, [batch, channel, ...at]);
  const site = siteOf(source, singleSite("x", local(type, "flat"), [define("flat", flat)]));
  const [value] = read(site);
  const weights = { offset: 0, strides: weightStrides(w, window) };
  const taps = [filter, ...steps.map((step) => convert(type, step))];
  const weight = load(w.storage, buffers.read(w), addressOf(weights, taps));
  const sum = local("f32", "sum");
  const product = multiply(present(value, "element"), weight);
  let body: readonly Statement[] = [
    ...from.map((each, i) => define(`a${i}`, each)),
    {
      kind: "if",
      condition: isInside,
      body: [...site.body, { kind: "assign", name: "sum", value: add(sum, product) }],
    },
  ];
  for (let i = spatial.length - 1; i >= 0; i--) {
    const inner = body;
    body = [loop(`k${i}`, window.kernel[i] ?? 1, () => inner)];
  }
  return [
    ...storedCoordinates(position, { ...result, dims: outputDims }).map((each, axis) =>
      define(`c${axis}`, each),
    ),
    define("sum", startOf(bias, filter, buffers)),
    ...body,
  ];
}

/**
 * The filters of a convolution that writes `result`: where its channels are last, neighboring threads make neighboring channels,
 * so the filters' are next to each other too, if they are constants.
 */
export function depthwiseFilters(
  call: Pick<OperatorCall, "reordered">,
  w: Operand,
  result: Operand,
): Operand {
  const places = w.dims.map((_, axis) => axis).slice(2);
  return (result.strides && call.reordered(w, [...places, 0, 1])) ?? w;
}

/** A site whose positions are counted in the order of a tensor's memory. */
function siteOf({ strides }: Operand, site: Site): Site {
  return strides === undefined ? site : { ...site, isChannelsLast: true };
}

/** Distances of filters, and of the places of their windows. */
function weightStrides({ dims, strides }: Operand, { kernel }: WindowGeometry): readonly number[] {
  const [filter = 1, , ...places] = strides ?? [];
  return strides === undefined ? rowMajor([dims[0] ?? 1, ...kernel]) : [filter, ...places];
}

function startOf(
  bias: Operand | undefined,
  filter: Expression,
  buffers: KernelBuffers,
): Expression {
  return bias === undefined
    ? literal(VALUE_OF.f32, 0)
    : load(bias.storage, buffers.read(bias), filter);
}
