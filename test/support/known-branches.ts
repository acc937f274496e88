/** Models with Ifs whose conditions follow from sizes and constants. */
import onnxProto from "onnx-proto";

const { onnx } = onnxProto;
const FLOAT = 1;
const INT64 = 7;
const GRAPH = onnx.AttributeProto.AttributeType.GRAPH;

type Attribute = { readonly name: string; readonly type: number; readonly g: object };

interface BranchNode {
  readonly name?: string;
  readonly opType: string;
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly attribute?: readonly Attribute[];
}

/** A branch: its nodes, the names it returns, and its initializers. */
interface Branch {
  readonly nodes: readonly BranchNode[];
  readonly returns: readonly string[];
  readonly initializers?: readonly object[];
}

function node(opType: string, inputs: string, outputs: string): BranchNode {
  return { opType, input: inputs.split(" ").filter(Boolean), output: outputs.split(" ") };
}

function graphOf(name: string, { nodes, returns, initializers = [] }: Branch): object {
  const output = returns.map((each) => ({ name: each, type: { tensorType: { elemType: FLOAT } } }));
  return { name, node: nodes, initializer: initializers, output };
}

function choice(condition: string, outputs: string, yes: Branch, no: Branch): BranchNode {
  const attribute = [
    { name: "then_branch", type: GRAPH, g: graphOf("yes", yes) },
    { name: "else_branch", type: GRAPH, g: graphOf("no", no) },
  ];
  return { ...node("If", condition, outputs), name: `choose ${outputs}`, attribute };
}

function integers(name: string, dims: readonly number[], ...values: number[]): object {
  const bytes = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
  return { name, dims, dataType: INT64, rawData: bytes };
}

function floats(name: string, rows: number, columns: number): object {
  const values = Float32Array.from({ length: rows * columns }, (_, i) => ((i % 13) - 6) / 8);
  return { name, dims: [rows, columns], dataType: FLOAT, rawData: new Uint8Array(values.buffer) };
}

function modelOf(nodes: readonly BranchNode[], outputs: readonly string[], lastDim: object) {
  const dim = [{ dimValue: 2 }, lastDim];
  const graph: object = {
    name: "known branches",
    node: nodes,
    initializer: [integers("one", [], 1), integers("three", [], 3), floats("bound", 1, 1)],
    input: [{ name: "x", type: { tensorType: { elemType: FLOAT, shape: { dim } } } }],
    output: outputs.map((name) => ({ name, type: { tensorType: { elemType: FLOAT } } })),
  };
  return onnx.ModelProto.encode(
    onnx.ModelProto.create({ irVersion: 8, opsetImport: [{ domain: "", version: 17 }], graph }),
  ).finish();
}

/** `sizes` of x are known, hence `is_three` and `is_one` where x is [2, 3]: 1 and 0. */
const SIZES: readonly BranchNode[] = [
  node("Shape", "x", "sizes"),
  node("Gather", "sizes one", "columns"),
  node("Equal", "columns three", "is_three"),
  node("Equal", "columns one", "is_one"),
];

/**
 * x is [2, 3]. The branch that runs reads values around it, has weights of its own (of 24 kB, left in
 * the file, and a small one), returns an initializer, a value around it, one value twice, and the output of
 * another If inside of it, whose body has a value of an output's name. Branches repeat each other's names.
 * `isPlain`: without what ONNX Runtime refuses or leaves unwritten: a value around a branch that is
 * returned as it is, a value returned twice, and names that are in use around a branch.
 */
export function nestedBranches(isPlain: boolean): Uint8Array {
  const [exp, value] = isPlain ? ["exp", "inner_value"] : ["product", "value"];
  const [outer, again] = isPlain ? ["copy", "twin"] : ["r", "value"];
  const copies = isPlain ? [node("Identity", "r", "copy"), node("Identity", "value", "twin")] : [];
  const inner = choice(
    "is_one",
    "picked",
    { nodes: [node("Neg", "small", value)], returns: [value] },
    { nodes: [node("Exp", "a", exp), node("Add", `${exp} r`, value)], returns: [value] },
  );
  const yes: Branch = {
    initializers: [floats("weight", 3, 2000), floats("small", 2, 3)],
    nodes: [node("Add", "r small", "a"), node("MatMul", "a weight", "value"), inner, ...copies],
    returns: ["value", again, "small", outer, "picked"],
  };
  const no: Branch = {
    initializers: [floats("small", 3, 5)],
    nodes: [node("MatMul", "r small", "value"), ...copies],
    returns: ["value", again, "small", outer, outer],
  };
  const nodes = [
    node("Relu", "x", "r"),
    ...SIZES,
    choice("is_three", "product again constant outer inside", yes, no),
    node("Tanh", "product", "value"),
  ];
  const outputs = ["value", "product", "again", "constant", "outer", "inside"];
  return modelOf(nodes, outputs, { dimValue: 3 });
}

/**
 * Chooses by the last dim of x, which has the name `columns`; by the sum of x; or by the last dim of
 * `found`, the places where x is not zero, of which there are as many as a run finds.
 */
export function chooseBy(what: "size" | "data" | "found"): Uint8Array {
  const sum = [node("ReduceSum", "x", "sum"), node("Greater", "sum bound", "is_three")];
  const found = [node("NonZero", "x", "found"), node("Shape", "found", "sizes")];
  const by = { size: SIZES, data: sum, found: [...found, ...SIZES.slice(1)] }[what];
  const yes: Branch = { nodes: [node("Neg", "x", "value")], returns: ["value"] };
  const no: Branch = { nodes: [node("Exp", "x", "value")], returns: ["value"] };
  return modelOf([...by, choice("is_three", "y", yes, no)], ["y"], { dimParam: "columns" });
}
