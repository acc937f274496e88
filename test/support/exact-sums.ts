import { present } from "../../src/core/invariant.js";
import type { OnnxNode } from "../../src/onnx/model.js";
import type { Tensor } from "./number-tensors.js";

/** Matrix product over the last two dims; batch dims are repeated, equal or 1. */
export function matrixProduct(a: Tensor, b: Tensor): Tensor {
  const [rows, terms] = a.dims.slice(-2) as [number, number];
  const columns = present(b.dims.at(-1), "columns");
  const batch = batchOf(a.dims.slice(0, -2), b.dims.slice(0, -2));
  const values: number[] = [];
  for (const [left, right] of batch.pairs) {
    for (let i = 0; i < rows * columns; i++) {
      const [row, column] = [Math.floor(i / columns), i % columns];
      let sum = 0;
      for (let k = 0; k < terms; k++) {
        const x = present(a.values[(left * rows + row) * terms + k], "element");
        sum += x * present(b.values[(right * terms + k) * columns + column], "element");
      }
      values.push(sum);
    }
  }
  return { dims: [...batch.dims, rows, columns], values };
}

/** The dims of a batch, and which matrices of both sides meet in each place of it. */
function batchOf(a: readonly number[], b: readonly number[]) {
  const rank = Math.max(a.length, b.length);
  const size = (dims: readonly number[], i: number): number => dims[i - rank + dims.length] ?? 1;
  const dims = Array.from({ length: rank }, (_, i) => Math.max(size(a, i), size(b, i)));
  let pairs: (readonly [number, number])[] = [[0, 0]];
  dims.forEach((own, i) => {
    const step = (dim: number, base: number, at: number) => base * dim + (dim === 1 ? 0 : at);
    pairs = pairs.flatMap(([left, right]) =>
      Array.from(
        { length: own },
        (_, at) => [step(size(a, i), left, at), step(size(b, i), right, at)] as const,
      ),
    );
  });
  return { dims, pairs };
}

/** The convolution of a node, `x` by `w`, without bias: groups, pads, strides, dilations, `auto_pad`. */
export function convolve(node: OnnxNode, x: Tensor, w: Tensor): Tensor {
  const [batch, channels, ...sizes] = x.dims as [number, number, ...number[]];
  const [filters, depth, ...window] = w.dims as [number, number, ...number[]];
  const { pads, strides, dilations, group } = geometryOf(node, sizes, window);
  const outSizes = sizes.map((size, i) => {
    const reach = (at(window, i) - 1) * at(dilations, i) + 1;
    const padded = size + at(pads, i) + at(pads, i + sizes.length);
    return Math.floor((padded - reach) / at(strides, i)) + 1;
  });
  const values: number[] = [];
  for (let n = 0; n < batch; n++) {
    for (let f = 0; f < filters; f++) {
      const firstChannel = Math.floor(f / (filters / group)) * depth;
      for (const place of placesOf(outSizes)) {
        let sum = 0;
        for (let c = 0; c < depth; c++) {
          for (const tap of placesOf(window)) {
            const source = place.map(
              (p, i) => p * at(strides, i) + at(tap, i) * at(dilations, i) - at(pads, i),
            );
            if (source.every((s, i) => s >= 0 && s < at(sizes, i))) {
              const from = (n * channels + firstChannel + c) * count(sizes) + flat(source, sizes);
              sum +=
                at(x.values, from) *
                at(w.values, (f * depth + c) * count(window) + flat(tap, window));
            }
          }
        }
        values.push(sum);
      }
    }
  }
  return { dims: [batch, filters, ...outSizes], values };
}

const at = (values: readonly number[], i: number): number => present(values[i], `number ${i}`);
const count = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);
const flat = (place: readonly number[], sizes: readonly number[]): number =>
  place.reduce((sum, p, i) => sum * at(sizes, i) + p, 0);

/** All places of a grid, row-major. */
function placesOf(sizes: readonly number[]): readonly (readonly number[])[] {
  return sizes.reduce<readonly (readonly number[])[]>(
    (all, size) => all.flatMap((place) => Array.from({ length: size }, (_, p) => [...place, p])),
    [[]],
  );
}

function geometryOf(node: OnnxNode, sizes: readonly number[], window: readonly number[]) {
  const list = (name: string, usual: readonly number[]): readonly number[] => {
    const value = node.attributes.get(name);
    return value?.kind === "ints" ? value.value : usual;
  };
  const ones = sizes.map(() => 1);
  const [strides, dilations] = [list("strides", ones), list("dilations", ones)];
  const groups = node.attributes.get("group");
  const mode = node.attributes.get("auto_pad");
  const none = [...sizes, ...sizes].map(() => 0);
  const isSame = mode?.kind === "string" && mode.value.startsWith("SAME");
  return {
    strides,
    dilations,
    group: groups?.kind === "int" ? groups.value : 1,
    pads: isSame ? samePads() : list("pads", none),
  };

  function samePads(): readonly number[] {
    const totals = sizes.map((size, i) => {
      const out = Math.ceil(size / at(strides, i));
      const reach = (at(window, i) - 1) * at(dilations, i) + 1;
      return Math.max(0, (out - 1) * at(strides, i) + reach - size);
    });
    const isUpper = mode?.kind === "string" && mode.value === "SAME_UPPER";
    const before = totals.map((total) => (isUpper ? Math.floor(total / 2) : Math.ceil(total / 2)));
    return [...before, ...totals.map((total, i) => total - at(before, i))];
  }
}
