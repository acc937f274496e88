/** The failures of tensors in files: inputs that the user gives, outputs that are compared and saved. */
import { closestName } from "../../core/closest-name.js";
import type { Failure } from "../../core/failure.js";
import { someNames } from "../../core/some-of.js";
import type { TensorType } from "../../onnx/lowered-model.js";

/** A type as it is printed: `float32[1,3]`. */
export function printType({
  elementType,
  dims,
}: {
  readonly elementType: string | undefined;
  readonly dims: readonly (number | string | undefined)[] | undefined;
}): string {
  const sizes = dims === undefined ? "any rank" : dims.map((dim) => dim ?? "?").join(",");
  return `${elementType ?? "no tensor"}[${sizes}]`;
}

/** An input that the model does not have. */
export function inputUnknown(path: string, text: string, known: readonly string[]): Failure {
  const name = text.slice(0, text.indexOf("="));
  const closest = closestName(name, known);
  const message =
    known.length === 0
      ? `has no inputs: nothing can be given for "${name}"`
      : `has no input "${name}"; it has ${someNames(known, 20)}`;
  return unknown(
    path,
    message,
    closest === undefined
      ? "give --input NAME=FILE with the name of an input, or its position from 0"
      : `did you mean --input ${closest}=${text.slice(text.indexOf("=") + 1)}?`,
  );
}

/** A file for an input or output that the model does not have, by its position. */
export function noSuchPlace(file: string, kind: "input" | "output", count: number): Failure {
  return unknown(
    file,
    `the model has ${count} ${kind}${count === 1 ? "" : "s"}, and none of this file's name or number`,
    "check that the folder belongs to this model: top-compile inspect MODEL shows its inputs",
  );
}

function unknown(where: string, message: string, hint: string): Failure {
  return { code: "input-unknown", where, message, hint, exit: 2 };
}

/** An input that is given twice. */
export function inputTwice(name: string, files: readonly [string, string]): Failure {
  return {
    code: "input-twice",
    where: `input "${name}"`,
    message: `is given twice, by ${files[0]} and by ${files[1]}`,
    hint: "give each input one file",
    exit: 2,
  };
}

/** A file that is no tensor that can be used. */
export function tensorFileInvalid(file: string, problem: string): Failure {
  return invalid(
    file,
    `cannot be used as a tensor: ${problem}`,
    "give numbers of 8 to 64 bits, float16 or booleans, written with numpy.save(FILE, ARRAY) or as an ONNX TensorProto with its elements inside",
  );
}

/** A folder without test data, or with more files than a model has inputs. */
export function folderInvalid(folder: string, problem: string): Failure {
  return invalid(
    folder,
    problem,
    "give a folder with input_0.pb, input_1.pb, ... such as test_data_set_0 (.npy works as well)",
  );
}

function invalid(where: string, message: string, hint: string): Failure {
  return { code: "input-invalid", where, message, hint, exit: 1 };
}

/** A tensor whose elements are of another type than the model takes; nothing is converted. */
export function inputTypeDiffers(
  name: string,
  file: string,
  types: { readonly found: string; readonly wanted: string },
): Failure {
  return {
    code: "input-type-differs",
    where: file,
    message: `has ${types.found} for input "${name}", which takes ${types.wanted}`,
    hint: `nothing is converted: save the array as ${types.wanted}, such as ARRAY.astype("${types.wanted}")`,
    exit: 1,
  };
}

/** A tensor whose dims the model does not take. */
export function inputShapeDiffers(
  name: string,
  file: string,
  types: { readonly found: string; readonly wanted: string },
): Failure {
  return otherShape(
    file,
    `is ${types.found}, and input "${name}" is ${types.wanted}`,
    "give a tensor of that shape; top-compile inspect MODEL shows the inputs",
  );
}

/** A dim that is given two sizes: by an option and a file, or by two files. */
export function inputDimConflict(
  name: string,
  file: string,
  dim: string,
  sizes: { readonly here: number; readonly there: number; readonly from: string },
): Failure {
  return otherShape(
    file,
    `gives the dim ${dim} the size ${sizes.here} (input "${name}"), and ${sizes.from} gives it ${sizes.there}`,
    `leave out --dim ${dim}, whose size follows from the inputs, or give inputs that agree`,
  );
}

/** A schedule that is made for another type or other sizes than a given input has. */
export function inputNotScheduled(
  name: string,
  file: string,
  found: TensorType,
  wanted: TensorType,
): Failure {
  return found.elementType !== wanted.elementType
    ? inputTypeDiffers(name, file, { found: found.elementType, wanted: wanted.elementType })
    : otherShape(
        file,
        `is ${printType(found)}, and the schedule is for ${printType(wanted)} of input "${name}"`,
        "give a tensor of that shape, or compile again with this input: top-compile MODEL --input NAME=FILE",
      );
}

function otherShape(where: string, message: string, hint: string): Failure {
  return { code: "input-shape-differs", where, message, hint, exit: 1 };
}

/** Outputs that are not what a folder of test data says. */
export function expectedOutputsDiffer(folder: string, what: string): Failure {
  return {
    code: "expected-outputs-differ",
    where: folder,
    message: what,
    hint: "check that the folder belongs to this model; --save-outputs FOLDER writes what the run gave",
    exit: 1,
  };
}
