/** The failures that executing a model can end with. */

import { errorLine, errorText, fileProblem } from "../core/error-text.js";
import type { Failure } from "../core/failure.js";
import { formatBytes } from "../core/format.js";
import { someOf } from "../core/some-of.js";

/** The npm package that executes models on the CPU is not installed, or does not load here. */
export function runtimeMissing(cause: unknown): Failure {
  return {
    code: "onnxruntime-missing",
    message: "the package onnxruntime-node, which executes models on the CPU, cannot be loaded",
    hint: "ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node@1.30.0",
    exit: 4,
    cause,
  };
}

/** Bytes that must be held at a time to run a model, and are more than the machine can hold. */
export function machineMemoryExceeded(what: string, bytes: number, most: number): Failure {
  return {
    code: "machine-memory-exceeded",
    where: what,
    message: `has ${formatBytes(bytes)}; this machine holds at most ${formatBytes(most)}`,
    hint: "give smaller sizes with --dim or --batch, or use a machine with more memory",
    exit: 4,
  };
}

/** There is no room for temporary files. */
export function temporaryFolderRefused(parent: string, cause: unknown): Failure {
  return {
    code: "temporary-folder-refused",
    where: parent,
    message: `no folder for temporary files can be made here: ${fileProblem(cause)}`,
    hint: "name another place with the environment variable TMPDIR",
    exit: 4,
    cause,
  };
}

/** The folder for temporary files has no room for what ONNX Runtime writes, or cannot be written any more. */
export function temporaryFolderFull(parent: string, problem: string): Failure {
  return {
    code: "temporary-folder-full",
    where: parent,
    message: `temporary files do not fit: ${problem}`,
    hint: "free some space, or name another place with the environment variable TMPDIR",
    exit: 4,
  };
}

/** A message of ONNX Runtime, without the place in its sources. */
function runtimeLine(cause: unknown): string {
  const line = errorText(cause).split("\n")[0] ?? "";
  const words = line.replace(/^\S+\.(?:cc|h):\d+ .*?(?=\[ONNXRuntimeError\])/, "");
  const said = words.replace(/^\S+\.(?:cc|h):\d+ .*?\w\) (?=\S)/, "");
  return errorLine(said.replace(/\[ONNXRuntimeError\] : \d+ : [A-Z_]+ : /, ""));
}

/** What ONNX Runtime says of an operator that it does not know. */
const NO_OPERATOR = "is not a registered function/op";

/** ONNX Runtime does not take a model. */
export function modelRefusedByRuntime(where: string, cause: unknown): Failure {
  return {
    code: "onnxruntime-refused-model",
    message: `ONNX Runtime cannot load the model: ${runtimeLine(cause)}`,
    where,
    hint: errorText(cause).includes(NO_OPERATOR)
      ? "declare type and sizes of what the operator makes in the model's value_info, and compile for a device model (--device NAME)"
      : "check the sizes of dynamic dims (--dim NAME=VALUE), and that ONNX Runtime runs this model",
    exit: 1,
    cause,
  };
}

/** ONNX Runtime took a model but could not execute it. */
export function modelRunFailed(where: string, cause: unknown): Failure {
  return {
    code: "onnxruntime-run-failed",
    message: `ONNX Runtime cannot execute the model: ${runtimeLine(cause)}`,
    where,
    hint: "check the sizes of dynamic dims (--dim NAME=VALUE), or give inputs that the model takes (--input NAME=FILE)",
    exit: 1,
    cause,
  };
}

/** A tensor has an element type that cannot cross the boundary of a session. */
export function unsupportedElementType(tensor: string, elementType: string): Failure {
  return {
    code: "unsupported-element-type",
    message: `tensors of type ${elementType} cannot be handed to or taken from ONNX Runtime`,
    hint: "cast it inside the model, or compile for a device model (--device NAME)",
    where: tensor,
    exit: 1,
  };
}

/** An output of the model is no tensor, which the binding does not give. */
export function outputNotTensor(path: string, output: string, what: string): Failure {
  return {
    code: "output-not-tensor",
    where: `${path}: output "${output}"`,
    message: `is ${what}; onnxruntime-node gives tensors only, so the model cannot be run here`,
    hint: "export the model with tensors as outputs, or compile for a device model (--device NAME)",
    exit: 1,
  };
}

/** A segment of a schedule failed inside ONNX Runtime. */
export function segmentFailed(
  worker: number,
  operators: readonly string[],
  message: string,
): Failure {
  return {
    code: "segment-failed",
    message: `ONNX Runtime failed in a segment of stream ${worker}: ${runtimeLine(message)}`,
    where: someOf(operators),
    exit: 1,
  };
}

/** A value as a run gave it, and as the schedule was made for it. */
export interface OtherSizes {
  readonly name: string;
  readonly dims: readonly number[];
  /** The dims in the run. */
  readonly found: readonly number[];
}

/** What to do about a size that follows from the inputs and yet was another one in a run. */
export const SIZES_HINT: string =
  "these sizes follow from the inputs by the rules of ONNX: check the model with onnx.checker, and please report the operator that writes them";

/** A run gave a value of another size than follows from the inputs. */
export function sizesDiffer(where: string, { name, dims, found }: OtherSizes): Failure {
  return {
    code: "sizes-differ",
    where,
    message: `"${name}" has the dims [${found.join(", ")}] in this run, and [${dims.join(", ")}] in the schedule`,
    hint: SIZES_HINT,
    exit: 1,
  };
}

/** The owner of a worker thread: a stream by its number, or a device of a pipeline by its name. */
export type WorkerOwner = number | string;

/** A worker thread ended unasked. */
export function workerDied(owner: WorkerOwner, reason: string, cause?: unknown): Failure {
  return {
    code: "worker-died",
    where: placeOf(owner),
    message: `its worker thread ended early: ${errorLine(reason)}`,
    hint: `use fewer ${kindOf(owner)} if memory is short`,
    exit: 4,
    cause,
  };
}

/** A worker thread had no memory left. */
export function workerOutOfMemory(owner: WorkerOwner, cause: unknown): Failure {
  return {
    code: "worker-out-of-memory",
    where: placeOf(owner),
    message: "its worker thread ran out of memory",
    hint: `use fewer ${kindOf(owner)}, or smaller dynamic dims (--dim NAME=VALUE)`,
    exit: 4,
    cause,
  };
}

function placeOf(owner: WorkerOwner): string {
  return typeof owner === "number" ? `stream ${owner}` : owner;
}

function kindOf(owner: WorkerOwner): string {
  return typeof owner === "number" ? "streams" : "devices";
}

/** The worker threads did not finish in time. */
export function executorTimedOut(what: string, limitMs: number, waiting: string): Failure {
  return {
    code: "executor-timed-out",
    message: `${what} did not finish within ${limitMs} ms; still working: ${waiting}`,
    exit: 4,
  };
}

/** The user stopped the work. */
export function executionStopped(): Failure {
  return { code: "stopped", message: "stopped before the end; nothing was written", exit: 3 };
}

/** An executor that failed or was closed cannot run again. */
export function executorClosed(): Failure {
  return {
    code: "executor-closed",
    message: "the worker threads were stopped already; make them again to run once more",
    exit: 4,
  };
}

/** A given input tensor does not fit the model. */
export function wrongFeed(tensor: string, problem: string): Failure {
  return { code: "wrong-input-tensor", message: problem, where: tensor, exit: 1 };
}

/** A model that fails at every size assumed for its dynamic dims, the defaults first. */
export function sizesRefused(reason: Failure, sizes: readonly string[]): Failure {
  const [defaults = "", ...tried] = sizes;
  const more = tried.length === 0 ? "" : `; also tried: ${tried.join(", ")}`;
  return {
    ...reason,
    hint: `these are default sizes of dynamic dims: ${defaults}${more}; give the sizes that the model is used with (--dim NAME=VALUE)`,
  };
}

/** A model of more than 2 GiB with constants inside of branches or loops. */
export function modelTooLargeToOptimize(path: string, bytes: number, limit: number): Failure {
  return {
    code: "export-model-too-large",
    where: path,
    message: `has weights of ${bytes} bytes, and constants inside of branches or loops: ONNX Runtime writes the latter wrong for models above ${limit} bytes`,
    hint: "export another format, or a smaller model",
    exit: 1,
  };
}
