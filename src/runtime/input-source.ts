import { sha256 } from "../core/digest.js";
import type { Failure, Failures } from "../core/failure.js";
import { fail, type Result } from "../core/result.js";
import { stableJson } from "../core/stable-json.js";
import { randomFeeds } from "./random-feeds.js";
import type { TensorData, TensorSpec } from "./tensor-data.js";
import { inputNotScheduled } from "./tensor-files/failures.js";
import type { GivenInputs } from "./tensor-files/given-inputs.js";

/** Where the inputs of a run come from: what the user gave, everything else from the seed. */
export interface InputSource {
  readonly seed: number;
  /** Absent: everything comes from the seed. */
  readonly given?: GivenInputs | undefined;
}

/**
 * The inputs of a model, in one place for everything that runs it.
 *
 * Fails: as `randomFeeds`; `input-type-differs`, `input-shape-differs` where a given tensor is not what
 * its spec says.
 */
export function feedsFrom(
  specs: readonly TensorSpec[],
  { seed, given }: InputSource,
): Result<ReadonlyMap<string, TensorData>> {
  const problems: Failure[] = [];
  const feeds = new Map<string, TensorData>();
  for (const tensor of given?.inputs ?? []) {
    const { name, file, elementType, dims, bytes } = tensor;
    const spec = specs.find((each) => each.name === name);
    if (spec !== undefined && (spec.elementType !== elementType || !isSame(spec.dims, dims))) {
      problems.push(inputNotScheduled(name, file, tensor, spec));
    }
    feeds.set(name, { elementType, dims, bytes });
  }
  return problems.length > 0
    ? fail(problems as unknown as Failures)
    : randomFeeds(specs, seed, feeds);
}

/** Whether every input is given: another seed then changes nothing. */
export function isAllGiven(specs: readonly TensorSpec[], { given }: InputSource): boolean {
  const names = new Set(given?.inputs.map(({ name }) => name));
  return specs.every(({ name }) => names.has(name));
}

/** A digest of what the user gave; `undefined`: nothing. */
export function digestOfGiven({ given }: InputSource): string | undefined {
  return given === undefined || given.inputs.length === 0
    ? undefined
    : sha256(stableJson(given.inputs.map(({ name, sha256: of }) => `${name} ${of}`)));
}

function isSame(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}
