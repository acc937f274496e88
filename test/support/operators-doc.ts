import { deviceOperatorTypes } from "../../src/kernels/emit.js";
import { operatorTypeNamed, operatorTypes } from "../../src/onnx/operators/catalog.js";

const HEAD = `# Operators

What \`top-compile\` knows of each ONNX operator type. A model with other operators can still be
compiled: their output types come from ONNX Runtime or from the model itself, and they are costed by the
bytes that they move (\`inspect\` lists them as unknown).

The sizes of the outputs of all operators listed are inferred by \`top-compile\` itself, for every operator
set from 7 to 26. Operators not listed are asked of ONNX Runtime.

- **Form**: what kind of computation it is, which decides how it is costed. *product* and *recurrent* are
  the heavy ones, which the heavy width counts; *rows* reduce or normalize along rows; *window* makes every
  result of a neighborhood; *element* of the elements at its own place; *choice* keeps as many elements as
  their values say; *movement* has no arithmetic; *control* runs other operators.
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

| operator type | form | view | GPU | FLOPs |
|---|---|---|---|---|
`;

/** The text of docs/operators.md, from the rows of the program. */
export function operatorsDoc(): string {
  const device = new Set(deviceOperatorTypes());
  const rows = operatorTypes().map((name) => {
    const type = operatorTypeNamed(name);
    const formula = type?.form === "control" ? "its body" : (type?.work?.formula ?? "bytes only");
    const marks = [type?.view !== undefined, device.has(name)].map((is) => (is ? "yes" : ""));
    return `| ${name} | ${type?.form} | ${marks.join(" | ")} | ${formula.replaceAll("|", "\\|")} |`;
  });
  return `${HEAD}${rows.join("\n")}\n`;
}
