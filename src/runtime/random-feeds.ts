import { type Random, seededRandom } from "../core/random.js";
import { fail, ok, type Result } from "../core/result.js";
import { unsupportedElementType } from "./failures.js";
import { inputsFitMachine } from "./fits-machine.js";
import {
  crossesSessions,
  type ElementArray,
  elementsOver,
  type TensorData,
  type TensorSpec,
  tensorBytes,
} from "./tensor-data.js";

/** Integers are drawn below this: valid as token ids, positions, class labels and lengths alike. */
const INTEGER_BOUND = 2;

/**
 * Inputs for a model, the same for the same seed: floats in [-1, 1), integers 0 or 1 (they may be
 * indices into tables of unknown size), booleans 0 or 1, and exactly 1 for an integer scalar or
 * single element (it may be a length; zero would empty tensors). A spec with a value gets that.
 *
 * Order: each input has its own sequence, so adding one does not change the others.
 * Fails: `unsupported-element-type`, one for each such input; `machine-memory-exceeded`.
 */
export function randomFeeds(
  inputs: readonly TensorSpec[],
  seed: number,
): Result<ReadonlyMap<string, TensorData>> {
  const [first, ...others] = inputs
    .filter((input) => !crossesSessions(input.elementType))
    .map((input) => unsupportedElementType(input.name, input.elementType));
  if (first !== undefined) {
    return fail([first, ...others]);
  }
  const fits = inputsFitMachine(inputs);
  if (!fits.ok) {
    return fits;
  }
  const random = seededRandom(seed);
  return ok(
    new Map(inputs.map((input, i) => [input.name, randomTensor(input, random.fork(i))] as const)),
  );
}

function randomTensor(spec: TensorSpec, random: Random): TensorData {
  const bytes = tensorBytes(spec);
  const buffer = new ArrayBuffer(bytes);
  const elements = elementsOver(spec.elementType, buffer, bytes);
  if (spec.value === undefined) {
    fill(elements, spec.elementType, random);
  } else if (elements instanceof BigInt64Array || elements instanceof BigUint64Array) {
    elements.fill(BigInt(spec.value));
  } else {
    elements.fill(spec.value);
  }
  return { elementType: spec.elementType, dims: spec.dims, bytes: new Uint8Array(buffer) };
}

function fill(elements: ElementArray, elementType: string, random: Random): void {
  if (elements instanceof BigInt64Array || elements instanceof BigUint64Array) {
    for (let i = 0; i < elements.length; i++) {
      elements[i] = BigInt(integerFor(elements.length, random));
    }
    return;
  }
  const draw = drawFor(elementType, elements.length, random);
  for (let i = 0; i < elements.length; i++) {
    elements[i] = draw();
  }
}

function drawFor(elementType: string, length: number, random: Random): () => number {
  switch (elementType) {
    case "float32":
    case "float64":
      return () => random.between(-1, 1);
    case "float16":
      return () => halfBits(random.between(-1, 1));
    default:
      return () => integerFor(length, random);
  }
}

function integerFor(length: number, random: Random): number {
  return length === 1 ? 1 : random.integer(INTEGER_BOUND);
}

/** The float16 pattern of a number in (-1, 1), cut to 11 significant bits; below 2^-14 it is zero. */
function halfBits(value: number): number {
  const sign = value < 0 ? 0x8000 : 0;
  const size = Math.abs(value);
  const exponent = Math.floor(Math.log2(size));
  if (size === 0 || exponent < -14) {
    return sign;
  }
  const fraction = Math.floor((size / 2 ** exponent - 1) * 1024);
  return size >= 1 ? sign | 0x3c00 : sign | ((exponent + 15) << 10) | fraction;
}
