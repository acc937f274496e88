import onnxProto from "onnx-proto";

const { onnx } = onnxProto;
const FLOAT = 1;
const INT64 = 7;
const INTS = onnx.AttributeProto.AttributeType;

type DeclaredDim = number | undefined;

/** A typed value as a graph declares it; an open dim is `undefined`. */
function value(name: string, elemType: number, dims: readonly DeclaredDim[]) {
  const dim = dims.map((size) => (size === undefined ? {} : { dimValue: size }));
  return { name, type: { tensorType: { elemType, shape: { dim } } } };
}

function integer(name: string, number: number) {
  const bytes = new Uint8Array(BigInt64Array.of(BigInt(number)).buffer);
  return { name, dims: [], dataType: INT64, rawData: bytes };
}

/** y = the sum of exactly `window` elements of x, as a product with ones: other sizes do not fit. */
function windowSum(prefix: string, window: number) {
  const ones = new Uint8Array(new Float32Array(window).fill(1).buffer);
  return {
    name: prefix,
    node: [
      {
        name: `${prefix}_sum`,
        opType: "MatMul",
        input: ["x", `${prefix}_ones`],
        output: [`${prefix}_y`],
      },
    ],
    initializer: [{ name: `${prefix}_ones`, dims: [window, 1], dataType: FLOAT, rawData: ones }],
    output: [value(`${prefix}_y`, FLOAT, [1, 1])],
  };
}

function modelOf(graph: object): Uint8Array {
  return onnx.ModelProto.encode(
    onnx.ModelProto.create({
      irVersion: 8,
      opsetImport: [{ domain: "", version: 17 }],
      graph,
    }),
  ).finish();
}

/**
 * A model of `x` (1 by an open dim) that sums exactly `fast` elements where `rate` is 16000, and
 * exactly `slow` elements otherwise. Like models for two sampling rates, it takes one size for each.
 */
export function twoRateModel(fast: number, slow: number): Uint8Array {
  return modelOf({
    name: "two rates",
    node: [
      { name: "is_fast", opType: "Equal", input: ["rate", "fast_rate"], output: ["choice"] },
      {
        name: "choose",
        opType: "If",
        input: ["choice"],
        output: ["y"],
        attribute: [
          { name: "then_branch", type: INTS.GRAPH, g: windowSum("fast", fast) },
          { name: "else_branch", type: INTS.GRAPH, g: windowSum("slow", slow) },
        ],
      },
    ],
    initializer: [integer("fast_rate", 16_000)],
    input: [value("x", FLOAT, [1, undefined]), value("rate", INT64, [])],
    output: [value("y", FLOAT, [1, 1])],
  });
}

/** A model of `x` (1 by an open dim) that sums exactly `window` elements. */
export function windowModel(window: number): Uint8Array {
  const { node, initializer } = windowSum("only", window);
  return modelOf({
    name: "window",
    node,
    initializer,
    input: [value("x", FLOAT, [1, undefined])],
    output: [value("only_y", FLOAT, [1, 1])],
  });
}

/** y: the places of the elements of exp(x) that are not 0, which are all 4 of them. */
export function placesModel(): Uint8Array {
  return modelOf({
    name: "places",
    node: [
      { name: "positive", opType: "Exp", input: ["x"], output: ["e"] },
      { name: "places", opType: "NonZero", input: ["e"], output: ["y"] },
    ],
    input: [value("x", FLOAT, [4])],
    output: [value("y", INT64, [1, undefined])],
  });
}

/** `noisy` is 2 x behind a Dropout that draws where it trains; `steady` is relu(-x). */
export function dropoutModel(trains: boolean): Uint8Array {
  const training = {
    name: "trains",
    dims: [],
    dataType: 9,
    rawData: Uint8Array.of(trains ? 1 : 0),
  };
  const half = new Uint8Array(Float32Array.of(0.5).buffer);
  return modelOf({
    name: "dropout",
    node: [
      { name: "double", opType: "Add", input: ["x", "x"], output: ["d"] },
      { name: "drop", opType: "Dropout", input: ["d", "ratio", "trains"], output: ["noisy"] },
      { name: "negate", opType: "Neg", input: ["x"], output: ["n"] },
      { name: "soften", opType: "Relu", input: ["n"], output: ["steady"] },
    ],
    initializer: [training, { name: "ratio", dims: [], dataType: FLOAT, rawData: half }],
    input: [value("x", FLOAT, [64])],
    output: [value("noisy", FLOAT, [64]), value("steady", FLOAT, [64])],
  });
}

/** y = -(x + noise), which no run repeats. */
export function noiseModel(): Uint8Array {
  return modelOf({
    name: "noise",
    node: [
      { name: "draw", opType: "RandomNormalLike", input: ["x"], output: ["r"] },
      { name: "add", opType: "Add", input: ["x", "r"], output: ["s"] },
      { name: "last", opType: "Neg", input: ["s"], output: ["y"] },
    ],
    input: [value("x", FLOAT, [64])],
    output: [value("y", FLOAT, [64])],
  });
}
