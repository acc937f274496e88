import type { OperatorCase } from "../../support/operator-models.js";
import type { MeasuredRow } from "./measured.js";

/** A measured operator as a model of one node. */
export function caseOf({ operator, type, sizes }: MeasuredRow): OperatorCase {
  const element = type === "float16" ? "f16" : "f32";
  const tensor = (...dims: readonly number[]): string => `${element}[${dims.join(",")}]`;
  const size = (name: string): number => sizes[name] ?? 1;
  const bytes = size("bytes");
  switch (operator) {
    case "gemm":
    case "linear":
      return plain("MatMul", tensor(size("m"), size("k")), tensor(size("k"), size("n")));
    case "bmm":
      return plain(
        "MatMul",
        tensor(size("b"), size("m"), size("k")),
        tensor(size("b"), size("k"), size("n")),
      );
    case "conv":
      return convolution(sizes, sizes["groups"] ?? 1, tensor);
    case "depthwise":
      return convolution(sizes, size("c"), tensor);
    case "avgpool":
      return pooling("AveragePool", sizes, tensor);
    case "pooling": {
      // Max pooling 3x3 by 2 of ResNets: the result has a quarter of the elements.
      const c = bytes / (4 * 4 * (112 ** 2 + 56 ** 2));
      return pooling("MaxPool", { n: 4, c, h: 112, k: 3, stride: 2, p: 56 }, tensor);
    }
    case "reduce": {
      // The mean over 7 x 7 of networks for images.
      const channels = bytes / (4 * (49 + 1));
      return plain("GlobalAveragePool", tensor(4, channels / 4, 7, 7));
    }
    case "reducesum":
      return plain("ReduceSum", tensor(size("read") / size("inner"), size("inner")), "i64=1");
    case "ln":
      return {
        ...plain("LayerNormalization", tensor(size("rows"), size("cols"))),
        inputs: [
          tensor(size("rows"), size("cols")),
          tensor(size("cols")),
          tensor(size("cols")),
        ].join(" "),
      };
    case "softmax":
      return plain("Softmax", tensor(size("rows"), size("cols")));
    case "bn":
      return plain(
        "BatchNormalization",
        tensor(4, 64, bytes / (4 * 4 * 2 * 64)),
        ...Array.from({ length: 4 }, () => tensor(64)),
      );
    case "add":
      return plain("Add", tensor(elements(sizes)), tensor(elements(sizes)));
    default:
      return plain("Relu", tensor(elements(sizes)));
  }
}

function plain(type: string, ...inputs: readonly string[]): OperatorCase {
  return { type, inputs: inputs.join(" "), outputs: 1 };
}

/** Elements of each operand: of read and written bytes, half are read. */
function elements({ elements: count, rows, cols, bytes }: MeasuredRow["sizes"]): number {
  return Math.round(count ?? (rows !== undefined ? rows * (cols ?? 1) : (bytes ?? 8) / 8));
}

type Tensor = (...dims: readonly number[]) => string;

function convolution(sizes: MeasuredRow["sizes"], groups: number, tensor: Tensor): OperatorCase {
  const { n = 1, c = 1, h = 1, w = h, k = 1, r = 1, s = r } = sizes;
  const { stride = 1, stride2 = stride, p = h, q = sizes["w"] === undefined ? p : w } = sizes;
  return {
    type: "Conv",
    inputs: [tensor(n, c, h, w), tensor(k, c / groups, r, s)].join(" "),
    attributes: {
      group: groups,
      kernel_shape: [r, s],
      strides: [stride, stride2],
      pads: pads([h, w], [p, q], [r, s], [stride, stride2]),
    },
    outputs: 1,
  };
}

function pooling(type: string, sizes: MeasuredRow["sizes"], tensor: Tensor): OperatorCase {
  const { n = 1, c = 1, h = 1, k = 1, stride = 1, p = 1 } = sizes;
  const around = pads([h, h], [p, p], [k, k], [stride, stride]);
  return {
    type,
    inputs: tensor(n, c, h, h),
    attributes: {
      kernel_shape: [k, k],
      strides: [stride, stride],
      // Where a window of one is beyond the border, the source rounds the result up.
      ...(around.some((pad) => pad >= k) ? { ceil_mode: 1 } : { pads: around }),
    },
    outputs: 1,
  };
}

/** Padding with which the windows give so many results: what is odd, at the end. */
function pads(
  input: readonly number[],
  output: readonly number[],
  kernel: readonly number[],
  strides: readonly number[],
): readonly number[] {
  const totals = input.map((size, axis) => {
    const covered = ((output[axis] ?? 1) - 1) * (strides[axis] ?? 1) + (kernel[axis] ?? 1);
    return Math.max(0, covered - size);
  });
  return [
    ...totals.map((total) => Math.floor(total / 2)),
    ...totals.map((total) => Math.ceil(total / 2)),
  ];
}
