import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import onnxProto from "onnx-proto";
import { type LowerOptions, lowerModel } from "../../src/onnx/lower.js";
import type { LoweredModel } from "../../src/onnx/lowered-model.js";
import { readModel } from "../../src/onnx/read-model.js";

const { onnx } = onnxProto;

/** An attribute: integer, integers, text, texts, or floats in `{ f }` and `{ fs }`. */
export type CaseAttribute =
  | number
  | string
  | readonly number[]
  | readonly string[]
  | { readonly f: number }
  | { readonly fs: readonly number[] };

/**
 * One operator. `inputs` are separated by blanks: `f32[2,3]` is an input of the model, `i64=1,2` a
 * constant vector, `i64()=3` a constant scalar, `-` an omitted one.
 */
export interface OperatorCase {
  readonly type: string;
  readonly opset?: number;
  readonly inputs: string;
  readonly attributes?: Readonly<Record<string, CaseAttribute>>;
  /** Number of outputs. */
  readonly outputs: number;
  /** Declared types of the outputs, `f32[2,3]`, where an input decides their sizes. */
  readonly declared?: readonly string[];
}

const TYPES: Readonly<Record<string, readonly [number, string]>> = {
  f32: [1, "float32"],
  u8: [2, "uint8"],
  i8: [3, "int8"],
  i32: [6, "int32"],
  i64: [7, "int64"],
  s: [8, "string"],
  b: [9, "bool"],
  f16: [10, "float16"],
  f64: [11, "float64"],
};

/** `float32[2,3]` of `f32[2,3]`. */
export function longType(short: string): string {
  return short.replace(/^[a-z]+\d*/, (name) => TYPES[name]?.[1] ?? name);
}

function isTexts(value: CaseAttribute): value is readonly string[] {
  return Array.isArray(value) && typeof value[0] === "string";
}

function attributeOf(name: string, value: CaseAttribute) {
  const kinds = onnx.AttributeProto.AttributeType;
  if (typeof value === "number") {
    return { name, type: kinds.INT, i: value };
  }
  if (typeof value === "string") {
    return { name, type: kinds.STRING, s: new TextEncoder().encode(value) };
  }
  if (isTexts(value)) {
    const strings = value.map((text) => new TextEncoder().encode(text));
    return { name, type: kinds.STRINGS, strings };
  }
  if ("f" in value) {
    return { name, type: kinds.FLOAT, f: value.f };
  }
  return "fs" in value
    ? { name, type: kinds.FLOATS, floats: [...value.fs] }
    : { name, type: kinds.INTS, ints: [...value] };
}

const WRITERS: Readonly<Record<number, (values: readonly string[]) => ArrayBufferLike>> = {
  1: (values) => Float32Array.from(values, Number).buffer,
  2: (values) => Uint8Array.from(values, Number).buffer,
  3: (values) => Int8Array.from(values, Number).buffer,
  6: (values) => Int32Array.from(values, Number).buffer,
  7: (values) => BigInt64Array.from(values.map(BigInt)).buffer,
  9: (values) => Uint8Array.from(values, Number).buffer,
};

/** Versions of the domains besides ONNX's own and ONNX Runtime's. */
const DOMAIN_VERSIONS: Readonly<Record<string, number>> = {
  "ai.onnx.ml": 3,
  "ai.onnx.preview": 1,
  "ai.onnx.preview.training": 1,
  "com.microsoft.nchwc": 1,
};

/** The type that `f32[2,3]` stands for. */
function valueType(text: string): object {
  const [, short = "", rest = ""] = /^([a-z]+\d*)\[(.*)\]$/.exec(text) ?? [];
  const dims = rest.split(",").filter((dim) => dim !== "");
  const shape = { dim: dims.map((d) => ({ dimValue: Number(d) })) };
  return { tensorType: { elemType: TYPES[short]?.[0] ?? 0, shape } };
}

/** The case as a model of one node `n` with inputs `x0`, ... and outputs `y0`, ... */
export function encodeCase(operator: OperatorCase): Uint8Array {
  const inputs: object[] = [];
  const initializers: object[] = [];
  const names = operator.inputs.split(" ").map((text, i) => {
    const [, short = "", rest = ""] = /^([a-z]+\d*)(.*)$/.exec(text) ?? [];
    const [dataType = 0] = TYPES[short] ?? [];
    const name = `x${i}`;
    if (text === "-") {
      return "";
    }
    if (rest.startsWith("[")) {
      inputs.push({ name, type: valueType(text) });
      return name;
    }
    const values = (rest.split("=")[1] ?? "").split(",").filter((item) => item !== "");
    const dims = rest.startsWith("()") ? [] : [values.length];
    const rawData = new Uint8Array(WRITERS[dataType]?.(values) ?? new ArrayBuffer(0));
    initializers.push({ name, dims, dataType, rawData });
    return name;
  });
  const [domain = "", opType = ""] = operator.type.includes(":")
    ? operator.type.split(":")
    : ["", operator.type];
  const outputs = Array.from({ length: operator.outputs }, (_, i) => `y${i}`);
  return onnx.ModelProto.encode(
    onnx.ModelProto.create({
      irVersion: 8,
      opsetImport: [
        { domain: "", version: operator.opset ?? 17 },
        { domain: "com.microsoft", version: 1 },
        ...(domain in DOMAIN_VERSIONS ? [{ domain, version: DOMAIN_VERSIONS[domain] ?? 1 }] : []),
      ],
      graph: {
        name: "case",
        node: [
          {
            name: "n",
            domain,
            opType,
            input: names,
            output: outputs,
            attribute: Object.entries(operator.attributes ?? {}).map(([name, value]) =>
              attributeOf(name, value),
            ),
          },
        ],
        input: inputs,
        output: outputs.map((name, i) => {
          const declared = operator.declared?.[i];
          return declared === undefined ? { name } : { name, type: valueType(declared) };
        }),
        initializer: initializers,
      },
    }),
  ).finish();
}

/** Lowers the bytes of a model through a file, as users do. */
export async function lowerBytes(
  bytes: Uint8Array,
  dims: ReadonlyMap<string, number> = new Map(),
  more: Omit<LowerOptions, "dims"> = {},
): Promise<Awaited<ReturnType<typeof lowerModel>>> {
  const folder = mkdtempSync(join(tmpdir(), "top-compile-case-"));
  try {
    const path = join(folder, "case.onnx");
    writeFileSync(path, bytes);
    const model = readModel(path);
    return model.ok ? await lowerModel(model.value, { ...more, dims }) : model;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The lowered case, or an error with its failure. */
export async function lowerCase(operator: OperatorCase): Promise<LoweredModel> {
  const lowered = await lowerBytes(encodeCase(operator));
  if (!lowered.ok) {
    throw new Error(`${operator.type}: ${lowered.error[0].message}`);
  }
  return lowered.value;
}
