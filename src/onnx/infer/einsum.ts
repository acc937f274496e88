/** Einsum: products over named subscripts. */
import { broadcast, printDims } from "./broadcast.js";
import { countOf, type KnownDims, tensor } from "./fact.js";
import type { InferRule, NodeCall } from "./node-call.js";

/**
 * Sizes of the output subscripts of an Einsum equation; an ellipsis stands for leading dims that
 * broadcast. Without `->` the output has the ellipsis and then the subscripts seen once, sorted.
 */
export const einsum: InferRule = (call) => {
  const type = call.input(0).elementType;
  const equation = (call.text("equation") ?? "").replaceAll(" ", "");
  const [left = "", right] = equation.split("->");
  const terms = left.split(",");
  if (terms.length !== call.inputs.length) {
    call.refuse(
      `equation "${equation}" has ${terms.length} terms for ${call.inputs.length} inputs`,
    );
    return [];
  }
  if (call.inputs.some((input) => input.dims === undefined)) {
    return [tensor(type, undefined)];
  }
  const sizes = new Map<string, number | undefined>();
  const ellipses = terms.map((term, i) => bindTerm(call, term, call.dims(i) ?? [], sizes));
  if (call.refusal !== undefined) {
    return [];
  }
  const batch = broadcast(call, ellipses);
  const output = right ?? implicitOutput(left);
  const letters = output.replace("...", ".");
  return [
    tensor(
      type,
      [...letters].flatMap((letter) => (letter === "." ? (batch ?? []) : [sizes.get(letter)])),
    ),
  ];
};

function bindTerm(
  call: NodeCall,
  term: string,
  dims: KnownDims,
  sizes: Map<string, number | undefined>,
): KnownDims {
  const letters = term.replace("...", ".");
  const hidden = dims.length - (letters.replace(".", "").length ?? 0);
  if (hidden < 0 || (hidden > 0 && !letters.includes("."))) {
    call.refuse(`einsum term "${term}" does not fit a tensor ${printDims(dims)}`);
    return [];
  }
  let position = 0;
  let ellipsis: KnownDims = [];
  for (const letter of letters) {
    if (letter === ".") {
      ellipsis = dims.slice(position, position + hidden);
      position += hidden;
      continue;
    }
    const size = dims[position++];
    const earlier = sizes.get(letter);
    if (
      earlier !== undefined &&
      size !== undefined &&
      earlier !== size &&
      earlier !== 1 &&
      size !== 1
    ) {
      call.refuse(`einsum subscript "${letter}" is ${earlier} and ${size}`);
    }
    sizes.set(letter, earlier === undefined || earlier === 1 ? (size ?? earlier) : earlier);
  }
  return ellipsis;
}

function implicitOutput(left: string): string {
  const letters = [...left.replaceAll("...", "").replaceAll(",", "")];
  const once = letters.filter((letter) => letters.indexOf(letter) === letters.lastIndexOf(letter));
  return (left.includes("...") ? "..." : "") + once.sort().join("");
}

/** The subscripts of an equation and their sizes; an ellipsis counts as one subscript, `.`. */
export interface EinsumSizes {
  /** Subscripts of each operand. */
  readonly terms: readonly string[];
  readonly output: string;
  readonly sizeOf: (subscript: string) => number;
}

/** Parses the equation of a node whose operands are static; `undefined` when it is malformed. */
export function einsumSizes(call: NodeCall): EinsumSizes | undefined {
  const equation = (call.text("equation") ?? "").replaceAll(" ", "");
  const [left = "", right] = equation.split("->");
  const terms = left.split(",");
  if (terms.length !== call.inputs.length || call.inputs.some(({ dims }) => dims === undefined)) {
    return undefined;
  }
  const sizes = new Map<string, number | undefined>();
  const ellipses = terms.map((term, i) => bindTerm(call, term, call.dims(i) ?? [], sizes));
  sizes.set(".", countOf(broadcast(call, ellipses)));
  return {
    terms: terms.map((term) => term.replace("...", ".")),
    output: (right ?? implicitOutput(left)).replace("...", "."),
    sizeOf: (subscript) => sizes.get(subscript) ?? 1,
  };
}
