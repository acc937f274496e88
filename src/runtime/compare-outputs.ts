import { halfValue } from "../core/half.js";
import type { ElementType } from "../ir/element-type.js";
import { elementsOver, type TensorData } from "./tensor-data.js";

/** The difference between one output and its reference. */
export interface OutputDifference {
  readonly name: string;
  /** Same element type, size and bytes. */
  readonly identical: boolean;
  /** Elements whose value differs; two NaN are the same value, +0 and -0 too. */
  readonly differing: number;
  /** Largest |a - b|; `Infinity` when one side is NaN, infinite or missing and the other is not. */
  readonly maxAbsolute: number;
  /** Largest |a - b| / max(|a|, |b|); 0 where both are 0. */
  readonly maxRelative: number;
}

/** The comparison of two runs of a model. */
export interface OutputComparison {
  readonly identical: boolean;
  readonly maxAbsolute: number;
  readonly maxRelative: number;
  /** One for each output of either side, those of the reference first. */
  readonly outputs: readonly OutputDifference[];
}

/**
 * Compares the outputs of a run with those of the reference, by name. Dims may differ as long as
 * the number of elements is the same, since a view has its own dims.
 */
export function compareOutputs(
  reference: ReadonlyMap<string, TensorData>,
  actual: ReadonlyMap<string, TensorData>,
): OutputComparison {
  const names = new Set([...reference.keys(), ...actual.keys()]);
  const outputs = [...names].map((name) =>
    compareTensor(name, reference.get(name), actual.get(name)),
  );
  return {
    identical: outputs.every((output) => output.identical),
    maxAbsolute: Math.max(0, ...outputs.map((output) => output.maxAbsolute)),
    maxRelative: Math.max(0, ...outputs.map((output) => output.maxRelative)),
    outputs,
  };
}

function compareTensor(
  name: string,
  a: TensorData | undefined,
  b: TensorData | undefined,
): OutputDifference {
  if (
    a === undefined ||
    b === undefined ||
    a.elementType !== b.elementType ||
    a.bytes.length !== b.bytes.length
  ) {
    return {
      name,
      identical: false,
      differing: Math.max(a?.bytes.length ?? 0, b?.bytes.length ?? 0),
      maxAbsolute: Number.POSITIVE_INFINITY,
      maxRelative: Number.POSITIVE_INFINITY,
    };
  }
  if (sameBytes(a.bytes, b.bytes)) {
    return { name, identical: true, differing: 0, maxAbsolute: 0, maxRelative: 0 };
  }
  return { name, identical: false, ...compareElements(numbersOf(a), numbersOf(b)) };
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

function compareElements(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
): Pick<OutputDifference, "differing" | "maxAbsolute" | "maxRelative"> {
  let differing = 0;
  let maxAbsolute = 0;
  let maxRelative = 0;
  for (let i = 0; i < a.length; i++) {
    const left = a[i] ?? 0;
    const right = b[i] ?? 0;
    if (left === right || (Number.isNaN(left) && Number.isNaN(right))) {
      continue;
    }
    differing++;
    const gap = Math.abs(left - right);
    const absolute = Number.isNaN(gap) ? Number.POSITIVE_INFINITY : gap;
    const scale = Math.max(Math.abs(left), Math.abs(right));
    maxAbsolute = Math.max(maxAbsolute, absolute);
    maxRelative = Math.max(maxRelative, Number.isFinite(absolute) ? absolute / scale : absolute);
  }
  return { differing, maxAbsolute, maxRelative };
}

/** The elements as numbers; integers beyond 2^53 are rounded. */
export function numbersOf(data: TensorData): ArrayLike<number> {
  const buffer = Uint8Array.from(data.bytes).buffer;
  const elements = elementsOver(data.elementType, buffer, buffer.byteLength);
  if (elements instanceof BigInt64Array || elements instanceof BigUint64Array) {
    return Float64Array.from(elements as BigInt64Array, Number);
  }
  return isHalf(data.elementType, elements) ? Float64Array.from(elements, halfValue) : elements;
}

function isHalf(
  elementType: ElementType,
  elements: ArrayLike<number>,
): elements is Uint16Array<ArrayBuffer> {
  return elementType === "float16" && elements instanceof Uint16Array;
}
