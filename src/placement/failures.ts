import type { Failure } from "../core/failure.js";
import { placeIn } from "../core/json-document.js";
import type { JsonProblem } from "../core/json-shape.js";

/** Text that is not JSON. */
export function placementNotJson(file: string, reason: string): Failure {
  return {
    code: "placement-not-json",
    where: file,
    message: `is not JSON: ${reason}`,
    hint: "see docs/placement-format.md, or start from --shape NAME",
    exit: 1,
  };
}

/** JSON that is not a placement, or a placement that contradicts itself. */
export function placementInvalid(file: string, problem: JsonProblem): Failure {
  return {
    code: "placement-invalid",
    where: placeIn(file, problem),
    message: problem.message,
    hint: "see docs/placement-format.md",
    exit: 1,
  };
}

/** An unknown shape. */
export function shapeUnknown(name: string, known: readonly string[]): Failure {
  return {
    code: "shape-unknown",
    where: `--shape ${name}`,
    message: "is not a known shape",
    hint: `use one of ${known.join(", ")}`,
    exit: 2,
  };
}

/** A shape option that the shape does not allow. */
export function shapeOptionInvalid(shape: string, option: string, what: string): Failure {
  return {
    code: "shape-option-invalid",
    where: `--shape ${shape} ${option}`,
    message: what,
    hint: "see docs/placement-format.md for what each shape allows",
    exit: 2,
  };
}

/** A block that needs more memory than a device of it has (`memory` besides `reserved`): no schedule can run it. */
export function blockTooLarge(
  file: string,
  block: { readonly id: string; readonly needs: number },
  device: { readonly name: string; readonly memory: number; readonly reserved?: number },
): Failure {
  const { name, memory, reserved = 0 } = device;
  const besides = reserved === 0 ? "" : `, of which ${reserved} are reserved`;
  return {
    code: "block-too-large",
    where: file,
    message: `block "${block.id}" needs ${block.needs} of memory while it runs, device "${name}" has ${memory + reserved}${besides}`,
    hint: `give the device at least ${block.needs + reserved}`,
    exit: 1,
  };
}

/** A device that has less memory than is reserved on it. */
export function reservedTooLarge(
  file: string,
  device: { readonly name: string; readonly reserved: number; readonly memory: number },
): Failure {
  return {
    code: "reserved-too-large",
    where: file,
    message: `device "${device.name}" has ${device.memory} of memory, ${device.reserved} are reserved`,
    hint: `give the device more than ${device.reserved}, or reserve less`,
    exit: 1,
  };
}

/** A micro-batch that leaves memory behind on a device with a limit: it cannot repeat forever. */
export function memoryNotReturned(
  file: string,
  device: {
    readonly name: string;
    readonly left: number;
    readonly memory: number;
    readonly reserved?: number;
  },
): Failure {
  return {
    code: "memory-not-returned",
    where: file,
    message: `each micro-batch changes the memory of device "${device.name}" by ${device.left} for good, its limit is ${device.memory + (device.reserved ?? 0)}`,
    hint: "let the blocks of a device add up to 0, use workspace for memory that a block releases at its end, or drop the limit",
    exit: 1,
  };
}

/** A `top-compile/stage-placement` document that is malformed or contradicts itself. */
export function stagePlacementInvalid(file: string, problem: JsonProblem): Failure {
  return {
    code: "stage-placement-invalid",
    where: placeIn(file, problem),
    message: problem.message,
    hint: "see docs/pipelines-from-models.md",
    exit: 1,
  };
}

/** An unknown preset. */
export function presetUnknown(name: string, known: readonly string[]): Failure {
  return {
    code: "preset-unknown",
    where: `--preset ${name}`,
    message: "is not a known preset",
    hint: `use one of ${known.join(", ")}`,
    exit: 2,
  };
}

/** Figures of which a preset makes no pipeline; `option`: the one that is to blame, as typed, or nothing. */
export function presetInvalid(
  preset: string,
  option: string,
  message: string,
  hint: string,
): Failure {
  const where = `--preset ${preset}`;
  return {
    code: "preset-invalid",
    where: option === "" ? where : `${where} ${option}`,
    message,
    hint,
    exit: 2,
  };
}
