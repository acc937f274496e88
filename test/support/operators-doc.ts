import { ruleTypes } from "../../src/onnx/infer/rules.js";
import { viewTypes } from "../../src/onnx/views.js";
import { MOVEMENT_WORK } from "../../src/onnx/work/movement.js";
import { HEAVY_TYPES } from "../../src/onnx/work/products.js";
import { REDUCTION_WORK } from "../../src/onnx/work/reductions.js";
import { workRuleOf, workTypes } from "../../src/onnx/work/work-of.js";
import { deviceOperatorTypes } from "../../src/runtime/cuda/codegen/emit.js";

const HEAD = `# Operators

What \`top-compile\` knows of each ONNX operator type. A model with other operators can still be
compiled: their output types come from ONNX Runtime or from the model itself, and they are costed by the
bytes that they move (\`inspect\` lists them as unknown).

The sizes of the outputs of all operators listed are inferred by \`top-compile\` itself, for every operator
set from 7 to 26. Operators not listed are asked of ONNX Runtime.

- **Class**: *heavy* (products of matrices in some form: they count for the heavy width), *reduction*
  (reductions, normalisations, pools, resampling), *element-wise*, *movement* (no arithmetic), *control*.
- **View**: needs no kernel where it changes nothing but the shape (a Transpose that only moves dims of
  size 1, a Slice that keeps everything, a Cast to the same type); it is not an operator then.
- **GPU**: has code for \`--device cuda\`; [what runs](cuda.md#what-runs) says where not every form of it has.
- **FLOPs**: a multiply-add counts as two; an addition, multiplication, division, comparison or elementary
  function (exp, log, erf, tanh, sqrt, power) of one element as one; integer arithmetic like
  floating-point arithmetic; moving, converting and choosing elements as nothing. \`X\` is the first
  input, \`Y\` the first output, \`|Y|\` its number of elements.

Bytes: every distinct input is read once, every output that is used is written once. Constants count as
parameters, other inputs as activations. Gather, GatherElements, GatherND, Slice and Compress read no
more of their first input than they write.

Control flow is one operator. If counts the branch with more FLOPs; Loop its body times the trip count,
once where the trip count is not constant (\`inspect\` says so); Scan its body times the length of the sequence.

Nodes that depend on constants and static shapes only are folded: they are no operators. Nodes that
nothing needs are left out.

| operator type | class | view | GPU | FLOPs |
|---|---|---|---|---|
`;

function classOf(type: string): string {
  if (HEAVY_TYPES.has(type)) {
    return "heavy";
  }
  if (Object.hasOwn(REDUCTION_WORK, type)) {
    return "reduction";
  }
  return Object.hasOwn(MOVEMENT_WORK, type) ? "movement" : "element-wise";
}

/** The text of docs/operators.md, from the tables of the program. */
export function operatorsDoc(): string {
  const views = new Set(viewTypes());
  const device = new Set(deviceOperatorTypes());
  const types = [...new Set([...ruleTypes(), ...workTypes()])].sort();
  const rows = types.map((type) => {
    const formula = (workRuleOf(type)?.formula ?? "bytes only").replaceAll("|", "\\|");
    const marks = [views.has(type), device.has(type)].map((is) => (is ? "yes" : ""));
    return `| ${type} | ${classOf(type)} | ${marks.join(" | ")} | ${formula} |`;
  });
  const control = ["If", "Loop", "Scan"].map((type) => `| ${type} | control | | | its body |`);
  return `${HEAD}${[...rows, ...control].join("\n")}\n`;
}
