import onnxProto from "onnx-proto";

const { onnx } = onnxProto;
const KIND = onnx.AttributeProto.AttributeType;

const TYPES: Readonly<Record<string, number>> = {
  f32: 1,
  u8: 2,
  i8: 3,
  i32: 6,
  i64: 7,
  b: 9,
  f16: 10,
  f64: 11,
};

const BYTES: Readonly<Record<string, (values: readonly number[]) => ArrayBufferLike>> = {
  f32: (values) => Float32Array.from(values).buffer,
  u8: (values) => Uint8Array.from(values).buffer,
  i8: (values) => Int8Array.from(values).buffer,
  i32: (values) => Int32Array.from(values).buffer,
  i64: (values) => BigInt64Array.from(values, BigInt).buffer,
  b: (values) => Uint8Array.from(values).buffer,
  f64: (values) => Float64Array.from(values).buffer,
};

/** A graph in words; see `textModel`. */
export interface TextGraph {
  /** `ids:i64[1,T]` and so on, separated by blanks; T is a dim by name. */
  readonly inputs?: string;
  /** As `inputs`; `y:f32` has no shape, `y` no type. */
  readonly outputs: string;
  /** As `inputs`, with elements: `shift:i64[]=2`; without them they count 0, 1, 2, 0, 1, ... */
  readonly weights?: string;
  /** `y = Gather(table, ids) axis=1`; attributes are integers, or the names of `bodies`. */
  readonly nodes: readonly string[];
}

/** A model in words. */
export interface TextModel extends TextGraph {
  readonly bodies?: Readonly<Record<string, TextGraph>>;
}

interface Typed {
  readonly name: string;
  readonly short: string;
  readonly dims: readonly string[] | undefined;
  readonly elements: readonly number[] | undefined;
}

function typed(text: string | undefined): readonly Typed[] {
  return (text ?? "")
    .split(" ")
    .filter((each) => each !== "")
    .map((each) => {
      const [, name = "", short = "", dims, elements] =
        /^(.+?)(?::(\w+)(?:\[(.*?)\])?(?:=([\d.,-]*))?)?$/.exec(each) ?? [];
      return {
        name,
        short,
        dims: dims?.split(",").filter((dim) => dim !== ""),
        elements: elements?.split(",").map(Number),
      };
    });
}

function valueInfo({ name, short, dims }: Typed): object {
  const dim = dims?.map((size) =>
    /^\d+$/.test(size) ? { dimValue: Number(size) } : { dimParam: size },
  );
  const shape = dim === undefined ? {} : { shape: { dim } };
  return short === ""
    ? { name }
    : { name, type: { tensorType: { elemType: TYPES[short], ...shape } } };
}

function weight({ name, short, dims = [], elements }: Typed): object {
  const sizes = dims.map(Number);
  const count = sizes.reduce((product, size) => product * size, 1);
  const all = elements ?? Array.from({ length: count }, (_, at) => at % 3);
  const rawData = new Uint8Array(BYTES[short]?.(all) ?? new ArrayBuffer(0));
  return { name, dims: sizes, dataType: TYPES[short], rawData };
}

function graphOf(graph: TextGraph, bodies: TextModel["bodies"], name: string): object {
  const names = (list: string): string[] =>
    list.split(",").map((each) => each.trim().replace(/^-$/, ""));
  return {
    name,
    input: typed(graph.inputs).map(valueInfo),
    output: typed(graph.outputs).map(valueInfo),
    initializer: typed(graph.weights).map(weight),
    node: graph.nodes.map((text, at) => {
      const [, outputs = "", type = "", inputs = "", rest = ""] =
        /^(.*?) = (\S+?)\((.*?)\)(.*)$/.exec(text) ?? [];
      const [opType = "", domain = ""] = type.split(":").reverse();
      const attribute = rest
        .split(" ")
        .filter((each) => each !== "")
        .map((each) => {
          const [key = "", value = ""] = each.split("=");
          const body = bodies?.[value];
          return body === undefined
            ? { name: key, type: KIND.INT, i: Number(value) }
            : { name: key, type: KIND.GRAPH, g: graphOf(body, bodies, value) };
        });
      return {
        name: `n${at}_${name}`,
        opType,
        domain,
        input: inputs === "" ? [] : names(inputs),
        output: names(outputs),
        attribute,
      };
    }),
  };
}

/** A model that is written down in a few words, as an ONNX file. */
export function textModel({ bodies, ...graph }: TextModel, opset: number = 17): Uint8Array {
  return onnx.ModelProto.encode(
    onnx.ModelProto.create({
      irVersion: 8,
      opsetImport: [
        { domain: "", version: opset },
        { domain: "com.microsoft", version: 1 },
      ],
      graph: graphOf(graph, bodies, "main"),
    }),
  ).finish();
}
