import type { Failure } from "../core/failure.js";
import { someNames } from "../core/some-of.js";

/** A block that names an operator that the model does not have. */
export function operatorUnknown(where: string, entry: string, meant: string | undefined): Failure {
  return {
    code: "placement-operator-unknown",
    where,
    message: `"${entry}" names no operator of the model`,
    hint:
      meant === undefined
        ? "top-compile inspect MODEL --json lists the operators' names; * and ? are patterns"
        : `is "${meant}" meant?`,
    exit: 1,
  };
}

/** An operator that two blocks claim. */
export function operatorPlacedTwice(
  where: string,
  operator: string,
  a: string,
  b: string,
): Failure {
  return {
    code: "operator-placed-twice",
    where,
    message: `operator "${operator}" is in block "${a}" and in block "${b}"`,
    hint: "name it in one of them; a name beats a pattern",
    exit: 1,
  };
}

/** Operators that no block claims. */
export function operatorsNotPlaced(file: string, operators: readonly string[]): Failure {
  return {
    code: "operators-not-placed",
    where: file,
    message: `no block has operator ${someNames(operators)}`,
    hint: "every operator needs a block; patterns such as layer1* help",
    exit: 1,
  };
}

/** All operators that a block's patterns match are named by other blocks. */
export function blockWithoutOperators(where: string, block: string): Failure {
  return {
    code: "block-without-operators",
    where,
    message: `block "${block}" is left without operators: other blocks name all that its patterns match`,
    hint: "a name beats a pattern; leave the block out, or name its operators",
    exit: 1,
  };
}

/** Blocks that wait for each other. */
export function stageGraphCyclic(
  file: string,
  blocks: readonly string[],
  operators: readonly string[],
): Failure {
  const steps = blocks.map((block) => `"${block}"`).join(" -> ");
  return {
    code: "stage-graph-cyclic",
    where: file,
    message: `the blocks wait for each other: ${steps} (read by ${someNames(operators)})`,
    hint: "move operators so that data goes from block to block in one direction",
    exit: 1,
  };
}

/** A device without room for its stages. */
export function deviceTooSmall(
  model: string,
  device: string,
  bytes: { readonly parameters: number; readonly block: number; readonly memory: number },
): Failure {
  const needs = bytes.parameters + bytes.block;
  return {
    code: "device-memory-too-small",
    where: `${model} on ${device}`,
    message: `its stages hold ${bytes.parameters} bytes always and ${bytes.block} while one runs, it has ${bytes.memory}`,
    hint: `${needs} bytes are the least that can be enough; or use more devices, or other stages`,
    exit: 1,
  };
}

/** The work of a model is not known before it runs. */
export function modelNotStatic(model: string, operators: readonly string[]): Failure {
  return {
    code: "stages-not-static",
    where: model,
    message: `the run decides how often the loop ${someNames(operators)} goes round, so no stage with it has a duration or fixed outputs`,
    hint: "export the model with a fixed number of iterations, or unrolled",
    exit: 1,
  };
}
