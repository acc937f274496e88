import { fileProblem } from "../core/error-text.js";
import type { Failure } from "../core/failure.js";
import { formatBytes } from "../core/format.js";

/** A file that cannot be opened or read. */
export function modelUnreadable(path: string, cause: unknown): Failure {
  return {
    code: "model-unreadable",
    where: path,
    message: fileProblem(cause),
    hint: "check the path and its permissions",
    exit: 1,
    cause,
  };
}

/** A file that is not an ONNX model, is cut off or is damaged. */
export function modelMalformed(path: string, what: string, offset: number): Failure {
  return {
    code: "model-malformed",
    where: `${path} at byte ${offset}`,
    message: `is not a complete ONNX model: ${what}`,
    hint: "check that the file is complete and is ONNX (protobuf), not another format",
    exit: 1,
  };
}

/** A file of another, recognized kind. */
export function modelOfOtherKind(path: string, kind: string): Failure {
  return {
    code: "model-other-format",
    where: path,
    message: `is ${kind}, not an ONNX model`,
    hint: "export the model as ONNX (protobuf)",
    exit: 1,
  };
}

/** A version that this tool does not read. */
export function modelVersionUnsupported(path: string, what: string, supported: string): Failure {
  return {
    code: "model-version",
    where: path,
    message: `has ${what}; supported are ${supported}`,
    hint: "convert the model with the onnx version converter, or export it again",
    exit: 1,
  };
}

/** A model whose graph contradicts itself. */
export function modelInvalid(path: string, place: string, what: string): Failure {
  return {
    code: "model-invalid",
    where: `${path}: ${place}`,
    message: what,
    hint: "export the model again, or check it with the onnx checker",
    exit: 1,
  };
}

/** Weights that are needed to run the model and cannot be read. */
export function weightsMissing(path: string, tensor: string, what: string): Failure {
  return {
    code: "weights-missing",
    where: `${path}: tensor "${tensor}"`,
    message: `its elements are needed to run the model, but ${what}`,
    hint: "put the external data beside the model, or compile from a profile recorded elsewhere (--profile FILE)",
    exit: 1,
  };
}

/** External data that lead out of the model's folder. */
export function externalOutside(
  path: string,
  tensor: string,
  location: string,
  target: string,
): Failure {
  return {
    code: "external-data-outside",
    where: `${path}: tensor "${tensor}"`,
    message: `its data "${location}" lead out of the folder of the model, to ${target}`,
    hint: "if that file may be read, allow it with --allow-external PATH",
    exit: 1,
  };
}

/** A model, or part of one, whose weights are too large to be handed over in one piece. */
export function modelTooLarge(path: string, bytes: number, limit: number): Failure {
  return {
    code: "model-too-large",
    where: path,
    message: `weights of ${formatBytes(bytes)} would go to ONNX Runtime in one piece; ${formatBytes(limit)} can`,
    hint: "compile from a profile recorded elsewhere (--profile FILE), or for a device model (--device NAME)",
    exit: 1,
  };
}

/** The file that stages share their weights in cannot be written. */
export function weightsUnwritable(path: string, cause: unknown): Failure {
  return {
    code: "weights-unwritable",
    where: path,
    message: `the weights of the stages cannot be written: ${fileProblem(cause)}`,
    hint: "free some space, or choose another folder",
    exit: 1,
    cause,
  };
}

/** A value between stages that is not a tensor. */
export function boundaryNotTensor(path: string, value: string, stage: number): Failure {
  return {
    code: "stage-boundary-not-tensor",
    where: `${path}: "${value}"`,
    message: `leaves stage ${stage}, but it is a sequence or an optional value, which cannot go from one stage to another`,
    hint: "keep its reader in the same stage, or ask for fewer stages",
    exit: 1,
  };
}

/** A tensor would go from stage to stage that ONNX Runtime cannot hand over. */
export function boundaryElementType(
  path: string,
  value: { readonly name: string; readonly elementType: string; readonly stage: number },
): Failure {
  const { name, elementType, stage } = value;
  return {
    code: "stage-boundary-element-type",
    where: `${path}: "${name}"`,
    message: `leaves stage ${stage}, but its elements are ${elementType}, which ONNX Runtime cannot hand from one stage to another`,
    hint: "keep its reader in the same stage, or ask for fewer stages",
    exit: 1,
  };
}
