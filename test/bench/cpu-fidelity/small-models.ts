/** Models whose operators take microseconds, which the published networks of the fixtures do not have. */
import {
  averagePool,
  concat,
  convolutionRelu,
  type Feature,
  image,
} from "../../../fixtures/generator/cnn-layers.js";
import {
  type GraphBuilder,
  graphBuilder,
  scalingWeight,
} from "../../../fixtures/generator/graph-builder.js";
import { ELEMENT } from "../../../fixtures/generator/model-spec.js";

const OPSET = 17;

/** Four chains of products of 48 x 48 matrices and activations, added: operators of some 5 us. */
export function tinyProducts(): Uint8Array {
  const side = 48;
  const g = graphBuilder({ name: "tiny-products", opset: OPSET, seed: 201 });
  const x = g.input("input", ELEMENT.float, [side, side]);
  const ends = ["a", "b", "c", "d"].map((branch) =>
    g.scope(branch, () => {
      let y = x;
      for (let i = 0; i < 6; i++) {
        y = g.node("Tanh", [g.node("MatMul", [y, scalingWeight(g, [side, side], 0, side)])]);
      }
      return y;
    }),
  );
  g.output("output", g.node("Sum", ends), ELEMENT.float, [side, side]);
  return g.encode();
}

/** Three blocks of four branches over maps of 32 x 32: convolutions of some 10 to 100 us. */
export function tinyBlocks(): Uint8Array {
  const g = graphBuilder({ name: "tiny-blocks", opset: OPSET, seed: 202 });
  let x = convolutionRelu(g, image(g, 32), { out: 16, kernel: 3, pad: 1 });
  for (let i = 0; i < 3; i++) {
    x = g.scope(`block${i}`, () => block(g, x));
  }
  g.output("output", x.value, ELEMENT.float, [1, x.channels, 32, 32]);
  return g.encode();
}

function block(g: GraphBuilder, x: Feature): Feature {
  const out = 16;
  const one = convolutionRelu(g, x, { out, kernel: 1 });
  const reduced = convolutionRelu(g, x, { out: 8, kernel: 1 });
  const three = convolutionRelu(g, reduced, { out, kernel: 3, pad: 1 });
  const twice = convolutionRelu(g, three, { out, kernel: 3, pad: 1 });
  const pooled = averagePool(g, x, { kernel: 3, pad: 1, stride: 1 });
  const last = convolutionRelu(g, pooled, { out, kernel: 1 });
  return concat(g, [one, three, twice, last]);
}

/** Three chains of element-wise operators on vectors of 256 KiB, which move memory and little else. */
export function wideVectors(): Uint8Array {
  const length = 65_536;
  const g = graphBuilder({ name: "wide-vectors", opset: OPSET, seed: 203 });
  const x = g.input("input", ELEMENT.float, [length]);
  const ends = ["Abs", "Neg", "Relu"].map((operator) =>
    g.scope(operator.toLowerCase(), () => {
      let y = g.node(operator, [x]);
      for (let i = 0; i < 4; i++) {
        const scaled = g.node("Mul", [y, g.scalar(0.5 + i / 8)]);
        y = g.node("Max", [g.node("Sigmoid", [scaled]), x]);
      }
      return y;
    }),
  );
  g.output("output", g.node("Sum", ends), ELEMENT.float, [length]);
  return g.encode();
}

/** Six heads of attention over 64 places, each its own three products: operators of some 5 to 20 us. */
export function tinyHeads(): Uint8Array {
  const [places, width, head] = [64, 96, 32];
  const g = graphBuilder({ name: "tiny-heads", opset: OPSET, seed: 204 });
  const x = g.input("input", ELEMENT.float, [places, width]);
  const heads = Array.from({ length: 6 }, (_, i) =>
    g.scope(`head${i}`, () => {
      const part = (): string => g.node("MatMul", [x, scalingWeight(g, [width, head], 0, width)]);
      const [query, key, value] = [part(), part(), part()];
      const scores = g.node("MatMul", [query, g.node("Transpose", [key])]);
      return g.node("MatMul", [g.node("Softmax", [scores]), value]);
    }),
  );
  const joined = heads.reduce((sum, each) => g.node("Add", [sum, each]));
  g.output("output", joined, ELEMENT.float, [places, head]);
  return g.encode();
}
