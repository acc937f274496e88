import onnxProto from "onnx-proto";
import { type Random, seededRandom } from "../../src/core/random.js";

const { onnx } = onnxProto;

/** A convolution that reads `input`: kernel, pads (begins, then ends), what follows it. */
export interface ConvolutionCase {
  readonly input: string;
  readonly channels: number;
  readonly kernel: readonly number[];
  readonly pads: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly hasBias: boolean;
  readonly group?: number;
  /** Weights that the model computes: a Mul with a constant. */
  readonly isComputed?: boolean;
  readonly followers: readonly ("Relu" | "Tanh" | "Clip" | "LeakyRelu")[];
}

/** Channels of the input. */
export const INPUT_CHANNELS = 4;

/**
 * A model of convolutions `c0`, `c1`, ... with what follows them (`c0_0`, ...), the last of each an
 * output, or all of them together. Weights are random.
 */
export function convolutionModel(
  samples: number,
  spatial: readonly number[],
  cases: readonly ConvolutionCase[],
  isJoined = false,
): Uint8Array {
  const random = seededRandom(cases.length + samples);
  const nodes: Record<string, unknown>[] = [];
  const initializer: Record<string, unknown>[] = [
    floats("least", [], () => -0.3),
    floats("most", [], () => 0.4),
    floats("half", [], () => 0.5),
  ];
  const outputs: string[] = [];
  cases.forEach((each, at) => {
    const weight = [each.channels, INPUT_CHANNELS / (each.group ?? 1), ...each.kernel];
    initializer.push(floats(`w${at}`, weight, () => random.between(-1, 1)));
    if (each.hasBias) {
      initializer.push(floats(`b${at}`, [each.channels], () => random.between(-1, 1)));
    }
    if (each.isComputed === true) {
      nodes.push({
        name: `half${at}`,
        opType: "Mul",
        input: [`w${at}`, "half"],
        output: [`v${at}`],
      });
    }
    nodes.push({
      name: `c${at}`,
      opType: "Conv",
      input: [
        each.input,
        each.isComputed === true ? `v${at}` : `w${at}`,
        ...(each.hasBias ? [`b${at}`] : []),
      ],
      output: [`y${at}`],
      attribute: [
        ints("kernel_shape", each.kernel),
        ints("pads", each.pads),
        ints("strides", each.strides),
        ints("dilations", each.dilations),
        { name: "group", type: 2, i: each.group ?? 1 },
      ],
    });
    let last = `y${at}`;
    each.followers.forEach((type, step) => {
      const output = `y${at}_${step}`;
      nodes.push({
        name: `c${at}_${step}`,
        opType: type,
        input: type === "Clip" ? [last, "least", "most"] : [last],
        output: [output],
        attribute: type === "LeakyRelu" ? [{ name: "alpha", type: 1, f: 0.25 }] : [],
      });
      last = output;
    });
    outputs.push(last);
  });
  if (isJoined) {
    const attribute = [{ name: "axis", type: 2, i: 1 }];
    nodes.push({ name: "join", opType: "Concat", input: [...outputs], output: ["y"], attribute });
    outputs.splice(0, outputs.length, "y");
  }
  const shape = (dims: readonly number[]) => ({
    tensorType: { elemType: 1, shape: { dim: dims.map((dimValue) => ({ dimValue })) } },
  });
  return onnx.ModelProto.encode(
    onnx.ModelProto.create({
      irVersion: 8,
      opsetImport: [{ domain: "", version: 17 }],
      graph: {
        name: "convolutions",
        node: nodes,
        initializer,
        input: [{ name: "x", type: shape([samples, INPUT_CHANNELS, ...spatial]) }],
        output: outputs.map((name) => ({ name, type: { tensorType: { elemType: 1 } } })),
      },
    }),
  ).finish();
}

/** Convolutions of one input with outputs of one size, some of which cannot be merged. */
export function randomConvolutions(seed: number, spatial: readonly number[]): ConvolutionCase[] {
  const random = seededRandom(seed);
  const pick = (least: number, most: number): number => random.integer(most - least + 1) + least;
  const strides = spatial.map(() => pick(1, 2));
  const dilations = spatial.map(() => pick(1, 2));
  return Array.from({ length: pick(2, 4) }, () => oneOf(random, spatial, strides, dilations));
}

function oneOf(
  random: Random,
  spatial: readonly number[],
  strides: readonly number[],
  dilations: readonly number[],
): ConvolutionCase {
  const pick = (least: number, most: number): number => random.integer(most - least + 1) + least;
  const kernel = spatial.map(() => pick(1, 3));
  const begins = kernel.map((size, i) => (size - 1) * (dilations[i] ?? 1) - pick(0, size - 1));
  // The size of the output that a kernel of 1 without pads has.
  const ends = kernel.map((size, i) => {
    const steps = Math.floor(((spatial[i] ?? 1) - 1) / (strides[i] ?? 1));
    const last = steps * (strides[i] ?? 1) + (size - 1) * (dilations[i] ?? 1) + 1;
    return Math.max(0, last - (spatial[i] ?? 1) - (begins[i] ?? 0));
  });
  const types = ["Relu", "Tanh", "Clip", "LeakyRelu"] as const;
  return {
    input: "x",
    channels: pick(1, 3) * (random.integer(2) === 0 ? 1 : 4),
    kernel,
    pads: [...begins, ...ends],
    strides,
    dilations,
    hasBias: random.integer(2) === 0,
    isComputed: random.integer(4) === 0,
    followers:
      random.integer(3) === 0 ? [] : [types[(random.integer(8) % 5) % 4] ?? "Relu", "Relu"],
  };
}

function floats(name: string, dims: readonly number[], value: () => number) {
  const count = dims.reduce((product, size) => product * size, 1);
  const values = Float32Array.from({ length: count }, value);
  return { name, dims: [...dims], dataType: 1, rawData: new Uint8Array(values.buffer) };
}

function ints(name: string, values: readonly number[]) {
  return { name, type: 7, ints: [...values] };
}
