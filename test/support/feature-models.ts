/** Random models of feature maps: what takes channels in any order, and what stands between. */
import fc from "fast-check";
import {
  add,
  averagePool,
  batchNorm,
  type ConvolutionOptions,
  concat,
  type Feature,
  maxPool,
  padBorder,
  pair,
  relu,
} from "../../fixtures/generator/cnn-layers.js";
import { type GraphBuilder, graphBuilder } from "../../fixtures/generator/graph-builder.js";
import { ELEMENT, float, floats, int, ints } from "../../fixtures/generator/model-spec.js";

/** A layer on one of the maps so far, and another one of the same size that it may take. */
export interface MapStep {
  readonly layer: (typeof LAYERS)[number];
  readonly from: number;
  readonly other: number;
  readonly channels: number;
}

const LAYERS = [
  "convolution",
  "convolution",
  "one-place",
  "depthwise",
  "several-per-channel",
  "uneven-pads",
  "stride",
  "normalization",
  "relu",
  "sigmoid",
  "residual",
  "image-bias",
  "gate",
  "border",
  "maximum",
  "bordered-maximum",
  "average",
  "bordered-average",
  "concat",
  "concat-results",
  "concat-results",
  "concat-shared",
  "concat-rows",
  "transposed",
  "shared-with-rows",
] as const;

/** Steps of a random model. */
export const mapSteps: fc.Arbitrary<readonly MapStep[]> = fc.array(
  fc.record({
    layer: fc.constantFrom(...LAYERS),
    from: fc.nat(20),
    other: fc.nat(20),
    channels: fc.constantFrom(1, 3, 4, 5, 8),
  }),
  { minLength: 2, maxLength: 10 },
);

interface Sized extends Feature {
  readonly side: number;
}

const SIDE = 7;

/** The model of some steps; batches of two images. */
export function featureModel(steps: readonly MapStep[]): Uint8Array {
  const g = graphBuilder({ name: "maps", opset: 17, seed: 11 });
  const image = g.input("x", ELEMENT.float, [2, 4, SIDE, SIDE]);
  const maps: Sized[] = [{ value: image, channels: 4, side: SIDE }];
  for (const step of steps) {
    const at = maps[maps.length - 1 - (step.from % Math.min(3, maps.length))] as Sized;
    const alike = maps.filter((map) => map.side === at.side);
    const other = alike[step.other % alike.length] as Sized;
    maps.push(...layered(g, step, at, other));
  }
  const last = maps.at(-1) as Sized;
  const pooled = g.node("GlobalAveragePool", [last.value]);
  g.output("pooled", pooled, ELEMENT.float, []);
  if (maps.length > 2) {
    g.output("map", (maps.at(-2) as Sized).value, ELEMENT.float, []);
  }
  return g.encode();
}

function layered(
  g: GraphBuilder,
  { layer, channels }: MapStep,
  x: Sized,
  other: Sized,
): readonly Sized[] {
  const { side } = x;
  const sized = (map: Feature, own = side): readonly Sized[] => [{ ...map, side: own }];
  const unary = (value: string) => sized({ value, channels: x.channels });
  switch (layer) {
    case "convolution":
      return sized(convolution(g, x, { out: channels, kernel: 3, pad: 1, bias: channels > 3 }));
    case "one-place":
      return sized(relu(g, convolution(g, x, { out: channels, kernel: 1 })));
    case "depthwise":
    case "several-per-channel": {
      const out = x.channels * (layer === "depthwise" ? 1 : 2);
      return out > 16 ? [] : sized(convolution(g, x, { out, kernel: 3, pad: 1, depthwise: true }));
    }
    case "uneven-pads":
      return sized(convolution(g, x, { out: channels, kernel: 2, padEnd: 1 }));
    case "stride":
      return side < 3
        ? []
        : sized(convolution(g, x, { out: channels, kernel: 3, stride: 2, pad: 1 }), half(side));
    case "normalization":
      return sized(batchNorm(g, x));
    case "relu":
      return sized(relu(g, x));
    case "sigmoid":
      return unary(g.node("Mul", [x.value, g.node("Sigmoid", [x.value])]));
    case "residual":
      return other.channels === x.channels ? sized(add(g, x, other)) : [];
    case "image-bias":
      return unary(g.node("Add", [x.value, noise(g, [side, side])]));
    case "gate": {
      const mean = g.node("ReduceMean", [x.value], { axes: ints(2, 3), keepdims: int(1) });
      const narrow = { value: mean, channels: x.channels };
      const gate = convolution(g, narrow, { out: x.channels, kernel: 1 });
      return unary(g.node("Mul", [x.value, g.node("HardSigmoid", [gate.value])]));
    }
    case "border":
      return sized(convolution(g, padBorder(g, relu(g, x), 0, 2), { out: channels, kernel: 3 }));
    case "maximum":
      return side < 3 ? [] : sized(maxPool(g, x, { kernel: 3, stride: 2, pad: 1 }), half(side));
    case "bordered-maximum": {
      const border = padBorder(g, x, 1, 1, Number.NEGATIVE_INFINITY);
      return sized(relu(g, batchNorm(g, maxPool(g, border, { kernel: 3 }))));
    }
    case "bordered-average": {
      const pooled = averagePool(g, padBorder(g, x, 0, 2), { kernel: 3 });
      return sized(add(g, pooled, x));
    }
    case "average":
      return sized(averagePool(g, x, { kernel: 3, pad: 1 }));
    case "concat":
      return x.channels + other.channels > 16 ? [] : sized(concat(g, [x, other, x]));
    case "concat-results": {
      const own = convolution(g, x, { out: 4, kernel: 3, pad: 1 });
      const parts = [
        convolution(g, x, { out: channels > 4 ? 8 : channels, kernel: 1 }),
        averagePool(g, relu(g, own), { kernel: 3, pad: 1 }),
        relu(g, batchNorm(g, x)),
        convolution(g, own, { out: 4, kernel: 3, pad: 1, depthwise: true }),
      ];
      return x.channels > 8 ? [] : sized(concat(g, parts));
    }
    case "concat-shared": {
      const parts = [4, 8].map((out) => relu(g, convolution(g, x, { out, kernel: 1 })));
      return [...parts, concat(g, parts)].flatMap((map) => sized(map));
    }
    case "concat-rows": {
      const value = g.node("Concat", [x.value, x.value], { axis: int(2) });
      const cut = convolution(
        g,
        { value, channels: x.channels },
        {
          out: channels,
          kernel: [side + 1, 1],
        },
      );
      return sized(cut);
    }
    case "transposed":
      return unary(g.node("Transpose", [x.value], { perm: ints(0, 1, 3, 2) }));
    case "shared-with-rows": {
      const flat = g.node("Softmax", [x.value], { axis: int(3) });
      return unary(g.node("LeakyRelu", [g.node("Sub", [x.value, flat])], { alpha: float(0.1) }));
    }
  }
}

/** A convolution whose weights all differ. */
function convolution(g: GraphBuilder, x: Feature, options: ConvolutionOptions): Feature {
  const { out, stride = 1, pad = 0, depthwise, bias } = options;
  const groups = depthwise === true ? x.channels : 1;
  const begin = pair(pad);
  const value = g.node(
    "Conv",
    [
      x.value,
      noise(g, [out, x.channels / groups, ...pair(options.kernel)]),
      ...(bias === false ? [] : [noise(g, [out])]),
    ],
    {
      group: int(groups),
      pads: ints(...begin, ...pair(options.padEnd ?? begin)),
      strides: ints(stride, stride),
    },
  );
  return { value, channels: out };
}

/** Numbers between -1/2 and 1/2. */
function noise(g: GraphBuilder, dims: readonly number[]): string {
  const count = dims.reduce((product, size) => product * size, 1);
  const values = Array.from({ length: count }, () => g.random.between(-0.5, 0.5));
  const name = `noise ${dims.join("x")} ${g.random.integer(2 ** 31)}`;
  return g.initializer(floats(name, dims, values));
}

function half(side: number): number {
  return Math.floor((side - 1) / 2) + 1;
}
