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
} from "../../../../fixtures/generator/cnn-layers.js";
import type { GraphBuilder } from "../../../../fixtures/generator/graph-builder.js";
import { ELEMENT, int, ints, text } from "../../../../fixtures/generator/model-spec.js";
import {
  gelu,
  geluTanh,
  layerNorm,
  linear,
  project,
  selfAttention,
  staticViews,
  transpose,
} from "../../../../fixtures/generator/transformer-layers.js";
import { launchesOf, listed } from "../../../support/kernel-lists.js";

const SIDE = 8;

function image(g: GraphBuilder, name = "x"): Feature {
  return { value: g.input(name, ELEMENT.float, [1, 4, SIDE, SIDE]), channels: 4 };
}

function three(g: GraphBuilder, x: Feature): Feature {
  return convolution(g, x, { out: 4, kernel: 3, pad: 1 });
}

function rows(g: GraphBuilder, ...dims: number[]): string {
  return g.input("x", ELEMENT.float, dims.length === 0 ? [2, 4, 8] : dims);
}

function end(g: GraphBuilder, value: string, name = "y"): void {
  g.output(name, value, ELEMENT.float, []);
}

async function launches(build: (g: GraphBuilder) => void): Promise<readonly string[]> {
  return launchesOf(await listed(build));
}

const LAYER_NORM = "ReduceMean Sub Pow ReduceMean Add Sqrt Div Mul Add";

describe("an operator with an epilogue", () => {
  it("takes normalization, bias, activation and addition", async () => {
    const found = await launches((g) => {
      const x = image(g);
      end(g, relu(g, add(g, batchNorm(g, three(g, x)), x)).value);
    });
    expect(found).toEqual(["epilogue: Conv BatchNormalization Add Relu"]);
  });

  it("takes one activation, however many operators it is made of", async () => {
    const silu = (g: GraphBuilder, x: string) => g.node("Mul", [x, g.node("Sigmoid", [x])]);
    const hardSwish = (g: GraphBuilder, x: string) => {
      const shifted = g.node("Add", [x, g.scalar(3)]);
      const gate = g.node("Clip", [shifted, g.scalar(0), g.scalar(6)]);
      return g.node("Div", [g.node("Mul", [x, gate]), g.scalar(6)]);
    };
    const mish = (g: GraphBuilder, x: string) =>
      g.node("Mul", [x, g.node("Tanh", [g.node("Softplus", [x])])]);
    for (const [activation, types] of [
      [silu, "Sigmoid Mul"],
      [hardSwish, "Add Clip Mul Div"],
      [mish, "Softplus Tanh Mul"],
      [gelu, "Div Erf Add Mul Mul"],
      [geluTanh, "Mul Pow Mul Add Mul Tanh Add Mul"],
    ] as const) {
      const found = await launches((g) => {
        end(g, activation(g, linear(g, rows(g), 8, 8)));
      });
      expect(found).toEqual([`epilogue: MatMul Add ${types}`]);
    }
  });

  it("ends after the activation, and after one addition", async () => {
    const twice = await launches((g) =>
      end(g, relu(g, batchNorm(g, relu(g, three(g, image(g))))).value),
    );
    expect(twice).toEqual(["epilogue: Conv Relu", "elements: BatchNormalization Relu"]);
    const sums = await launches((g) => {
      const [x, z] = [image(g), image(g, "z")];
      end(g, add(g, relu(g, add(g, three(g, x), x)), z).value);
    });
    expect(sums).toEqual(["epilogue: Conv Add Relu", "Add"]);
    const after = await launches((g) => {
      const x = image(g);
      end(g, add(g, relu(g, three(g, x)), x).value);
    });
    expect(after).toEqual(["epilogue: Conv Relu Add"]);
  });

  it("keeps what else reads a value, and what is an output", async () => {
    const read = await launches((g) => {
      const inner = batchNorm(g, three(g, image(g)));
      end(g, relu(g, inner).value);
      end(g, maxPool(g, inner, { kernel: 2, stride: 2 }).value, "pooled");
    });
    expect(read).toEqual(["epilogue: Conv BatchNormalization", "Relu", "MaxPool"]);
    const seen = await launches((g) => {
      const inner = three(g, image(g));
      end(g, relu(g, inner).value);
      end(g, inner.value, "inner");
    });
    expect(seen).toEqual(["Conv", "Relu"]);
  });

  it("gives an addition of two results to the one that comes last", async () => {
    const found = await launches((g) => {
      const x = image(g);
      const long = three(g, relu(g, three(g, x)));
      end(g, relu(g, add(g, long, convolution(g, x, { out: 4, kernel: 1 }))).value);
    });
    expect(found).toEqual(["epilogue: Conv Relu", "Conv", "epilogue: Conv Add Relu"]);
  });

  it("does not take values of another size, or of another tensor", async () => {
    const found = await launches((g) => {
      const wide = g.input("w", ELEMENT.float, [3, 4, 8]);
      end(g, g.node("Add", [project(g, rows(g, 4, 8), 8, 8), wide]));
    });
    expect(found).toEqual(["MatMul", "Add"]);
    const gate = await launches((g) => {
      const scale = g.input("s", ELEMENT.float, [1, 4, 1, 1]);
      end(g, g.node("Mul", [three(g, image(g)).value, scale]));
    });
    expect(gate).toEqual(["Conv", "Mul"]);
  });

  it("reads through activations, scales and borders", async () => {
    const found = await launches((g) => {
      const x = image(g);
      const input = padBorder(g, relu(g, batchNorm(g, x)), 1, 1);
      end(g, add(g, convolution(g, input, { out: 4, kernel: 3 }), x).value);
    });
    expect(found).toEqual(["epilogue: BatchNormalization Relu Pad Conv Add"]);
  });

  it("has borders that it could have made itself alone", async () => {
    const pooled = (fill: number, mean: boolean) =>
      launches((g) => {
        const input = padBorder(g, image(g), 1, 1, fill);
        const window = { kernel: 3, stride: 1 };
        end(g, (mean ? averagePool(g, input, window) : maxPool(g, input, window)).value);
      });
    const low = Number.NEGATIVE_INFINITY;
    expect(await pooled(low, false)).toEqual(["epilogue: Pad MaxPool"]);
    expect(await pooled(0, false)).toEqual(["Pad", "MaxPool"]);
    expect(await pooled(0, true)).toEqual(["epilogue: Pad AveragePool"]);
    expect(await pooled(low, true)).toEqual(["Pad", "AveragePool"]);
    const other = (amounts: readonly number[], mode: string) =>
      launches((g) => {
        const padded = g.node("Pad", [image(g).value, g.integers([8], amounts)], {
          mode: text(mode),
        });
        end(g, convolution(g, { value: padded, channels: 4 }, { out: 4, kernel: 3 }).value);
      });
    expect(await other([0, 0, 1, 1, 0, 0, 1, 1], "constant")).toEqual(["epilogue: Pad Conv"]);
    expect(await other([0, 0, 1, 1, 0, 0, 1, 1], "reflect")).toEqual(["Pad", "Conv"]);
    expect(await other([0, 0, -1, 1, 0, 0, 1, 1], "constant")).toEqual(["Pad", "Conv"]);
    expect(await other([1, 0, 1, 1, 0, 0, 1, 1], "constant")).toEqual(["Pad", "Conv"]);
  });
});

describe("a normalization", () => {
  it("is one launch in whatever way it is written", async () => {
    const along = { axes: ints(-1), keepdims: int(1) };
    const mean = (g: GraphBuilder, x: string) => g.node("ReduceMean", [x], along);
    const byProduct = (g: GraphBuilder, x: string) => {
      const centred = g.node("Sub", [x, mean(g, x)]);
      const variance = mean(g, g.node("Mul", [centred, centred]));
      const root = g.node("Sqrt", [g.node("Add", [variance, g.scalar(1e-5)])]);
      return g.node("Mul", [centred, g.node("Reciprocal", [root])]);
    };
    const bySquares = (g: GraphBuilder, x: string) => {
      const average = mean(g, x);
      const square = mean(g, g.node("Mul", [x, x]));
      const variance = g.node("Sub", [square, g.node("Mul", [average, average])]);
      return g.node("Div", [g.node("Sub", [x, average]), g.node("Sqrt", [variance])]);
    };
    const rootMeanSquare = (g: GraphBuilder, x: string) => {
      const square = mean(g, g.node("Pow", [x, g.scalar(2)]));
      const root = g.node("Sqrt", [g.node("Add", [square, g.scalar(1e-5)])]);
      return g.node("Mul", [g.node("Div", [x, root]), g.vector(8, "gain")]);
    };
    const softmax = (g: GraphBuilder, x: string) => {
      const most = g.node("ReduceMax", [x], along);
      const powers = g.node("Exp", [g.node("Sub", [x, most])]);
      const sum = g.node("ReduceSum", [powers, g.integers([1], [-1])], { keepdims: int(1) });
      return g.node("Div", [powers, sum]);
    };
    const squeezed = (g: GraphBuilder, x: string) => {
      const flat = g.node("ReduceMean", [x], { axes: ints(2), keepdims: int(0) });
      return g.node("Sub", [x, g.node("Unsqueeze", [flat, g.integers([1], [2])])]);
    };
    for (const norm of [
      (g: GraphBuilder, x: string) => layerNorm(g, x, 8, 1e-5),
      byProduct,
      bySquares,
      rootMeanSquare,
      softmax,
      squeezed,
    ]) {
      const found = await launches((g) => end(g, norm(g, rows(g))));
      expect(found).toHaveLength(1);
      expect(found[0]).toMatch(/^normalization: /);
    }
    const one = await launches((g) => end(g, layerNorm(g, rows(g), 8, 1e-5)));
    expect(one).toEqual([`normalization: ${LAYER_NORM}`]);
  });

  it("takes element-wise operators on both sides", async () => {
    const found = await launches((g) => {
      const scaled = g.node("Mul", [rows(g), g.scalar(2)]);
      end(g, g.node("Tanh", [g.node("Softmax", [scaled], { axis: int(-1) })]));
    });
    expect(found).toEqual(["normalization: Mul Softmax Tanh"]);
  });

  it("leaves out rows along other dims, and values that are repeated along others", async () => {
    const other = await launches((g) => {
      const x = rows(g, 8, 8);
      const first = g.node("ReduceMean", [x], { axes: ints(0), keepdims: int(1) });
      const centred = g.node("Sub", [x, first]);
      const last = g.node("ReduceMean", [centred], { axes: ints(1), keepdims: int(1) });
      end(g, g.node("Sub", [centred, last]));
    });
    expect(other).toEqual(["normalization: ReduceMean Sub", "normalization: ReduceMean Sub"]);
    // One value for each row, but added to each column.
    const turned = await launches((g) => {
      const x = rows(g, 8, 8);
      const flat = g.node("ReduceMean", [x], { axes: ints(1), keepdims: int(0) });
      end(g, g.node("Sub", [x, flat]));
    });
    expect(turned).toEqual(["ReduceMean", "Sub"]);
  });

  it("leaves out means of rows that are gains of columns, or of channels", async () => {
    const columns = await launches((g) => {
      const x = rows(g, 8, 8);
      const gain = g.node("ReduceMean", [x], { axes: ints(1), keepdims: int(0) });
      end(g, g.node("LayerNormalization", [x, gain]));
    });
    expect(columns).toEqual(["ReduceMean", "LayerNormalization"]);
    const channels = await launches((g) => {
      const x = rows(g, 1, 8, 8);
      const mean = g.node("ReduceMean", [x], { axes: ints(1), keepdims: int(0) });
      const gain = g.node("Reshape", [mean, g.integers([1], [8])]);
      const given = ["bias", "bias", "gain"].map((kind) => g.vector(8, kind as "bias" | "gain"));
      end(g, g.node("BatchNormalization", [x, gain, ...given]));
    });
    expect(channels).toEqual(["ReduceMean", "BatchNormalization"]);
  });

  it("is no normalization by the statistics of the batch", async () => {
    const trained = (mode: number, opset: number, outputs: number) =>
      listed(
        (g) => {
          const given = [1, 0.5, 0, 1].map((value) => g.sharedFill([4], value));
          const attributes = opset < 14 ? {} : { training_mode: int(mode) };
          const read = [relu(g, three(g, image(g))).value, ...given];
          const made = g.nodes("BatchNormalization", read, outputs, attributes);
          end(g, g.node("Relu", [made[0] ?? ""]));
        },
        "patterns",
        { opset },
      ).then(launchesOf);
    const plain = ["epilogue: Conv Relu", "elements: BatchNormalization Relu"];
    const apart = ["epilogue: Conv Relu", "BatchNormalization", "Relu"];
    expect(await trained(0, 15, 1)).toEqual(plain);
    expect(await trained(1, 15, 1)).toEqual(apart);
    expect(await trained(1, 15, 3)).toEqual(apart);
    expect(await trained(0, 9, 1)).toEqual(plain);
    expect(await trained(0, 9, 5)).toEqual(apart);
  });

  it("leaves out rows that are too long to make whole values of them again", async () => {
    const long = (length: number) =>
      launches((g) => {
        const x = rows(g, 2, length);
        const mean = g.node("ReduceMean", [x], { axes: ints(1), keepdims: int(1) });
        end(g, g.node("Sub", [x, mean]));
      });
    expect(await long(65_536)).toEqual(["normalization: ReduceMean Sub"]);
    expect(await long(65_537)).toEqual(["ReduceMean", "Sub"]);
  });

  it("leaves out a mean that is read elsewhere, and rows of another tensor", async () => {
    const found = await launches((g) => {
      const x = rows(g);
      const mean = g.node("ReduceMean", [x], { axes: ints(-1), keepdims: int(1) });
      end(g, g.node("Sub", [x, mean]));
      end(g, mean, "mean");
    });
    expect(found).toEqual(["ReduceMean", "Sub"]);
    const foreign = await launches((g) => {
      const x = rows(g);
      const z = g.node("Tanh", [g.input("z", ELEMENT.float, [2, 4, 1])]);
      const mean = g.node("ReduceMean", [x], { axes: ints(-1), keepdims: int(1) });
      end(g, g.node("Sub", [x, g.node("Add", [mean, z])]));
    });
    expect(foreign).toEqual(["Tanh", "normalization: ReduceMean Add Sub"]);
  });
});

const SIZES = { hidden: 8, heads: 2, inner: 16, epsilon: 1e-5 };

describe("attention", () => {
  it("is one launch with the transposes around it", async () => {
    const found = await launches((g) => {
      const mask = g.input("mask", ELEMENT.float, [1, 1, 1, 4]);
      end(g, selfAttention(g, rows(g, 1, 4, 8), SIZES, staticViews(4, SIZES), mask));
    });
    expect(found).toEqual([
      ...["epilogue: MatMul Add", "epilogue: MatMul Add", "epilogue: MatMul Add"],
      "attention: Transpose Transpose Transpose MatMul Div Add Softmax MatMul Transpose",
      "epilogue: MatMul Add",
    ]);
  });

  it("takes heads that are cut out of one product, and masks by choice", async () => {
    const found = await launches((g) => {
      const all = g.node("Reshape", [
        project(g, rows(g, 4, 8), 8, 24),
        g.integers([4], [4, 3, 2, 4]),
      ]);
      const turned = transpose(g, all, 1, 2, 0, 3);
      const [q, k, v] = [0, 1, 2].map((at) =>
        g.node("Gather", [turned, g.integers([], [at])], { axis: int(0) }),
      );
      const scaled = g.node("Mul", [q ?? "", g.scalar(0.5)]);
      const scores = g.node("MatMul", [scaled, transpose(g, k ?? "", 0, 2, 1)]);
      const isKept = g.input("kept", ELEMENT.bool, [4, 4]);
      const masked = g.node("Where", [isKept, scores, g.scalar(-1e9)]);
      end(g, g.node("MatMul", [g.node("Softmax", [masked], { axis: int(-1) }), v ?? ""]));
    });
    expect(found).toEqual([
      "MatMul",
      "attention: Transpose Gather Gather Gather Mul Transpose MatMul Where Softmax MatMul",
    ]);
  });

  const attended = (head: number, more: (g: GraphBuilder, key: string) => void) =>
    launches((g) => {
      const part = (name: string) => g.input(name, ELEMENT.float, [2, 4, head]);
      const key = transpose(g, part("k"), 0, 2, 1);
      const scores = g.node("MatMul", [part("q"), key]);
      end(g, g.node("MatMul", [g.node("Softmax", [scores], { axis: int(-1) }), part("v")]));
      more(g, key);
    });

  it("leaves keys that are an output of the model to a launch of their own", async () => {
    expect(await attended(16, (g, key) => end(g, key, "cache"))).toEqual([
      "Transpose",
      "attention: MatMul Softmax MatMul",
    ]);
  });

  it("is left as it is with heads that no kernel takes", async () => {
    expect(await attended(256, () => {})).toEqual(["attention: Transpose MatMul Softmax MatMul"]);
    expect(await attended(257, () => {})).toEqual(["Transpose", "MatMul", "Softmax", "MatMul"]);
  });

  it("is none where a view or a transposed factor makes other rows than those of the keys", async () => {
    const softmaxed = (axis: number, view: readonly number[], opset = 17, equation?: string) =>
      listed(
        (g) => {
          const part = (name: string) => g.input(name, ELEMENT.float, [2, 4, 4]);
          const scores = g.node("MatMul", [part("q"), part("k")]);
          const seen = g.node("Reshape", [scores, g.integers([view.length], view)]);
          const shares = g.node("Softmax", [seen], { axis: int(axis) });
          const back = g.node("Reshape", [shares, g.integers([3], [2, 4, 4])]);
          const product = equation === undefined ? {} : { equation: text(equation) };
          const type = equation === undefined ? "MatMul" : "Einsum";
          end(g, g.node(type, [back, part("v")], product));
        },
        "patterns",
        { opset },
      ).then(launchesOf);
    const whole = ["attention: MatMul Softmax MatMul"];
    const apart = ["MatMul", "Softmax", "MatMul"];
    expect(await softmaxed(-1, [8, 4])).toEqual(whole);
    expect(await softmaxed(-1, [2, 16])).toEqual(apart);
    expect(await softmaxed(2, [2, 4, 4], 11)).toEqual(whole);
    expect(await softmaxed(1, [2, 4, 4], 11)).toEqual(apart);
    const einsum = (equation: string) => softmaxed(-1, [2, 4, 4], 17, equation);
    expect(await einsum("bqk, bkd -> bqd")).toEqual(["attention: MatMul Softmax Einsum"]);
    expect(await einsum("bqk, bqd -> bkd")).toEqual(["MatMul", "Softmax", "Einsum"]);
  });

  it("is none along another dim, or with the weights on the right", async () => {
    const turned = await launches((g) => {
      const [q, k, v] = ["q", "k", "v"].map((name) => g.input(name, ELEMENT.float, [2, 4, 4]));
      const scores = g.node("MatMul", [q ?? "", k ?? ""]);
      end(g, g.node("MatMul", [g.node("Softmax", [scores], { axis: int(1) }), v ?? ""]));
    });
    expect(turned).toEqual(["MatMul", "Softmax", "MatMul"]);
    const right = await launches((g) => {
      const [q, k, v] = ["q", "k", "v"].map((name) => g.input(name, ELEMENT.float, [2, 4, 4]));
      const scores = g.node("MatMul", [q ?? "", k ?? ""]);
      end(g, g.node("MatMul", [v ?? "", g.node("Softmax", [scores], { axis: int(-1) })]));
    });
    expect(right).toEqual(["MatMul", "Softmax", "MatMul"]);
  });
});

describe("a concatenation", () => {
  it("costs nothing where each part is written in place", async () => {
    const found = await launches((g) => {
      const x = image(g);
      end(g, concat(g, [relu(g, three(g, x)), maxPool(g, x, { kernel: 1 })]).value);
    });
    expect(found).toEqual(["epilogue: Conv Relu", "MaxPool"]);
  });

  it("is a launch where a part is an input, an output, there twice or such a concatenation itself", async () => {
    const input = await launches((g) => {
      const x = image(g);
      end(g, concat(g, [three(g, x), x]).value);
    });
    expect(input).toEqual(["Conv", "Concat"]);
    const output = await launches((g) => {
      const part = three(g, image(g));
      end(g, concat(g, [part, relu(g, part)]).value);
      end(g, part.value, "part");
    });
    expect(output).toEqual(["Conv", "Relu", "Concat"]);
    const twice = await launches((g) => {
      const part = three(g, image(g));
      end(g, concat(g, [part, part]).value);
    });
    expect(twice).toEqual(["Conv", "Concat"]);
    const nested = await launches((g) => {
      const x = image(g);
      const inner = concat(g, [three(g, x), three(g, x)]);
      end(g, concat(g, [inner, three(g, x)]).value);
    });
    expect(nested).toEqual(["Conv", "Conv", "Conv", "Concat"]);
  });
});

describe("the list of element-wise chains", () => {
  it("fuses chains and nothing else", async () => {
    const build = (g: GraphBuilder): void => {
      end(g, gelu(g, layerNorm(g, linear(g, rows(g), 8, 8), 8, 1e-5)));
    };
    expect(launchesOf(await listed(build, "elements"))).toEqual([
      ...["MatMul", "Add", "ReduceMean", "Sub", "Pow", "ReduceMean", "elements: Add Sqrt"],
      "elements: Div Mul Add Div Erf Add Mul Mul",
    ]);
    expect(launchesOf(await listed(build, "none"))).toHaveLength(16);
  });
});
