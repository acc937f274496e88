import { halfBits } from "../core/half.js";
import { type Random, seededRandom } from "../core/random.js";
import { fail, ok, type Result } from "../core/result.js";
import type { ElementType } from "../ir/element-type.js";
import type { Draw } from "../onnx/inputs/draw.js";
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

/** Integers that nothing is known of are drawn below this: valid as indices, classes and lengths alike. */
const INTEGER_BOUND = 2;

const NONE: ReadonlyMap<string, TensorData> = new Map();

/**
 * Inputs for a model, those of `given` as they are, all others from the seed: the same for the same seed: as their specs say how they are drawn, else floats in
 * [-1, 1), integers and booleans 0 or 1 (they may be indices into tables of unknown size), and exactly 1
 * for an integer scalar or single element (it may be a length; zero would empty tensors).
 *
 * Order: each input has its own sequence, so adding one does not change the others.
 * Fails: `unsupported-element-type`, one for each such input; `machine-memory-exceeded`.
 */
export function randomFeeds(
  inputs: readonly TensorSpec[],
  seed: number,
  given: ReadonlyMap<string, TensorData> = NONE,
): Result<ReadonlyMap<string, TensorData>> {
  const made = inputs.filter(({ name }) => !given.has(name));
  const [first, ...others] = made
    .filter((input) => !crossesSessions(input.elementType))
    .map((input) => unsupportedElementType(input.name, input.elementType));
  if (first !== undefined) {
    return fail([first, ...others]);
  }
  const fits = inputsFitMachine(made);
  if (!fits.ok) {
    return fits;
  }
  const random = seededRandom(seed);
  return ok(
    new Map(
      inputs.map(
        (input, i) =>
          [input.name, given.get(input.name) ?? randomTensor(input, random.fork(i))] as const,
      ),
    ),
  );
}

function randomTensor(spec: TensorSpec, random: Random): TensorData {
  const { elementType, dims, draw } = spec;
  const bytes = tensorBytes(spec);
  const buffer = new ArrayBuffer(bytes);
  const elements = elementsOver(elementType, buffer, bytes);
  if (draw === undefined) {
    fill(elements, elementType, usual(elementType, elements.length, random));
  } else {
    fill(elements, elementType, drawn(draw, dims, random));
  }
  return { elementType, dims, bytes: new Uint8Array(buffer) };
}

/** Sets every element to the number that its position has. */
function fill(
  elements: ElementArray,
  elementType: ElementType,
  numberAt: (at: number) => number,
): void {
  if (elements instanceof BigInt64Array || elements instanceof BigUint64Array) {
    for (let i = 0; i < elements.length; i++) {
      elements[i] = BigInt(Math.trunc(numberAt(i)));
    }
    return;
  }
  const isHalf = elementType === "float16";
  for (let i = 0; i < elements.length; i++) {
    const number = numberAt(i);
    elements[i] = isHalf ? halfBits(number) : number;
  }
}

/** Numbers by the element type alone. */
function usual(elementType: ElementType, length: number, random: Random): (at: number) => number {
  if (elementType.startsWith("float")) {
    return () => random.between(-1, 1);
  }
  return length === 1 ? () => 1 : () => random.integer(INTEGER_BOUND);
}

function drawn(draw: Draw, dims: readonly number[], random: Random): (at: number) => number {
  switch (draw.kind) {
    case "all":
      return () => draw.value;
    case "list":
      return (at) => draw.values[at] ?? 0;
    case "between":
      return () => draw.low + random.integer(draw.high - draw.low + 1);
    case "increasing": {
      const row = dims.at(-1) ?? 1;
      return (at) => Math.min(draw.high, draw.from + (at % row));
    }
  }
}
