/**
 * Convolutions with something behind that is one graph of cuDNN with them: which they are, and on the emulated device the values
 * of ONNX Runtime, with the graph taken and with a kernel instead.
 */
import { describe, expect, it } from "vitest";
import { add, concat, convolution, type Feature } from "../../fixtures/generator/cnn-layers.js";
import { type GraphBuilder, graphBuilder } from "../../fixtures/generator/graph-builder.js";
import { ELEMENT, float, int } from "../../fixtures/generator/model-spec.js";
import { gelu, geluTanh } from "../../fixtures/generator/transformer-layers.js";
import { present } from "../../src/core/invariant.js";
import type { DeviceNode } from "../../src/kernels/device-node.js";
import { type EmittedModel, emitModel } from "../../src/kernels/emit.js";
import { emitInBestLayout } from "../../src/kernels/layout-choice.js";
import { precisionPlan } from "../../src/kernels/precision.js";
import { withKernelList } from "../../src/onnx/fuse/fuse-operators.js";
import { inspectModel } from "../../src/onnx/inspect-model.js";
import type { LoweredModel } from "../../src/onnx/lowered-model.js";
import { distance, emulate, reference } from "../support/emulate-model.js";
import { SKIP_REASON } from "../support/onnx-runtime.js";
import { loweredTinyModel } from "../support/tiny-model.js";

/** A call with what it does besides, in order: `conv+bias+silu(1)+residual`; a kernel by its label. */
function launchOf(node: DeviceNode): string {
  if (node.kind !== "conv") {
    return node.kind === "kernel" ? node.kernel.label : node.kind;
  }
  const { bias, residual, relu, behind } = node;
  const called = behind?.function && `${behind.function.name}(${behind.function.numbers.join()})`;
  const own = [bias && "bias", residual && "residual", relu && "relu"];
  return ["conv", ...own, called, behind?.residual && "residual"].filter(Boolean).join("+");
}

function emitted(lowered: LoweredModel): EmittedModel {
  const made = emitModel(withKernelList(lowered, "patterns"), {
    floats: "f32",
    estimateUnsupported: false,
    approximatesGelu: true,
    layout: "channels-last",
  });
  return present(made.ok ? made.value : undefined, "a model with code");
}

type Build = (g: GraphBuilder) => void;

async function withModel<T>(build: Build, look: (lowered: LoweredModel) => Promise<T>): Promise<T> {
  const g = graphBuilder({ name: "small", opset: 20, seed: 3 });
  build(g);
  const { lowered, remove } = await loweredTinyModel(g.encode());
  try {
    return await look(lowered);
  } finally {
    remove();
  }
}

/** The calls of convolutions and what stands between and behind them, after outputs were compared. */
function launched(build: Build): Promise<readonly string[]> {
  return withModel(build, async (lowered) => {
    const theirs = await reference(lowered);
    for (const precision of ["ieee", "tf32", "f16"] as const) {
      for (const takesGraphs of [true, false]) {
        const options = { fuse: "patterns", layout: "channels-last", takesGraphs } as const;
        const ours = await emulate(lowered, precision, options);
        expect(ours.size).toBeGreaterThan(0);
        for (const [output, bytes] of ours) {
          const wanted = present(theirs.get(output), output);
          const tolerance = precision === "f16" ? precisionPlan("f16").tolerance : 2e-6;
          expect(distance(wanted.elementType, bytes, wanted.bytes)).toBeLessThan(tolerance);
        }
      }
    }
    const nodes = emitted(lowered).plans.flatMap((plan) => plan.nodes);
    return nodes.map(launchOf).filter((label) => label !== "layout");
  });
}

const SIDE = 6;

function image(g: GraphBuilder, channels = 4): Feature {
  return { value: g.input("x", ELEMENT.float, [1, channels, SIDE, SIDE]), channels };
}

const three = (g: GraphBuilder, x: Feature, out = 4): Feature =>
  convolution(g, x, { out, kernel: 3, pad: 1 });

const one = (g: GraphBuilder, x: Feature, out = 4): Feature =>
  convolution(g, x, { out, kernel: 1 });

type Activation = (g: GraphBuilder, x: string) => string;

const silu: Activation = (g, x) => g.node("Mul", [x, g.node("Sigmoid", [x])]);

/** A chain that keeps its channels last: two convolutions with the activation between them. */
const between =
  (activation: Activation): Build =>
  (g) => {
    const first = one(g, image(g), 8);
    const last = one(g, { ...first, value: activation(g, first.value) });
    g.output("y", last.value, ELEMENT.float, []);
  };

const ACTIVATIONS: readonly (readonly [string, Activation])[] = [
  ["silu(1)", silu],
  [
    "silu(1.702)",
    (g, x) => g.node("Mul", [x, g.node("Sigmoid", [g.node("Mul", [x, g.scalar(1.702)])])]),
  ],
  ["hard-swish()", (g, x) => g.node("HardSwish", [x])],
  [
    "hard-swish()",
    (g, x) => {
      const bounded = g.node("Clip", [g.node("Add", [x, g.scalar(3)]), g.scalar(0), g.scalar(6)]);
      return g.node("Div", [g.node("Mul", [x, bounded]), g.scalar(6)]);
    },
  ],
  ["clip(0,6)", (g, x) => g.node("Clip", [x, g.scalar(0), g.scalar(6)])],
  ["clip(-0.25,Infinity)", (g, x) => g.node("Clip", [x, g.scalar(-0.25)])],
  ["leaky-relu(0.1)", (g, x) => g.node("LeakyRelu", [x], { alpha: float(0.1) })],
  ["leaky-relu(0.01)", (g, x) => g.node("LeakyRelu", [x])],
  ["hard-sigmoid(0.2,0.5)", (g, x) => g.node("HardSigmoid", [x])],
  ["sigmoid()", (g, x) => g.node("Sigmoid", [x])],
  ["tanh()", (g, x) => g.node("Tanh", [x])],
  ["gelu()", gelu],
  ["gelu-by-tanh()", geluTanh],
  ["elu(0.5)", (g, x) => g.node("Elu", [x], { alpha: float(0.5) })],
  ["softplus()", (g, x) => g.node("Softplus", [x])],
  ["mish()", (g, x) => g.node("Mish", [x])],
];

describe.skipIf(SKIP_REASON !== undefined)("graphs behind convolutions", () => {
  it.each(ACTIVATIONS)("have %s", async (name, activation) => {
    const found = await launched(between(activation));
    expect(found).toEqual([`conv+bias+${name}`, "conv+bias"]);
  });

  it("have an addition in front, behind, and behind what the call itself has", async () => {
    const residual = (build: (g: GraphBuilder, x: Feature) => Feature) =>
      launched((g) => {
        const first = one(g, image(g));
        g.output("y", one(g, build(g, first)).value, ELEMENT.float, []);
      });
    const before = await residual((g, x) => {
      const sum = add(g, three(g, x), x);
      return { ...sum, value: silu(g, sum.value) };
    });
    expect(before).toEqual(["conv+bias", "conv+bias+residual+silu(1)", "conv+bias"]);
    const behind = await residual((g, x) => {
      const made = three(g, x);
      return add(g, { ...made, value: silu(g, made.value) }, x);
    });
    expect(behind).toEqual(["conv+bias", "conv+bias+silu(1)+residual", "conv+bias"]);
    const both = await residual((g, x) => {
      const made = three(g, x);
      return add(g, { ...made, value: g.node("Relu", [made.value]) }, x);
    });
    expect(both).toEqual(["conv+bias", "conv+bias+relu+residual", "conv+bias"]);
  });

  it("write among the channels of a Concat", async () => {
    const found = await launched((g) => {
      const first = one(g, image(g), 8);
      const parts = [8, 16].map((out) => {
        const made = one(g, first, out);
        return { ...made, value: silu(g, made.value) };
      });
      g.output("y", one(g, concat(g, parts)).value, ELEMENT.float, []);
    });
    expect(found).toEqual(["conv+bias", "conv+bias+silu(1)", "conv+bias+silu(1)", "conv+bias"]);
  });

  it("are kernels for what cuDNN has not, and for what stands behind the group", async () => {
    const cube = await launched(between((g, x) => g.node("Mul", [x, g.node("Mul", [x, x])])));
    expect(cube).toEqual(["conv+bias", "elements2", "conv+bias"]);
    const scaled = await launched(
      between((g, x) => g.node("Mul", [g.node("Sigmoid", [x]), g.vector(8, "gain", 2)])),
    );
    expect(scaled).toEqual(["conv+bias+sigmoid()", "elementwise", "conv+bias"]);
  });

  it("are kernels in rows, which cuDNN has no such graphs of", async () => {
    await withModel(between(silu), async (lowered) => {
      const rows = emitModel(withKernelList(lowered, "patterns"), {
        floats: "f32",
        estimateUnsupported: false,
      });
      const nodes = rows.ok ? rows.value.plans.flatMap((plan) => plan.nodes) : [];
      expect(nodes.map(launchOf)).toEqual(["conv+bias", "elements2", "conv+bias"]);
    });
  });
});

/** Expansion, a convolution of each channel, a gate by squeezing, projection: a block of EfficientNet. */
function gatedBlock(g: GraphBuilder, x: Feature, out: number): Feature {
  const act = (feature: Feature): Feature => ({ ...feature, value: silu(g, feature.value) });
  const wide = act(one(g, x, 4 * x.channels));
  const spread = act(
    convolution(g, wide, { out: wide.channels, kernel: 3, pad: 1, depthwise: true }),
  );
  const mean = g.node("GlobalAveragePool", [spread.value]);
  const squeezed = act(one(g, { value: mean, channels: spread.channels }, 8));
  const gate = g.node("Sigmoid", [one(g, squeezed, spread.channels).value]);
  const gated = { ...spread, value: g.node("Mul", [spread.value, gate]) };
  const narrow = one(g, gated, out);
  return out === x.channels ? add(g, narrow, x) : narrow;
}

describe.skipIf(SKIP_REASON !== undefined)("a model of gated blocks", () => {
  it("launches as few as its kernel list has", async () => {
    const build: Build = (g) => {
      const stem = convolution(g, image(g, 4), { out: 8, kernel: 3, pad: 1 });
      let x: Feature = { ...stem, value: silu(g, stem.value) };
      for (const out of [8, 16, 16, 24]) {
        x = gatedBlock(g, x, out);
      }
      const head = one(g, x, 32);
      const pooled = g.node("GlobalAveragePool", [silu(g, head.value)]);
      const flat = g.node("Flatten", [pooled], { axis: int(1) });
      g.output("y", flat, ELEMENT.float, []);
    };
    await withModel(build, async (lowered) => {
      const options = { floats: "f32", estimateUnsupported: false } as const;
      const made = emitInBestLayout(withKernelList(lowered, "patterns"), options, true);
      const nodes = made.ok ? made.value.plans.flatMap((plan) => plan.nodes) : [];
      const graphs = nodes.filter((node) => node.kind === "conv" && node.behind !== undefined);
      const { launches } = inspectModel(lowered);
      // A copy of the input to channels last besides; each graph would be a call and a kernel.
      expect(launches).toEqual({ none: 65, elements: 51, patterns: 31 });
      expect({ nodes: nodes.length, graphs: graphs.length }).toEqual({ nodes: 32, graphs: 14 });
    });
  });
});
