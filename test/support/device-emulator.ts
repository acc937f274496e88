/** Runs device nodes on the CPU, in memory that starts as NaN, as the GPU's does. */
import { present } from "../../src/core/invariant.js";
import type {
  DeviceNode,
  MatrixOperand,
  Place,
} from "../../src/runtime/cuda/codegen/device-node.js";
import { STORAGE_BYTES, type StorageType } from "../../src/runtime/cuda/codegen/expression.js";
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
    return elementsAt(storage, memory, 0, Math.floor(memory.byteLength / STORAGE_BYTES[storage]));
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
      runConv(node, view);
      return;
    case "copy": {
      const from = new Uint8Array(memoryOf(node.from), 0, node.bytes);
      new Uint8Array(memoryOf(node.to), 0, node.bytes).set(from);
    }
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
      }
    }
  }
}

function at(matrix: MatrixOperand, batch: number, row: number, column: number): number {
  const [outer, inner] = matrix.isTransposed ? [column, row] : [row, column];
  return batch * matrix.batchStride + outer * matrix.rowStride + inner;
}

function runConv(node: Extract<DeviceNode, { kind: "conv" }>, view: View): void {
  const [x, w, y] = [node.x, node.w, node.y].map((each) => view(each.place, node.type)) as [
    Elements,
    Elements,
    Elements,
  ];
  const bias = node.bias && view(node.bias, node.type);
  const [batch, channels, height, width] = four(node.x.dims);
  const [filters, depth, kernelHeight, kernelWidth] = four(node.w.dims);
  const [, , outHeight, outWidth] = four(node.y.dims);
  const perGroup = filters / node.groups;
  for (let n = 0; n < batch; n++) {
    for (let f = 0; f < filters; f++) {
      const first = Math.floor(f / perGroup) * depth;
      for (let oy = 0; oy < outHeight; oy++) {
        for (let ox = 0; ox < outWidth; ox++) {
          let sum = 0;
          for (let c = 0; c < depth; c++) {
            for (let ky = 0; ky < kernelHeight; ky++) {
              const iy = oy * node.strides[0] - node.pads[0] + ky * node.dilations[0];
              for (let kx = 0; kx < kernelWidth; kx++) {
                const ix = ox * node.strides[1] - node.pads[1] + kx * node.dilations[1];
                if (iy >= 0 && iy < height && ix >= 0 && ix < width) {
                  sum +=
                    x.get(((n * channels + first + c) * height + iy) * width + ix) *
                    w.get(((f * depth + c) * kernelHeight + ky) * kernelWidth + kx);
                }
              }
            }
          }
          const target = ((n * filters + f) * outHeight + oy) * outWidth + ox;
          y.set(target, sum + (bias?.get(f) ?? 0));
        }
      }
    }
  }
}

function four(dims: readonly number[]): readonly [number, number, number, number] {
  if (dims.length !== 4) {
    throw new Error(`conv of rank ${dims.length}`);
  }
  return dims as unknown as readonly [number, number, number, number];
}
