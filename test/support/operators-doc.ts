import { deviceOperatorTypes } from "../../src/kernels/emit.js";
import { operatorTypeNamed, operatorTypes } from "../../src/onnx/operators/catalog.js";

const HEAD = `# Operators

The ONNX operator types that \`top-compile\` knows. A model with other operators can still be compiled:
their output types come from ONNX Runtime or from the model itself, and they are costed by the bytes that
they move (\`inspect\` lists them as unknown).

\`top-compile\` infers the output sizes of all listed operators itself, for every operator set from 7
to 28. For other operators it uses the shape inference of ONNX Runtime. ONNX Runtime 1.30 knows set 26: models of
newer sets run there where their operators have not changed since.

- **Form**: the kind of computation, which decides how an operator is costed. *product* and *recurrent* are
  the heavy forms, which the heavy width counts; *rows* reduces or normalizes along rows; *window* computes
  every result from a neighborhood; *element* from the elements at its own place; in *choice* the values of
  elements decide which of them are kept; *movement* has no arithmetic; *control* runs other operators.
- **View**: needs no kernel when it changes only the shape (a Transpose that only moves dims of size 1, a
  Slice that keeps everything, a Cast to the same type); the node then is not an operator.
- **Bound**: where data decides the sizes, no run has larger ones than are known
  ([which](measuring.md#sizes-that-depend-on-data)).
- **GPU**: has code for \`--device cuda\`; [what runs](cuda.md#what-runs) lists variants without code.
- **FLOPs**: a multiply-add counts as two; an addition, multiplication, division, comparison or elementary
  function (exp, log, erf, tanh, sqrt, power) of one element as one; integer arithmetic like
  floating-point arithmetic; moving, converting and choosing elements as zero. \`X\` is the first
  input, \`Y\` the first output, \`|Y|\` its number of elements.

Bytes: every distinct input is read once, every used output is written once. Constants count as
parameters, other inputs as activations. Gather, GatherElements, GatherND, Slice and Compress read no
more of their first input than they write; MoE and QMoE read the weights of no more experts than rows times \`k\`.

Control flow is one operator. If counts the branch with more FLOPs; Loop its body times the trip count,
or as often as an output that grows by iteration shows, once where neither is known (\`inspect\` says so); Scan its body times the length of the sequence.

Nodes that depend only on constants and static shapes are folded: they are not operators. Nodes without
influence on any output are dropped.

| operator type | form | view | bound | GPU | FLOPs |
|---|---|---|---|---|---|
`;

/** The text of docs/operators.md, from the rows of the program. */
export function operatorsDoc(): string {
  const device = new Set(deviceOperatorTypes());
  const rows = operatorTypes().map((name) => {
    const type = operatorTypeNamed(name);
    const formula = type?.form === "control" ? "its body" : (type?.work?.formula ?? "bytes only");
    const has = [type?.view !== undefined, type?.bound !== undefined, device.has(name)];
    const marks = has.map((is) => (is ? "yes" : ""));
    return `| ${name} | ${type?.form} | ${marks.join(" | ")} | ${formula.replaceAll("|", "\\|")} |`;
  });
  return `${HEAD}${rows.join("\n")}\n`;
}
