/**
 * Inputs that the user gives: `NAME=FILE` each, or a folder of test data as ONNX has it (`input_0.pb`,
 * ..., and `output_0.pb`, ..., which a run is compared with).
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { sha256OfFile } from "../../core/digest.js";
import type { Failure, Failures } from "../../core/failure.js";
import { fileUnreadable } from "../../core/file-failures.js";
import { fail, ok, type Result } from "../../core/result.js";
import type { OnnxGraph, ValueInfo } from "../../onnx/model.js";
import type { TensorData } from "../tensor-data.js";
import { dimsOfInputs } from "./dims-of-inputs.js";
import {
  folderInvalid,
  inputShapeDiffers,
  inputTwice,
  inputTypeDiffers,
  inputUnknown,
  noSuchPlace,
  printType,
} from "./failures.js";
import { type FileTensor, readTensor } from "./read-tensor.js";

/** What the user asked for. */
export interface InputFiles {
  /** `NAME=FILE`, where NAME is an input of the model or its position. */
  readonly each: readonly string[];
  /** A folder of test data. */
  readonly folder: string | undefined;
  /** Whether the outputs in the folder are read too; default: they are not. */
  readonly withOutputs?: boolean;
}

/** A tensor of the user's, for an input or output of the model. */
export interface GivenTensor extends TensorData {
  readonly name: string;
  /** The file, as the user names it. */
  readonly file: string;
  readonly sha256: string;
}

/** Tensors of the user's that fit a model. */
export interface GivenInputs {
  /** In the order of the model's inputs. */
  readonly inputs: readonly GivenTensor[];
  /** What the outputs are to be, as far as a folder says. */
  readonly outputs: readonly GivenTensor[];
  /** The sizes that the inputs give to dynamic dims, as options name them. */
  readonly dims: ReadonlyMap<string, number>;
}

/** Nothing is given. */
export const NO_INPUTS: GivenInputs = { inputs: [], outputs: [], dims: new Map() };

/** More than any model has, and fewer than a schedule records. */
const MOST_FILES = 9000;

/**
 * Reads what the user gives for the inputs of a model at `path`, and checks it against what the model
 * declares. `options` are the sizes of dynamic dims that the user gives beside.
 *
 * Fails: `input-unknown`, `input-twice`, `input-invalid`, `input-type-differs`, `input-shape-differs`,
 * and as `readTensor`; all problems of one kind are reported.
 */
export function readGivenInputs(
  files: InputFiles,
  graph: OnnxGraph,
  path: string,
  options: ReadonlyMap<string, number>,
): Result<GivenInputs> {
  const found = locate(files, graph, path);
  if (!found.ok) {
    return found;
  }
  const inputs = readAll(found.value.inputs);
  const outputs = readAll(found.value.outputs);
  if (!inputs.ok || !outputs.ok) {
    return inputs.ok ? (outputs as Result<never>) : inputs;
  }
  const problems = inputs.value.flatMap((tensor): readonly Failure[] => {
    const declared = graph.inputs.find(({ name }) => name === tensor.name);
    return declared === undefined ? [] : misfits(tensor, declared);
  });
  if (problems.length > 0) {
    return fail(problems as unknown as Failures);
  }
  const dims = dimsOfInputs(inputs.value, graph.inputs, options);
  return dims.ok ? ok({ inputs: inputs.value, outputs: outputs.value, dims: dims.value }) : dims;
}

/** A value of the model and the file for it. */
interface Located {
  readonly name: string;
  readonly file: string;
  /** Already read, to learn its name. */
  readonly tensor?: FileTensor;
}

interface LocatedFiles {
  readonly inputs: readonly Located[];
  readonly outputs: readonly Located[];
}

function locate(
  { each, folder, withOutputs = false }: InputFiles,
  graph: OnnxGraph,
  path: string,
): Result<LocatedFiles> {
  const names = graph.inputs.map(({ name }) => name);
  const inputs: Located[] = [];
  for (const text of each) {
    const [name, file] = splits(text).find(([left]) => placeOf(left, names) !== undefined) ?? [];
    if (name === undefined || file === undefined) {
      return fail([inputUnknown(path, text, names)]);
    }
    inputs.push({ name: placeOf(name, names) ?? name, file });
  }
  const inFolder =
    folder === undefined ? ok({ inputs: [], outputs: [] }) : testData(folder, graph, withOutputs);
  if (!inFolder.ok) {
    return inFolder;
  }
  const all = [...inFolder.value.inputs, ...inputs];
  const order = new Map(names.map((name, at) => [name, at]));
  all.sort((a, b) => (order.get(a.name) ?? 0) - (order.get(b.name) ?? 0));
  const twice = all.find(({ name }, at) => name === all[at - 1]?.name);
  if (twice !== undefined) {
    const [first, second] = all.filter(({ name }) => name === twice.name);
    return fail([inputTwice(twice.name, [first?.file ?? "", second?.file ?? ""])]);
  }
  return ok({ inputs: all, outputs: inFolder.value.outputs });
}

/** Every way to read `NAME=FILE`, names and files with a `=` in them too. */
function splits(text: string): readonly (readonly [string, string])[] {
  return [...text.matchAll(/=/g)].map(
    ({ index }) => [text.slice(0, index), text.slice(index + 1)] as const,
  );
}

/** The name of a value by its name or position; a name counts first. */
function placeOf(text: string, names: readonly string[]): string | undefined {
  return names.includes(text) ? text : /^\d{1,9}$/.test(text) ? names[Number(text)] : undefined;
}

const TEST_DATA = /^(input|output)_(\d{1,9})\.(pb|npy)$/;

function testData(folder: string, graph: OnnxGraph, withOutputs: boolean): Result<LocatedFiles> {
  let entries: readonly string[];
  try {
    entries = readdirSync(folder);
  } catch (cause) {
    return fail([fileUnreadable(folder, cause)]);
  }
  const files = entries
    .flatMap((name) => {
      const [, kind, place] = TEST_DATA.exec(name) ?? [];
      return kind === undefined || (kind === "output" && !withOutputs)
        ? []
        : [{ kind, place: Number(place), file: join(folder, name) }];
    })
    .sort((a, b) => a.place - b.place || (a.file < b.file ? -1 : 1));
  if (!files.some(({ kind }) => kind === "input") && graph.inputs.length > 0) {
    return fail([folderInvalid(folder, "has no file input_0.pb or input_0.npy")]);
  }
  if (files.length > MOST_FILES) {
    return fail([
      folderInvalid(folder, `has ${files.length} files of test data, more than ${MOST_FILES}`),
    ]);
  }
  const located = { input: [] as Located[], output: [] as Located[] };
  for (const { kind, place, file } of files) {
    const isInput = kind === "input";
    const names = (isInput ? graph.inputs : graph.outputs).map(({ name }) => name);
    const tensor = readTensor(file);
    if (!tensor.ok) {
      return tensor;
    }
    const own = tensor.value.name;
    const name = own !== "" && names.includes(own) ? own : names[place];
    if (name === undefined) {
      return fail([noSuchPlace(file, isInput ? "input" : "output", names.length)]);
    }
    located[isInput ? "input" : "output"].push({ name, file, tensor: tensor.value });
  }
  const twice = located.output.find(({ name }, at) =>
    located.output.some((each, other) => other < at && each.name === name),
  );
  return twice === undefined
    ? ok({ inputs: located.input, outputs: located.output })
    : fail([folderInvalid(folder, `has two files for output "${twice.name}"`)]);
}

function readAll(located: readonly Located[]): Result<readonly GivenTensor[]> {
  const tensors: GivenTensor[] = [];
  const problems: Failure[] = [];
  for (const { name, file, tensor } of located) {
    const read = tensor === undefined ? readTensor(file) : ok(tensor);
    if (read.ok) {
      const { elementType, dims, bytes } = read.value;
      tensors.push({ name, file, sha256: sha256OfFile(file), elementType, dims, bytes });
    } else {
      problems.push(...read.error);
    }
  }
  return problems.length === 0 ? ok(tensors) : fail(problems as unknown as Failures);
}

/** What of a tensor contradicts the declaration of its input. */
function misfits(tensor: GivenTensor, declared: ValueInfo): readonly Failure[] {
  const { name, file, elementType, dims } = tensor;
  const wanted = declared.elementType;
  if (wanted !== undefined && wanted !== elementType) {
    return [inputTypeDiffers(name, file, { found: elementType, wanted })];
  }
  const fits =
    declared.dims === undefined ||
    (declared.dims.length === dims.length &&
      declared.dims.every((dim, axis) => typeof dim !== "number" || dim === dims[axis]));
  return fits
    ? []
    : [inputShapeDiffers(name, file, { found: printType(tensor), wanted: printType(declared) })];
}
