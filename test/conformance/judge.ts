import { lowerModel } from "../../src/onnx/lower.js";
import type { LoweredModel } from "../../src/onnx/lowered-model.js";
import type { OnnxModel, OnnxTensor } from "../../src/onnx/model.js";
import { readModel } from "../../src/onnx/read-model.js";
import type { NodeTest, TestValues } from "./node-test.js";
import { elementsOf, printType, type TestTensor } from "./test-tensor.js";

/** Which inputs of a model are constants when it is lowered. */
const VARIANTS = ["none", "all but the first", "all"] as const;

/** The inputs that are constants. */
export type Variant = (typeof VARIANTS)[number];

/** What lowering makes of a test, against the test's own outputs. */
export type Outcome =
  /** Types, sizes and folded elements of every output are the test's. */
  | { readonly kind: "same"; readonly folded: number }
  /** A size that the elements of an input decide, right when they are known. */
  | { readonly kind: "by-data"; readonly folded: number }
  /** An input or output is a sequence or an optional, whose type has no sizes. */
  | { readonly kind: "no-tensor" }
  | { readonly kind: "unknown" | "refused" | "wrong"; readonly detail: string };

/** Lowers the model of a test with none, some and all inputs as constants, and judges what it says. */
export async function judge(test: NodeTest): Promise<Outcome> {
  const model = readModel(test.path);
  if (!model.ok) {
    const { code, message } = model.error[0];
    return { kind: "refused", detail: `${code}: ${message}` };
  }
  let folded = 0;
  let isByData = false;
  for (const { inputs, outputs } of test.dataSets) {
    if ([...inputs.values(), ...outputs.values()].includes(undefined)) {
      return { kind: "no-tensor" };
    }
    for (const variant of VARIANTS) {
      const outcome = await judgeVariant(model.value, inputs, outputs, variant);
      if (outcome.kind === "by-data") {
        isByData = true;
      } else if (outcome.kind === "same") {
        folded += outcome.folded;
      } else {
        return outcome;
      }
    }
  }
  return { kind: isByData ? "by-data" : "same", folded };
}

async function judgeVariant(
  model: OnnxModel,
  inputs: TestValues,
  outputs: TestValues,
  variant: Variant,
): Promise<Outcome> {
  const lowered = await lowerModel(withInputs(model, inputs, variant), { dims: new Map() });
  const where = `${variant} constant`;
  if (!lowered.ok) {
    const { code, message } = lowered.error[0];
    const isUnknown = code === "types-unknown";
    if (isUnknown && variant !== "all") {
      return { kind: "by-data", folded: 0 };
    }
    return { kind: isUnknown ? "unknown" : "refused", detail: `${where}: ${code}: ${message}` };
  }
  let folded = 0;
  for (const [name, expected] of outputs) {
    const difference = expected && differenceOf(lowered.value, name, expected);
    if (difference !== undefined) {
      // Without a run, sizes that depend on data are bounds.
      if (lowered.value.dataSizes.length > 0) {
        return variant === "all"
          ? { kind: "unknown", detail: `${where}: ${difference}, a bound` }
          : { kind: "by-data", folded: 0 };
      }
      const isUnknown = difference.endsWith(" unknown");
      return { kind: isUnknown ? "unknown" : "wrong", detail: `${where}: ${difference}` };
    }
    folded += lowered.value.constants.has(name) ? 1 : 0;
  }
  return { kind: "same", folded };
}

/** The model with the types of the test's inputs, and nothing said of any other value. */
function withInputs(model: OnnxModel, inputs: TestValues, variant: Variant): OnnxModel {
  const { graph } = model;
  const isConstant = (at: number) => variant === "all" || (variant !== "none" && at > 0);
  const values = [...inputs].flatMap(([name, tensor], at) =>
    tensor === undefined ? [] : [{ name, tensor, isConstant: isConstant(at) }],
  );
  return {
    ...model,
    graph: {
      ...graph,
      inputs: values.flatMap(({ name, tensor: { elementType, dims }, isConstant: isKnown }) =>
        isKnown ? [] : [{ name, elementType, dims }],
      ),
      initializers: [
        ...graph.initializers,
        ...values.flatMap(({ name, tensor, isConstant: isKnown }) =>
          isKnown ? [initializer(name, tensor)] : [],
        ),
      ],
      outputs: graph.outputs.map(({ name }) => ({ name, elementType: undefined, dims: undefined })),
      valueInfo: [],
    },
  };
}

function initializer(name: string, { elementType, dims, bytes, texts }: TestTensor): OnnxTensor {
  const payload =
    elementType === "string"
      ? ({ kind: "strings", values: texts } as const)
      : ({ kind: "inline", bytes } as const);
  return { name, elementType, dims, payload };
}

/** Largest difference of floating-point elements, as ONNX's own runner has it. */
const RELATIVE = 1e-3;
const ABSOLUTE = 1e-7;

function differenceOf(lowered: LoweredModel, name: string, expected: TestTensor) {
  const type = lowered.types.get(name);
  if (printType(type) !== printType(expected)) {
    return `${name} is ${printType(expected)}, ours ${printType(type)}`;
  }
  const ours = lowered.constants.get(name)?.values;
  const theirs = ours && elementsOf(expected);
  const at = theirs?.findIndex((value, i) => !isClose(ours?.[i] ?? Number.NaN, value)) ?? -1;
  return at < 0
    ? undefined
    : `element ${at} of ${name} is ${theirs?.[at] ?? "absent"}, ours ${ours?.[at] ?? "absent"}`;
}

function isClose(ours: number, theirs: number): boolean {
  return (
    Object.is(ours, theirs) ||
    ours === theirs ||
    Math.abs(ours - theirs) <= ABSOLUTE + RELATIVE * Math.abs(theirs)
  );
}
