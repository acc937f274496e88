/** Classic models and their encodings: the operators of `ai.onnx.ml` that take and give tensors. */
import type { ElementType } from "../../ir/element-type.js";
import { type KnownDims, tensor } from "./fact.js";
import type { InferRule, NodeCall } from "./node-call.js";

/** The chosen columns of each row; a vector counts as one row. */
export const arrayFeatures: InferRule = (call) => {
  const { elementType, dims } = call.input(0);
  const places = call.dims(1);
  const count = places?.reduce<number | undefined>(
    (total, size) => (total === undefined || size === undefined ? undefined : total * size),
    1,
  );
  const rows = dims?.length === 1 ? [1] : dims?.slice(0, -1);
  return [tensor(elementType, rows && places && [...rows, count])];
};

/** The same sizes, in 32-bit floating point. */
export const asFloats: InferRule = (call) => [tensor("float32", call.dims(0))];

/** The other of text and 64-bit integers. */
export const categories: InferRule = (call) => {
  const type = call.input(0).elementType;
  const other = type === "string" ? "int64" : "string";
  return [tensor(type === undefined ? undefined : other, call.dims(0))];
};

/** The type of the values, of which one attribute holds the list. */
export const labels: InferRule = (call) => [tensor(labelType(call), call.dims(0))];

function labelType(call: NodeCall): ElementType | undefined {
  const listed = call.tensor("values_tensor")?.elementType;
  if (listed !== undefined) {
    return listed;
  }
  if (call.attribute("values_strings", "strings") !== undefined) {
    return "string";
  }
  if (call.ints("values_int64s") !== undefined) {
    return "int64";
  }
  if (call.floats("values_floats") !== undefined) {
    return "float32";
  }
  const isOld = call.attribute("classes_strings", "strings") !== undefined;
  return isOld ? categories(call)[0]?.elementType : undefined;
}

/** A place for every category behind the sizes of the input. */
export const oneHotEncoded: InferRule = (call) => {
  const { dims } = call.input(0);
  const texts = call.attribute("cats_strings", "strings")?.value.length ?? 0;
  const count = texts > 0 ? texts : call.ints("cats_int64s")?.length;
  return [tensor("float32", dims && [...dims, count])];
};

/** Rows of all inputs side by side, as long as the attribute says. */
export const featureVector: InferRule = (call) => {
  const sizes = call.ints("inputdimensions");
  const width = sizes?.reduce((sum, size) => sum + size, 0);
  return [tensor("float32", [rowsOf(call), width])];
};

function rowsOf(call: NodeCall): number | undefined {
  const dims = call.dims(0);
  return dims?.length === 1 ? 1 : dims?.[0];
}

/** As many results for each row as there are `targets`, or `n_targets`. */
export const regression: InferRule = (call) => [
  tensor("float32", regressed(call, call.int("targets") ?? call.int("n_targets"))),
];

/** The same, in the type of the input. */
export const treeRegression: InferRule = (call) => [
  tensor(call.input(0).elementType, regressed(call, call.int("n_targets"))),
];

function regressed(call: NodeCall, targets: number | undefined): KnownDims {
  return [rowsOf(call), targets ?? 1];
}

/** Sizes of a linear classifier: classes that it has scores for, two where one decides between two. */
export function linearClasses(call: NodeCall): number | undefined {
  const scored = call.floats("intercepts")?.length;
  return scored === 1 && classLabels(call) === 2 ? 2 : (scored ?? classLabels(call));
}

function classLabels(call: NodeCall): number | undefined {
  const [texts, integers] = labelLists(call);
  return texts?.length ? texts.length : integers?.length;
}

function labelLists(call: NodeCall) {
  const strings = (name: string) => call.attribute(name, "strings")?.value;
  return [
    strings("classlabels_strings") ?? strings("classlabels_string"),
    call.ints("classlabels_ints") ?? call.ints("classlabels_int64s"),
  ] as const;
}

/** A label and scores for each row; `scores` says how many, where that is known. */
export function classification(scores: (call: NodeCall) => number | undefined): InferRule {
  return (call) => {
    const rows = rowsOf(call);
    const type = labelLists(call)[0]?.length ? "string" : "int64";
    return [tensor(type, [rows]), tensor("float32", [rows, scores(call)])];
  };
}

/** A linear classifier. */
export const linearClassification: InferRule = classification(linearClasses);

/** A forest has a score for every class. */
export const treeClassification: InferRule = classification(classLabels);

/** How many scores a support vector machine gives depends on its calibration and its runtime. */
export const vectorClassification: InferRule = classification(() => undefined);
