/**
 * Sizes for dynamic dims.
 *
 * A schedule is made for fixed sizes, so every dim that the model leaves open needs one: a number
 * from the user (`NAME=VALUE` for any name that the model has, `INPUT[AXIS]=VALUE` for any dim), or
 * a default by the look of the dim. Exporters also write names that are expressions of other names
 * (`past_sequence_length + sequence_length`): those follow from their parts.
 *
 * Defaults, first match wins:
 * - a telling name: batch 1, height and width 224, channels 3, a length 128 (`BY_NAME`),
 *   but 512 for the length of a signal (below);
 * - the first dim: 1 (the batch), and so is the second where sizes on both sides are fixed (a state);
 * - dims of an image (rank 4 with 1, 3 or 4 channels on one side): 224;
 * - the second dim of a matrix of floats: 512 (samples of a signal); of anything else of rank 2 or 3:
 *   128 (a sequence);
 * - anything else: 1.
 */
import type { Failure, Failures } from "../core/failure.js";
import { fail, ok, type Result } from "../core/result.js";
import { dimExpression } from "./dim-expression.js";
import type { Fact } from "./infer/fact.js";
import { tensor } from "./infer/fact.js";
import { dimConflict, dimInvalid, dimUnknown } from "./lower-failures.js";
import type { BoundDim } from "./lowered-model.js";
import type { Dim, OnnxGraph, OnnxModel, ValueInfo } from "./model.js";

/** Inputs with static sizes, and the origin of the sizes. */
export interface BoundInputs {
  readonly inputs: ReadonlyMap<string, Fact>;
  /** Dynamic dims in the order in which the inputs name them. */
  readonly boundDims: readonly BoundDim[];
  /** Sizes by dim name, for declared shapes elsewhere in the model. */
  readonly sizes: ReadonlyMap<string, number>;
  /** Sizes that the user gave for dims of other tensors than inputs: `TENSOR[AXIS]`. */
  readonly tensorDims: ReadonlyMap<string, ReadonlyMap<number, number>>;
}

/** Default length of a sequence. */
const LENGTH = 128;

/** Sizes by dim name; the first match counts. */
const BY_NAME: readonly (readonly [RegExp, number])[] = [
  [/batch|^b$|^n$|^bs$/i, 1],
  [/height|width|^h$|^w$|image_size/i, 224],
  [/channel|^c$/i, 3],
  [/past|seq|len|time|token|text|ctx|context|frames|^t$|^s$|^l$/i, LENGTH],
];

const PLACE = /^(.+)\[(\d+)\]$/;

const NONE: ReadonlyMap<string, number> = new Map();

/**
 * Gives every dim of every input a size: that of `options`, else that of `assumed`, else a default.
 *
 * Fails: `dim-unknown`, `dim-conflict`, `dim-invalid`; every bad option is reported.
 */
export function bindDims(
  model: OnnxModel,
  options: ReadonlyMap<string, number>,
  assumed: ReadonlyMap<string, number> = NONE,
): Result<BoundInputs> {
  const asked = sortOptions(model, options);
  if (asked.problems.length > 0) {
    return fail(asked.problems as unknown as Failures);
  }
  const sizes = new Map<string, number>();
  const boundDims: BoundDim[] = [];
  const inputs = new Map<string, Fact>();
  const settle = (name: string, given: number | undefined, usual: () => number): number => {
    const byDefault = given ?? usual();
    const size = given ?? assumed.get(name) ?? byDefault;
    const source = given !== undefined ? "option" : size === byDefault ? "default" : "tried";
    boundDims.push({ name, size, source });
    return size;
  };
  const parts = new Map([...assumed, ...asked.names]);
  for (const name of dimNames(model.graph)) {
    const usual = (): number => defaultOf(model.graph, name, sizes, parts);
    sizes.set(name, settle(name, asked.names.get(name), usual));
  }
  for (const [name, size] of asked.names) {
    if (!sizes.has(name)) {
      sizes.set(
        name,
        settle(name, size, () => size),
      );
    }
  }
  for (const input of model.graph.inputs) {
    const places = asked.places.get(input.name);
    const dims = dimsOf(input, places)?.map((dim, axis) => {
      if (typeof dim === "number") {
        return dim;
      }
      if (dim !== undefined) {
        return sizes.get(dim) ?? 1;
      }
      const place = `${input.name}[${axis}]`;
      return settle(place, places?.get(axis), () => unnamedDefault(input, axis));
    });
    inputs.set(input.name, tensor(input.elementType, dims));
  }
  return ok({ inputs, boundDims, sizes, tensorDims: asked.tensors });
}

/** Sizes given for axes 0, 1, ... of an input of unknown rank also determine its rank. */
function dimsOf(
  input: ValueInfo,
  places: ReadonlyMap<number, number> | undefined,
): readonly Dim[] | undefined {
  if (input.dims !== undefined || places === undefined) {
    return input.dims;
  }
  const isWhole = [...places.keys()].every((axis) => axis < places.size);
  return isWhole ? new Array<undefined>(places.size).fill(undefined) : undefined;
}

function dimNames(graph: OnnxGraph): readonly string[] {
  return namesIn(graph.inputs);
}

/** Dim names of outputs and inner values, which inputs may lack. */
function declaredNames(graph: OnnxGraph): readonly string[] {
  return namesIn([...graph.outputs, ...graph.valueInfo]);
}

function namesIn(values: readonly ValueInfo[]): readonly string[] {
  const names = values.flatMap(({ dims }) => dims ?? []);
  return [...new Set(names.filter((dim) => typeof dim === "string"))];
}

interface Asked {
  readonly names: Map<string, number>;
  /** Of inputs. */
  readonly places: Map<string, Map<number, number>>;
  /** Of other tensors. */
  readonly tensors: Map<string, Map<number, number>>;
  readonly problems: Failure[];
}

/** Sorts options into names of dims and places; a place with a named dim gives that name its size. */
function sortOptions(model: OnnxModel, options: ReadonlyMap<string, number>): Asked {
  const asked: Asked = { names: new Map(), places: new Map(), tensors: new Map(), problems: [] };
  const named = [...dimNames(model.graph), ...declaredNames(model.graph)];
  const names = new Set([...named, ...named.flatMap((name) => dimExpression(name)?.names ?? [])]);
  const inputs = new Map(model.graph.inputs.map((input) => [input.name, input]));
  const made = new Set(model.graph.nodes.flatMap((node) => node.outputs));
  for (const [key, size] of options) {
    const [, tensorName = "", axisText = ""] = PLACE.exec(key) ?? [];
    const input = inputs.get(tensorName);
    if (!Number.isSafeInteger(size) || size < 0) {
      asked.problems.push(dimInvalid(model.path, key, size));
    } else if (names.has(key)) {
      give({ asked, path: model.path, name: key }, size);
    } else if (input !== undefined) {
      bindPlace({ asked, path: model.path, name: key }, input, Number(axisText), size);
    } else if (made.has(tensorName)) {
      placesOf(asked.tensors, tensorName).set(Number(axisText), size);
    } else {
      asked.problems.push(dimUnknown(model.path, key, knownDims(model.graph)));
    }
  }
  return asked;
}

interface Place {
  readonly asked: Asked;
  readonly path: string;
  readonly name: string;
}

function give({ asked, path, name }: Place, size: number): void {
  const earlier = asked.names.get(name);
  if (earlier !== undefined && earlier !== size) {
    asked.problems.push(dimConflict(path, name, [earlier, size]));
  }
  asked.names.set(name, size);
}

function bindPlace(place: Place, input: ValueInfo, axis: number, size: number): void {
  const { asked, path, name } = place;
  const dim = input.dims?.[axis];
  if (input.dims !== undefined && axis >= input.dims.length) {
    asked.problems.push(
      dimUnknown(
        path,
        name,
        input.dims.map((_, i) => `${input.name}[${i}]`),
      ),
    );
  } else if (typeof dim === "string") {
    give({ asked, path, name: dim }, size);
  } else if (typeof dim === "number" && dim !== size) {
    asked.problems.push(dimConflict(path, name, [dim, size]));
  } else {
    placesOf(asked.places, input.name).set(axis, size);
  }
}

function placesOf(map: Map<string, Map<number, number>>, name: string): Map<number, number> {
  const known = map.get(name) ?? new Map<number, number>();
  map.set(name, known);
  return known;
}

function knownDims(graph: OnnxGraph): readonly string[] {
  const places = graph.inputs.flatMap((input) =>
    (input.dims ?? []).flatMap((dim, axis) =>
      dim === undefined ? [`${input.name}[${axis}]`] : [],
    ),
  );
  return [...dimNames(graph), ...places];
}

/** Whether the size of a dim follows from other dims, by its name. */
export function isComposed(name: string): boolean {
  return dimExpression(name) !== undefined;
}

/** An expression follows from its parts; other names may be telling. */
function namedDefault(
  name: string,
  sizes: ReadonlyMap<string, number>,
  given: ReadonlyMap<string, number>,
): number | undefined {
  const expression = dimExpression(name);
  return expression === undefined
    ? usualSize(name)
    : expression.evaluate((term) => given.get(term) ?? sizes.get(term) ?? usualSize(term) ?? 1);
}

function usualSize(name: string): number | undefined {
  return BY_NAME.find(([pattern]) => pattern.test(name))?.[1];
}

function defaultOf(
  graph: OnnxGraph,
  name: string,
  sizes: ReadonlyMap<string, number>,
  given: ReadonlyMap<string, number>,
): number {
  const named = namedDefault(name, sizes, given);
  return named === undefined || (named === LENGTH && isSignal(graph, name))
    ? placeDefault(graph, name)
    : named;
}

/** Whether the dim is the second of a matrix of floats. */
function isSignal(graph: OnnxGraph, name: string): boolean {
  return graph.inputs.some(
    ({ dims, elementType }) =>
      dims?.length === 2 && dims[1] === name && elementType?.startsWith("float") === true,
  );
}

/** A name of no known meaning gets the size of its first place. */
function placeDefault(graph: OnnxGraph, name: string): number {
  const input = graph.inputs.find((candidate) => candidate.dims?.includes(name));
  return input === undefined ? 1 : unnamedDefault(input, input.dims?.indexOf(name) ?? 0);
}

/** Channels of pictures: gray, color, color with transparency. */
const CHANNELS: ReadonlySet<Dim> = new Set([1, 3, 4]);

function unnamedDefault(input: ValueInfo, axis: number): number {
  const dims = input.dims ?? [];
  if (axis === 0) {
    return 1;
  }
  if (dims.length === 4) {
    return pictureDefault(dims, axis);
  }
  const isState = typeof dims[0] === "number" && typeof dims[2] === "number";
  if (axis !== 1 || dims.length > 3 || isState) {
    return 1;
  }
  return dims.length === 2 && input.elementType?.startsWith("float") === true ? 512 : LENGTH;
}

function pictureDefault(dims: readonly Dim[], axis: number): number {
  const isLast = CHANNELS.has(dims[3]) && !CHANNELS.has(dims[1]);
  if (isLast) {
    return axis < 3 ? 224 : 1;
  }
  return axis === 1 ? 3 : CHANNELS.has(dims[1]) || typeof dims[1] !== "number" ? 224 : 1;
}
