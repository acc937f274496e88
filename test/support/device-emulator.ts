/** Runs device nodes on the CPU, in memory that starts as NaN, as the GPU's does. */
import { present } from "../../src/core/invariant.js";
import type { DeviceNode, MatrixOperand, Place } from "../../src/kernels/device-node.js";
import { STORAGE_BYTES, type StorageType } from "../../src/kernels/language/expression.js";
import { type Elements, elementsAt } from "./device-memory.js";
import { runKernel } from "./kernel-interpreter.js";

/** The memory at a place. */
export type MemoryOf = (place: Place) => ArrayBuffer;

/** Memory of `bytes` that was never written. */
export function poisoned(bytes: number): ArrayBuffer {
  return new Uint8Array(bytes).fill(0xff).buffer;
}

/** Runs one node. */
export function runNode(node: DeviceNode, memoryOf: MemoryOf): void {
  const view = (place: Place, storage: StorageType): Elements => {
    const memory = memoryOf(place);
    const start = place.offset ?? 0;
    const count = Math.floor((memory.byteLength - start) / STORAGE_BYTES[storage]);
    return elementsAt(storage, memory, start, count);
  };
  switch (node.kind) {
    case "kernel":
      runKernel(
        node.kernel,
        node.buffers.map((place, i) =>
          view(place, present(node.kernel.buffers[i], "buffer").storage),
        ),
      );
      return;
    case "gemm":
      runGemm(node, view);
      return;
    case "conv":
      // As where a graph is refused: the call, then the kernel behind it.
      convolve({
        ...node,
        x: { elements: view(node.x.place, node.type), dims: node.x.dims },
        w: { elements: view(node.w.place, node.type), dims: node.w.dims },
        y: { ...node.y, elements: view(node.y.place, node.type) },
        bias: node.bias && view(node.bias, node.type),
        residual: node.residual && view(node.residual, node.type),
        relu: node.relu === true,
        isChannelsLast: node.isChannelsLast === true,
      });
      if (node.behind !== undefined) {
        runNode({ kind: "kernel", ...node.behind }, memoryOf);
      }
      return;
  }
}

type View = (place: Place, storage: StorageType) => Elements;

function runGemm(node: Extract<DeviceNode, { kind: "gemm" }>, view: View): void {
  const [a, b, c] = [node.a, node.b, node.c].map((each) => view(each.place, node.type)) as [
    Elements,
    Elements,
    Elements,
  ];
  for (let batch = 0; batch < node.batch; batch++) {
    for (let row = 0; row < node.m; row++) {
      for (let column = 0; column < node.n; column++) {
        let sum = 0;
        for (let i = 0; i < node.k; i++) {
          sum += a.get(at(node.a, batch, row, i)) * b.get(at(node.b, batch, i, column));
        }
        const target = at(node.c, batch, row, column);
        const old = node.beta === 0 ? 0 : node.beta * c.get(target);
        c.set(target, node.alpha * sum + old);
        if (node.epilogue !== undefined) {
          const { bias, residual, activation } = node.epilogue;
          finish(c, target, {
            bias: bias && view(bias, node.type).get(column),
            residual: residual && view(residual, node.type).get(target),
            activation,
          });
        }
      }
    }
  }
}

function at(matrix: MatrixOperand, batch: number, row: number, column: number): number {
  const [outer, inner] = matrix.isTransposed ? [column, row] : [row, column];
  return batch * matrix.batchStride + outer * matrix.rowStride + inner;
}

/** What a library does to a result: bias, then addition, then activation. */
export interface Finish {
  readonly bias: number | undefined;
  readonly residual: number | undefined;
  readonly activation: "relu" | "gelu" | undefined;
}

/** Finishes a stored result, rounded after each step as operators of their own would be. */
export function finish(
  elements: Elements,
  at: number,
  { bias, residual, activation }: Finish,
): void {
  for (const added of [bias, residual]) {
    if (added !== undefined) {
      elements.set(at, elements.get(at) + added);
    }
  }
  const value = elements.get(at);
  if (activation === "relu") {
    elements.set(at, Math.max(0, value));
  } else if (activation === "gelu") {
    const inner = Math.sqrt(2 / Math.PI) * (value + 0.044715 * value ** 3);
    elements.set(at, (value / 2) * (1 + Math.tanh(inner)));
  }
}

/** What a convolution is given, on either side of the protocol. */
export interface ConvCall {
  readonly x: { readonly elements: Elements; readonly dims: readonly number[] };
  readonly w: { readonly elements: Elements; readonly dims: readonly number[] };
  readonly y: {
    readonly elements: Elements;
    readonly dims: readonly number[];
    readonly channels?: number | undefined;
  };
  readonly bias: Elements | undefined;
  readonly residual: Elements | undefined;
  readonly relu: boolean;
  readonly pads: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly groups: number;
  readonly isChannelsLast: boolean;
}

/** Convolves; two spatial dims are three, the first of size 1. */
export function convolve({
  x,
  w,
  y,
  bias,
  residual,
  relu,
  groups,
  isChannelsLast,
  ...window
}: ConvCall): void {
  const flat = isChannelsLast ? channelsLastPlace : rowPlace;
  const [batch, channels, ...size] = five(x.dims);
  const [filters, depth, ...kernel] = five(w.dims);
  const [, , ...out] = five(y.dims);
  const [pads, strides, dilations] = [
    three(window.pads, 0),
    three(window.strides, 1),
    three(window.dilations, 1),
  ];
  const perGroup = filters / groups;
  for (let n = 0; n < batch; n++) {
    for (let f = 0; f < filters; f++) {
      const first = Math.floor(f / perGroup) * depth;
      for (const at of places(out)) {
        let sum = 0;
        for (const step of places(kernel)) {
          const from = at.map((o, i) => o * strides[i]! - pads[i]! + step[i]! * dilations[i]!);
          if (from.some((place, i) => place < 0 || place >= size[i]!)) {
            continue;
          }
          for (let c = 0; c < depth; c++) {
            sum +=
              x.elements.get(flat([n, first + c, ...from], [batch, channels, ...size])) *
              w.elements.get(flat([f, c, ...step], [filters, depth, ...kernel]));
          }
        }
        const target = flat([n, f, ...at], [batch, y.channels ?? filters, ...out]);
        y.elements.set(target, sum + (bias?.get(f) ?? 0));
        finish(y.elements, target, {
          bias: undefined,
          residual: residual?.get(flat([n, f, ...at], [batch, filters, ...out])),
          activation: relu ? "relu" : undefined,
        });
      }
    }
  }
}

function rowPlace(at: readonly number[], dims: readonly number[]): number {
  return at.reduce((position, coordinate, i) => position * dims[i]! + coordinate, 0);
}

function channelsLastPlace(at: readonly number[], dims: readonly number[]): number {
  const turned = ([n, c, ...places]: readonly number[]) => [n!, ...places, c!];
  return rowPlace(turned(at), turned(dims));
}

function* places(dims: readonly number[]): Generator<readonly number[]> {
  const count = dims.reduce((product, size) => product * size, 1);
  for (let position = 0; position < count; position++) {
    let rest = position;
    const at = dims.map(() => 0);
    for (let i = dims.length - 1; i >= 0; i--) {
      at[i] = rest % dims[i]!;
      rest = Math.floor(rest / dims[i]!);
    }
    yield at;
  }
}

function five(dims: readonly number[]): readonly [number, number, number, number, number] {
  const [a = 0, b = 0, ...spatial] = dims;
  const [depth = 1, height = 1, width = 1] = three(spatial, 1);
  return [a, b, depth, height, width];
}

function three(values: readonly number[], first: number): readonly number[] {
  if (values.length !== 2 && values.length !== 3) {
    throw new Error(`conv of ${values.length} spatial dims`);
  }
  return values.length === 2 ? [first, ...values] : values;
}
