/**
 * What the program launches for the groups of the kernel list: which kernels and calls, and on the emulated device the values
 * that ONNX Runtime computes with the operators one by one.
 */
import { describe, expect, it } from "vitest";
import {
  add,
  averagePool,
  batchNorm,
  concat,
  convolution,
  type Feature,
  maxPool,
  padBorder,
  relu,
} from "../../fixtures/generator/cnn-layers.js";
import { type GraphBuilder, graphBuilder } from "../../fixtures/generator/graph-builder.js";
import { ELEMENT, int, ints } from "../../fixtures/generator/model-spec.js";
import {
  gelu,
  geluTanh,
  layerNorm,
  linear,
  project,
  selfAttention,
  staticViews,
  transpose,
} from "../../fixtures/generator/transformer-layers.js";
import { present } from "../../src/core/invariant.js";
import type { DeviceNode } from "../../src/kernels/device-node.js";
import { emitModel } from "../../src/kernels/emit.js";
import { type Precision, precisionPlan } from "../../src/kernels/precision.js";
import { withKernelList } from "../../src/onnx/fuse/fuse-operators.js";
import type { LoweredModel } from "../../src/onnx/lowered-model.js";
import { distance, emulate, reference } from "../support/emulate-model.js";
import { SKIP_REASON } from "../support/onnx-runtime.js";
import { loweredTinyModel } from "../support/tiny-model.js";

/** A call with what it does besides: `conv+bias+residual+relu`; a kernel by its label. */
function launchOf(node: DeviceNode): string {
  switch (node.kind) {
    case "kernel":
      return node.kernel.label;
    case "gemm": {
      const { bias, residual, activation } = node.epilogue ?? {};
      return ["gemm", bias && "bias", residual && "residual", activation].filter(Boolean).join("+");
    }
    case "conv":
      return ["conv", node.bias && "bias", node.residual && "residual", node.relu && "relu"]
        .filter(Boolean)
        .join("+");
  }
}

function launchesOf(lowered: LoweredModel, precision: Precision): readonly string[] {
  const { floats, gemm } = precisionPlan(precision);
  const approximatesGelu = gemm === "tf32";
  const made = emitModel(lowered, { floats, estimateUnsupported: false, approximatesGelu });
  if (!made.ok) {
    throw new Error(made.error[0].message);
  }
  return made.value.plans.flatMap(({ nodes }) => nodes.map(launchOf));
}

type Build = (g: GraphBuilder) => void;

/** What the program launches, after its outputs were compared. */
async function run(build: Build, precision: Precision = "ieee"): Promise<readonly string[]> {
  const g = graphBuilder({ name: "small", opset: 17, seed: 3 });
  build(g);
  const { lowered, remove } = await loweredTinyModel(g.encode());
  try {
    const ours = await emulate(lowered, precision, { fuse: "patterns" });
    const theirs = await reference(lowered);
    expect(ours.size).toBeGreaterThan(0);
    for (const [output, bytes] of ours) {
      const wanted = present(theirs.get(output), output);
      const tolerance = precision === "ieee" ? 1e-5 : precisionPlan(precision).tolerance;
      expect(distance(wanted.elementType, bytes, wanted.bytes)).toBeLessThan(tolerance);
    }
    return launchesOf(withKernelList(lowered, "patterns"), precision);
  } finally {
    remove();
  }
}

function tensor(g: GraphBuilder, dims: readonly number[], name = "x"): string {
  return g.input(name, ELEMENT.float, dims);
}

function end(g: GraphBuilder, value: string, name = "y"): void {
  g.output(name, value, ELEMENT.float, []);
}

const SIDE = 6;

function image(g: GraphBuilder, name = "x", channels = 4): Feature {
  return { value: g.input(name, ELEMENT.float, [1, channels, SIDE, SIDE]), channels };
}

function three(g: GraphBuilder, x: Feature, out = 4): Feature {
  return convolution(g, x, { out, kernel: 3, pad: 1 });
}

const SIZES = { hidden: 8, heads: 2, inner: 16, epsilon: 1e-5 };

function rootMeanSquare(g: GraphBuilder, x: string, width: number): string {
  const squares = g.node("Pow", [x, g.scalar(2)]);
  const mean = g.node("ReduceMean", [squares], { axes: ints(-1), keepdims: int(1) });
  const root = g.node("Sqrt", [g.node("Add", [mean, g.scalar(1e-6)])]);
  const inverse = g.node("Div", [g.scalar(1), root]);
  return g.node("Mul", [g.vector(width, "gain"), g.node("Mul", [x, inverse])]);
}

/** Attention over queries [heads, length, head] and as many keys as `keys`. */
function attended(
  g: GraphBuilder,
  [heads, length, keys, head]: readonly [number, number, number, number],
): string {
  const [q, k, v] = [
    tensor(g, [heads, length, head], "q"),
    tensor(g, [heads, keys, head], "k"),
    tensor(g, [heads, keys, head], "v"),
  ];
  const scores = g.node("MatMul", [q, transpose(g, k, 0, 2, 1)]);
  return g.node("MatMul", [g.node("Softmax", [scores], { axis: int(-1) }), v]);
}

describe.skipIf(SKIP_REASON !== undefined)("one kernel", () => {
  // Rows of 8 to 1,000 elements: a warp, a block, in registers or not; whole fours or not; few rows or many.
  it.each([
    [3, 8],
    [3, 9],
    [4, 300],
    [2, 1000],
    [1025, 20],
    [1030, 36],
    [1024, 260],
  ])("goes over %d rows of %d elements for LayerNorm written out", async (rows, width) => {
    const build: Build = (g) => end(g, layerNorm(g, tensor(g, [rows, width]), width, 1e-5));
    expect(await run(build)).toEqual(["rows9"]);
    expect(await run(build, "f16")).toEqual(["rows9"]);
  });

  it.each([
    [2, 2048],
    [3, 2050],
    [1, 5000],
  ])("goes over %d long rows of %d elements", async (rows, width) => {
    const build: Build = (g) => {
      const scaled = g.node("Mul", [tensor(g, [rows, width]), g.scalar(2)]);
      end(
        g,
        g.node("ReduceMean", [g.node("Softmax", [scaled], { axis: int(-1) })], { axes: ints(-1) }),
      );
    };
    expect(await run(build)).toEqual(["rows3"]);
  });

  it("normalizes by the root of the mean square, and sums before and scales behind", async () => {
    const found = await run((g) => {
      const x = g.node("Add", [tensor(g, [2, 5, 12]), tensor(g, [1, 5, 12], "z")]);
      end(g, g.node("Mul", [rootMeanSquare(g, x, 12), g.scalar(0.5)]));
    });
    expect(found).toEqual(["rows9"]);
  });

  it("goes over rows whose elements are apart, and over those of a view", async () => {
    const apart = await run((g) => {
      const x = tensor(g, [2, 24, 7]);
      const mean = g.node("ReduceMean", [x], { axes: ints(1), keepdims: int(1) });
      const centred = g.node("Sub", [x, mean]);
      end(g, g.node("Softmax", [centred], { axis: int(1) }));
    });
    expect(apart).toEqual(["rows3"]);
    const view = await run((g) => {
      const x = g.node("Relu", [tensor(g, [2, 3, 16])]);
      const flat = g.node("Reshape", [x, g.integers([2], [6, 16])]);
      const most = g.node("ReduceMax", [flat], { axes: ints(1), keepdims: int(0) });
      end(g, g.node("Exp", [most]));
    });
    expect(view).toEqual(["rows3"]);
  });

  it("has softmax and normalizations as they are, with what is around them", async () => {
    const found = await run((g) => {
      const x = tensor(g, [2, 6, 40]);
      const mask = tensor(g, [1, 1, 40], "mask");
      const shares = g.node("Softmax", [g.node("Add", [x, mask])], { axis: int(-1) });
      end(g, g.node("Mul", [shares, g.scalar(3)]));
      const given = [g.node("Tanh", [x]), g.vector(40, "gain"), g.vector(40, "bias")];
      const normal = g.node("LayerNormalization", given, { axis: int(-1) });
      end(g, g.node("Relu", [normal]), "z");
    });
    expect(found).toEqual(["rows3", "rows3"]);
  });

  it("has element-wise operators with values that are read twice, biases and views", async () => {
    const found = await run((g) => {
      const x = tensor(g, [2, 3, 8]);
      const sum = g.node("Add", [x, g.vector(8, "bias")]);
      const gate = g.node("Mul", [sum, g.node("Sigmoid", [sum])]);
      const flat = g.node("Reshape", [gate, g.integers([2], [6, 8])]);
      end(g, g.node("Mul", [flat, tensor(g, [6, 1], "z")]));
    });
    expect(found).toEqual(["elements4"]);
  });

  // Numbers of elements that are and are not multiples of four; operands by element, row, column and alone.
  it.each([
    [2, 3, 4],
    [2, 3, 5],
    [1, 1, 7],
    [3, 4, 1],
  ])("computes [%d, %d, %d] elements by operands of every shape", async (a, b, c) => {
    const build: Build = (g) => {
      const shapes = [[a, b, c], [c], [b, 1], [a, 1, 1], [1]];
      const all = shapes.map((dims, i) => tensor(g, dims, `x${i}`));
      const sum = all.slice(1).reduce((left, right) => g.node("Add", [left, right]), all[0] ?? "");
      end(g, g.node("Relu", [sum]));
    };
    expect(await run(build)).toEqual(["elements5"]);
    expect(await run(build, "f16")).toEqual(["elements5"]);
  });
});

describe.skipIf(SKIP_REASON !== undefined)("one kernel of attention", () => {
  it("reads projections before they were cut and transposed", async () => {
    const build: Build = (g) => {
      const mask = g.input("mask", ELEMENT.float, [1, 1, 1, 5]);
      end(g, selfAttention(g, tensor(g, [1, 5, 8]), SIZES, staticViews(5, SIZES), mask));
    };
    const launches = ["gemm+bias", "gemm+bias", "gemm+bias", "attention", "gemm+bias"];
    expect(await run(build)).toEqual(launches);
    expect(await run(build, "f16")).toEqual(launches);
  });

  it("reads heads that are gathered from one product, under a mask by choice", async () => {
    const found = await run((g) => {
      const all = g.node("Reshape", [
        project(g, tensor(g, [4, 8]), 8, 24),
        g.integers([4], [4, 3, 2, 4]),
      ]);
      const turned = transpose(g, all, 1, 2, 0, 3);
      const [q = "", k = "", v = ""] = [0, 1, -1].map((at) =>
        g.node("Gather", [turned, g.integers([], [at])], { axis: int(0) }),
      );
      const scores = g.node("MatMul", [
        g.node("Mul", [q, g.scalar(0.5)]),
        transpose(g, k, 0, 2, 1),
      ]);
      const isKept = g.input("kept", ELEMENT.bool, [4, 4]);
      const masked = g.node("Where", [isKept, scores, g.scalar(-1e4)]);
      end(g, g.node("MatMul", [g.node("Softmax", [masked], { axis: int(-1) }), v]));
    });
    expect(found).toEqual(["gemm", "attention"]);
  });

  it("reads parts of one split product, and scales values by a number", async () => {
    const found = await run((g) => {
      const all = linear(g, tensor(g, [1, 6, 8]), 8, 24);
      const parts = g.nodes("Split", [all, g.integers([3], [8, 8, 8])], 3, { axis: int(-1) });
      const heads = parts.map((part) => {
        const view = g.node("Reshape", [part, g.integers([4], [1, 6, 2, 4])]);
        return transpose(g, view, 0, 2, 1, 3);
      });
      const [q = "", k = "", v = ""] = heads;
      const scores = g.node("MatMul", [q, transpose(g, k, 0, 1, 3, 2)]);
      const shares = g.node("Softmax", [g.node("Div", [scores, g.scalar(2)])], { axis: int(-1) });
      const sum = g.node("MatMul", [shares, g.node("Mul", [v, g.scalar(0.25)])]);
      const back = transpose(g, sum, 0, 2, 1, 3);
      end(g, back);
    });
    expect(found).toEqual(["gemm+bias", "attention"]);
  });

  // Tiles of queries and of keys that are whole or not; heads of any size.
  it.each([
    [2, 16, 64, 16],
    [1, 17, 65, 8],
    [3, 5, 130, 20],
    [1, 33, 3, 64],
    [1, 2, 300, 7],
    [1, 9, 40, 100],
  ] as const)("takes %d heads, %d queries, %d keys, %d elements", async (...sizes) => {
    expect(await run((g) => end(g, attended(g, sizes)))).toEqual(["attention"]);
  });

  it("leaves long rows of scores to products of a library", async () => {
    const found = await run((g) => end(g, attended(g, [1, 2, 600, 4])));
    expect(found).toEqual(["transpose", "gemm", "softmax", "gemm"]);
  });
});

describe.skipIf(SKIP_REASON !== undefined)("one call of cuDNN", () => {
  it("has bias, a residual and relu, with the normalization in filters and bias", async () => {
    const found = await run((g) => {
      const x = image(g);
      end(g, relu(g, add(g, batchNorm(g, three(g, x)), x)).value);
    });
    expect(found).toEqual(["conv+bias+residual+relu"]);
    const half = await run((g) => end(g, batchNorm(g, three(g, image(g))).value), "f16");
    expect(half).toEqual(["conv+bias"]);
  });

  it("has scales and shifts of channels in whatever operators they are", async () => {
    const found = await run((g) => {
      const { value } = three(g, image(g));
      const by = (op: string, read: string) => g.node(op, [read, g.vector(4, "gain", 2)]);
      const steps = ["Mul", "Sub", "Div", "Add"].reduce((read, op) => by(op, read), value);
      end(g, g.node("Relu", [g.node("Mul", [steps, g.scalar(-0.5)])]));
    });
    expect(found).toEqual(["conv+bias+relu"]);
  });

  it("leaves what it has not to one kernel behind", async () => {
    const silu = await run((g) => {
      const { value } = three(g, image(g));
      const sum = g.node("Add", [value, g.vector(4, "bias", 2)]);
      end(g, g.node("Mul", [sum, g.node("Sigmoid", [sum])]));
    });
    expect(silu).toEqual(["conv+bias", "elements2"]);
    const later = await run((g) => {
      const x = image(g);
      end(g, add(g, relu(g, three(g, x)), x).value);
    });
    expect(later).toEqual(["conv+bias+relu", "elementwise"]);
    // The constant minus the value, and one for each column.
    const turned = await run((g) => {
      const { value } = three(g, image(g));
      const left = g.node("Sub", [g.vector(4, "bias", 2), value]);
      end(g, g.node("Mul", [left, g.vector(SIDE, "gain")]));
    });
    expect(turned).toEqual(["conv+bias", "elements2"]);
  });

  it("needs constants as filters to scale them", async () => {
    const found = await run((g) => {
      const w = g.input("w", ELEMENT.float, [4, 4, 1, 1]);
      const made = g.node("Conv", [image(g).value, w], { kernel_shape: ints(1, 1) });
      end(g, relu(g, batchNorm(g, { value: made, channels: 4 })).value);
    });
    expect(found).toEqual(["conv", "elements2"]);
  });

  it("has one kernel in front for what changes what it reads", async () => {
    const found = await run((g) => {
      const x = relu(g, batchNorm(g, image(g)));
      end(g, convolution(g, padBorder(g, x, 1, 1), { out: 4, kernel: 3 }).value);
    });
    expect(found).toEqual(["elements2", "pad", "conv+bias"]);
  });
});

describe.skipIf(SKIP_REASON !== undefined)("one call of cuBLAS", () => {
  const layer =
    (activation: (g: GraphBuilder, x: string) => string): Build =>
    (g) =>
      end(g, activation(g, linear(g, tensor(g, [5, 8]), 8, 12)));

  it("has bias, relu, and GELU by tanh; by the error function where products are no closer", async () => {
    expect(await run(layer((g, x) => g.node("Relu", [x])))).toEqual(["gemm+bias+relu"]);
    expect(await run(layer(geluTanh))).toEqual(["gemm+bias+gelu"]);
    expect(await run(layer(gelu))).toEqual(["gemm+bias", "elements5"]);
    expect(await run(layer(gelu), "tf32")).toEqual(["gemm+bias+gelu"]);
    expect(await run(layer(gelu), "f16")).toEqual(["gemm+bias+gelu"]);
    expect(await run(layer((g, x) => g.node("Tanh", [x])))).toEqual(["gemm+bias", "elementwise"]);
  });

  it("does not take a function that only resembles GELU", async () => {
    const resembling = (factor: number) =>
      run(
        layer((g, x) => {
          const gate = g.node("Sigmoid", [g.node("Mul", [x, g.scalar(factor)])]);
          return g.node("Mul", [x, gate]);
        }),
      );
    expect(await resembling(1.702)).toEqual(["gemm+bias", "elements3"]);
    expect(await resembling(1.5957691)).toEqual(["gemm+bias", "elements3"]);
  });

  it("adds a residual, and what Gemm adds", async () => {
    const residual = await run((g) => {
      const made = linear(g, tensor(g, [3, 8]), 8, 4);
      end(g, g.node("Add", [tensor(g, [3, 4], "z"), made]));
    });
    expect(residual).toEqual(["gemm+bias+residual"]);
    const gemm = (dims: readonly number[], beta: number) =>
      run((g) => {
        const [a, b, c] = [tensor(g, [3, 8], "a"), tensor(g, [8, 4], "b"), tensor(g, dims, "c")];
        const made = g.node("Gemm", [a, b, c], { beta: { kind: "float", value: beta } });
        end(g, g.node("Relu", [made]));
      });
    expect(await gemm([4], 1)).toEqual(["gemm+bias+relu"]);
    expect(await gemm([1, 4], 1)).toEqual(["gemm+bias+relu"]);
    expect(await gemm([3, 4], 1)).toEqual(["gemm+residual+relu"]);
    expect(await gemm([3, 1], 1)).toEqual(["broadcast", "gemm", "elementwise"]);
    expect(await gemm([4], 0.5)).toEqual(["broadcast", "gemm", "elementwise"]);
  });
});

describe.skipIf(SKIP_REASON !== undefined)("one kernel of a pool", () => {
  const window = { kernel: 3, stride: 2 };

  it.each([
    ["maximum", Number.NEGATIVE_INFINITY, maxPool],
    ["average", 0, averagePool],
  ] as const)("has the Pad in front of a %s", async (_name, fill, pool) => {
    for (const [begin, finish] of [
      [1, 1],
      [0, 2],
    ] as const) {
      const found = await run((g) =>
        end(g, pool(g, padBorder(g, image(g), begin, finish, fill), window).value),
      );
      expect(found).toEqual([pool === maxPool ? "maxPool" : "averagePool"]);
    }
  });

  it("counts a Pad and rows that are rounded up as the average does", async () => {
    for (const count of [0, 1]) {
      const found = await run((g) => {
        const border = padBorder(g, image(g), 1, 2);
        const pooled = g.node("AveragePool", [border.value], {
          ceil_mode: int(1),
          count_include_pad: int(count),
          kernel_shape: ints(3, 2),
          strides: ints(2, 2),
        });
        end(g, pooled);
      });
      expect(found).toEqual(["averagePool"]);
    }
  });

  it.each(["ieee", "f16"] as const)(
    "has normalization, addition and activation, in %s",
    async (precision) => {
      const found = await run((g) => {
        const pooled = averagePool(g, image(g), { kernel: 3, pad: 1 });
        const shifted = batchNorm(g, pooled);
        const sum = add(g, shifted, { value: tensor(g, [1, 4, SIDE, SIDE], "z"), channels: 4 });
        end(g, relu(g, sum).value);
      }, precision);
      expect(found).toEqual(["averagePool"]);
    },
  );

  it("leaves a maximum whose place is asked for to kernels of its own", async () => {
    const found = await run((g) => {
      const [most = "", where = ""] = g.nodes("MaxPool", [image(g).value], 2, {
        kernel_shape: ints(2, 2),
      });
      end(g, g.node("Relu", [most]));
      g.output("where", where, ELEMENT.int64, []);
    });
    expect(found).toEqual(["maxPool", "elementwise"]);
  });
});

describe.skipIf(SKIP_REASON !== undefined)("a concatenation", () => {
  it("is written in place by kernels and calls of every kind", async () => {
    const found = await run((g) => {
      const x = image(g);
      const parts = [three(g, x), relu(g, three(g, x, 8)), maxPool(g, x, { kernel: 1 })];
      const whole = concat(g, parts);
      end(g, relu(g, three(g, whole)).value);
      // A part that is read by itself, too.
      end(g, g.node("Tanh", [parts[0]?.value ?? ""]), "z");
    });
    expect(found).toEqual([
      "conv+bias",
      "conv+bias+relu",
      "maxPool",
      "conv+bias+relu",
      "elementwise",
    ]);
  });

  it("is a copy where parts would begin in the middle of 16 bytes, or have other rows", async () => {
    const odd = await run((g) => {
      const x = g.input("x", ELEMENT.float, [1, 1, 3, 3]);
      const parts = ["Tanh", "Exp"].map((type) => g.node(type, [x]));
      end(g, g.node("Relu", [g.node("Concat", parts, { axis: int(1) })]));
    });
    expect(odd).toEqual(["elementwise", "elementwise", "concat", "elementwise"]);
    const rows = await run((g) => {
      const x = g.input("x", ELEMENT.float, [2, 4]);
      const parts = ["Tanh", "Exp"].map((type) => g.node(type, [x]));
      end(g, g.node("Relu", [g.node("Concat", parts, { axis: int(1) })]));
    });
    expect(rows).toEqual(["elementwise", "elementwise", "concat", "elementwise"]);
  });
});
