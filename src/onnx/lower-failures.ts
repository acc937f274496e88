import { closestName } from "../core/closest-name.js";
import type { Failure } from "../core/failure.js";
import { someNames } from "../core/some-of.js";

/** A `--dim` that names no dynamic dim of the model. */
export function dimUnknown(path: string, name: string, known: readonly string[]): Failure {
  const closest = closestName(name, known);
  return {
    code: "dim-unknown",
    where: path,
    message:
      known.length === 0
        ? `has no dynamic dims: there is no dim "${name}" to give a size`
        : `has no dynamic dim "${name}"; it has ${someNames(known, 20)}`,
    hint:
      known.length === 0
        ? "leave out --dim; top-compile inspect MODEL shows the inputs and their sizes"
        : closest === undefined
          ? "use --dim NAME=VALUE with a name listed, or --dim INPUT[AXIS]=VALUE"
          : `did you mean --dim ${closest}=VALUE?`,
    exit: 2,
  };
}

/** A dim that two options, or an option and the model, give different sizes. */
export function dimConflict(path: string, dim: string, sizes: readonly [number, number]): Failure {
  return {
    code: "dim-conflict",
    where: path,
    message: `dim ${dim} cannot be both ${sizes[0]} and ${sizes[1]}`,
    hint: "give each dynamic dim one size",
    exit: 2,
  };
}

/** An invalid size. */
export function dimInvalid(path: string, dim: string, size: number): Failure {
  return {
    code: "dim-invalid",
    where: path,
    message: `dim ${dim} cannot have size ${size}`,
    hint: "sizes are integers of 0 or more",
    exit: 2,
  };
}

/** A model that has no batch dim to set. */
export function batchImpossible(path: string, batch: number, reason: string): Failure {
  return {
    code: "batch-impossible",
    where: path,
    message: `cannot be compiled for a batch of ${batch}: ${reason}`,
    hint: "export the model with a dynamic first dim, or leave out --batch",
    exit: 1,
  };
}

/** The place of a failure of one node. */
export interface NodePlace {
  readonly path: string;
  readonly node: string;
  readonly type: string;
}

/** A node that no shape of its output can satisfy. */
export function shapeImpossible(place: NodePlace, reason: string, hasDefaults: boolean): Failure {
  return {
    code: "shape-impossible",
    where: printPlace(place),
    message: reason,
    hint: hasDefaults
      ? "some dynamic dims have default sizes: give them with --dim NAME=VALUE"
      : "check the sizes of the inputs; the model contradicts itself",
    exit: 1,
  };
}

/** A tensor larger than any device holds. */
export function tensorTooLarge(place: NodePlace, tensor: string, type: string): Failure {
  return {
    code: "tensor-too-large",
    where: printPlace(place),
    message: `tensor "${tensor}" would be ${type}: more than 8 TiB, or of a rank above 64`,
    hint: "check the sizes of the inputs (--dim NAME=VALUE)",
    exit: 1,
  };
}

/** An input of the model that is no tensor. */
export function inputNotTensor(path: string, name: string, what: string): Failure {
  return {
    code: "input-not-tensor",
    where: `${path}: input "${name}"`,
    message: `is ${what}; only tensors can be given to a model here`,
    hint: "export the model with tensors as inputs",
    exit: 1,
  };
}

/** A tensor without a complete type. */
export interface OpenTensor {
  readonly name: string;
  readonly type: string;
  /** Element type and rank are known, so that sizes are all that is missing. */
  readonly isTyped: boolean;
  readonly node: string;
}

/**
 * Tensors whose type or sizes cannot be known: by rules, by declarations, by bounds or, if there was one,
 * by a run.
 */
export function typesUnknown(
  path: string,
  tensors: readonly OpenTensor[],
  { count, wasRun }: { readonly count: number; readonly wasRun: boolean },
): Failure {
  const [first] = tensors;
  const names = tensors.map(({ name, type, node }) => `"${name}" (${type}, ${node})`).join(", ");
  const more = count > tensors.length ? ` and ${count - tensors.length} more` : "";
  return {
    code: "types-unknown",
    where: path,
    message: `type or sizes of ${count} tensor${count === 1 ? "" : "s"} cannot be known: ${names}${more}`,
    hint: hintOnTypes(first, wasRun),
    exit: 1,
  };
}

/** The failure of a run that would have shown sizes, with the option that takes its place. */
export function runNeeded(failure: Failure, first: OpenTensor | undefined): Failure {
  if (first?.isTyped !== true || first.node === "input") {
    return failure;
  }
  const option = `give the sizes that a run would show with --dim "${first.name}[AXIS]=VALUE"`;
  const isHopeless = failure.code === "unsupported-element-type" || failure.hint === undefined;
  return { ...failure, hint: isHopeless ? option : `${failure.hint}; or ${option}` };
}

function hintOnTypes(first: OpenTensor | undefined, wasRun: boolean): string {
  const option = `--dim "${first?.name ?? "TENSOR"}[AXIS]=VALUE"`;
  const isInput = first?.node === "input";
  if (!wasRun && !isInput) {
    return `what depends on data is seen in a run where ONNX Runtime is installed (npm install onnxruntime-node); else give sizes with ${option}, or declare types in the model's value_info`;
  }
  return isInput || first?.isTyped === true
    ? `give the sizes with ${option}, or run ONNX shape inference on the model first`
    : "no option gives types: nothing here knows what the operator makes; declare the type and sizes in the model's value_info, or export the model without the operator";
}

function printPlace({ path, node, type }: NodePlace): string {
  return `${path}: node "${node}" (${type})`;
}
