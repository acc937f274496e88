/** Models of which a run decides sizes. */
import onnxProto from "onnx-proto";

const { onnx } = onnxProto;
const FLOAT = 1;
const INT64 = 7;

type DeclaredDim = number | undefined;

function value(name: string, elemType: number, dims: readonly DeclaredDim[] | undefined) {
  const dim = dims?.map((size) => (size === undefined ? {} : { dimValue: size }));
  const shape = dim === undefined ? {} : { shape: { dim } };
  return { name, type: { tensorType: { elemType, ...shape } } };
}

function node(opType: string, input: readonly string[], output: readonly string[]) {
  return { name: `${opType} ${output[0]}`, opType, input: [...input], output: [...output] };
}

function integers(name: string, numbers: readonly number[], dims: readonly number[]) {
  const rawData = new Uint8Array(BigInt64Array.from(numbers.map(BigInt)).buffer);
  return { name, dims: [...dims], dataType: INT64, rawData };
}

function encode(graph: object): Uint8Array {
  return onnx.ModelProto.encode(
    onnx.ModelProto.create({
      irVersion: 8,
      opsetImport: [{ domain: "", version: 17 }],
      graph,
    }),
  ).finish();
}

/** Elements of the input of `positiveModel`. */
export const POSITIVE_INPUTS = 6;

/**
 * The positive elements of `x`, negated, as `y`, and three times as many, each thrice, as the rows of
 * `z` [?, 3]: shape arithmetic in between rests on how many there are.
 */
export function positiveModel(): Uint8Array {
  return encode({
    name: "positive",
    node: [
      node("Relu", ["x"], ["kept"]),
      node("NonZero", ["kept"], ["places"]),
      node("Transpose", ["places"], ["rows"]),
      node("GatherND", ["kept", "rows"], ["chosen"]),
      node("Neg", ["chosen"], ["y"]),
      node("Shape", ["chosen"], ["count"]),
      node("Concat", ["count", "three"], ["sizes"]),
      node("Unsqueeze", ["chosen", "one"], ["column"]),
      node("Expand", ["column", "sizes"], ["z"]),
    ].map((each) =>
      each.opType === "Concat"
        ? {
            ...each,
            attribute: [{ name: "axis", type: onnx.AttributeProto.AttributeType.INT, i: 0 }],
          }
        : each,
    ),
    initializer: [integers("three", [3], [1]), integers("one", [1], [1])],
    input: [value("x", FLOAT, [POSITIVE_INPUTS])],
    output: [value("y", FLOAT, [undefined]), value("z", FLOAT, [undefined, 3])],
  });
}

/** As text-to-speech repeats its frames: `y` has as many elements as the durations in `d` add up to. */
export function durationModel(): Uint8Array {
  return encode({
    name: "durations",
    node: [
      node("Abs", ["d"], ["positive"]),
      {
        ...node("ReduceSum", ["positive", "axes"], ["length"]),
        attribute: [{ name: "keepdims", type: onnx.AttributeProto.AttributeType.INT, i: 0 }],
      },
      node("Range", ["zero", "length", "step"], ["frames"]),
      {
        ...node("Cast", ["frames"], ["y"]),
        attribute: [{ name: "to", type: onnx.AttributeProto.AttributeType.INT, i: FLOAT }],
      },
    ],
    initializer: [integers("axes", [0], [1]), integers("zero", [0], []), integers("step", [1], [])],
    input: [value("d", INT64, [5])],
    output: [value("y", FLOAT, undefined)],
  });
}

/** `y` is `x` repeated as often as the input `times` says: not even an upper bound is known. */
export function tileModel(): Uint8Array {
  return encode({
    name: "tile",
    node: [node("Tile", ["x", "times"], ["y"])],
    input: [value("x", FLOAT, [2]), value("times", INT64, [1])],
    output: [value("y", FLOAT, [undefined])],
  });
}

/**
 * As detectors of torchvision end: `y` is the absolute values of the negated positive elements of `x` or,
 * where there are none, of an empty constant. An If decides by the number of places.
 */
export function emptyOrNotModel(): Uint8Array {
  const { GRAPH, INT, TENSOR } = onnx.AttributeProto.AttributeType;
  const none = {
    name: "none",
    node: [
      {
        ...node("Constant", [], ["empty"]),
        attribute: [{ name: "value", type: TENSOR, t: { dims: [0], dataType: FLOAT } }],
      },
    ],
    output: [value("empty", FLOAT, [0])],
  };
  const some = {
    name: "some",
    node: [
      node("Transpose", ["places"], ["rows"]),
      node("GatherND", ["kept", "rows"], ["chosen"]),
      node("Neg", ["chosen"], ["negated"]),
    ],
    output: [value("negated", FLOAT, [undefined])],
  };
  return encode({
    name: "empty or not",
    node: [
      node("Relu", ["x"], ["kept"]),
      node("NonZero", ["kept"], ["places"]),
      node("Shape", ["places"], ["sizes"]),
      {
        ...node("ReduceProd", ["sizes"], ["count"]),
        attribute: [{ name: "keepdims", type: INT, i: 0 }],
      },
      node("Equal", ["count", "zero"], ["isEmpty"]),
      {
        ...node("If", ["isEmpty"], ["result"]),
        attribute: [
          { name: "then_branch", type: GRAPH, g: none },
          { name: "else_branch", type: GRAPH, g: some },
        ],
      },
      node("Abs", ["result"], ["y"]),
    ],
    initializer: [integers("zero", [0], [])],
    input: [value("x", FLOAT, [POSITIVE_INPUTS])],
    output: [value("y", FLOAT, [undefined]), value("kept", FLOAT, [POSITIVE_INPUTS])],
  });
}
