/**
 * The layers of a transformer, by the names of its operators: exporters write the path of the module that
 * an operator comes from, such as `/model/layers.3/mlp/MatMul` or `h3/Gemm`.
 */
import type { OperatorGraph } from "../../ir/operator-graph.js";

/** Layers of a model, all of one kind, numbered from 0 as they follow each other. */
export interface Layers {
  readonly count: number;
  /** By operator; `undefined`: it belongs to no layer, as embeddings do. */
  readonly layerOf: readonly (number | undefined)[];
}

/** Names of modules whose numbered children are layers. */
const LAYER_WORDS: ReadonlySet<string> = new Set([
  "h",
  "layer",
  "layers",
  "block",
  "blocks",
  "blk",
  "resblocks",
  "encoder_layer",
  "decoder_layer",
]);

const NUMBERED = /^([A-Za-z_]*?)_?(\d{1,5})$/;

/** Every layer of a transformer has one of these. */
const ATTENTION = /(^|:)(Softmax|.*Attention)$/;

/** The layers of a model, or why it has none that can be told apart. */
export function layersOf({ operators }: OperatorGraph): Layers | string {
  const places = operators.map(({ name }) => placeOf(name));
  const stacks = new Map<string, Map<number, boolean>>();
  for (const [at, { type }] of operators.entries()) {
    const place = places[at];
    if (place !== undefined) {
      const stack = stacks.get(place.stack) ?? new Map<number, boolean>();
      stacks.set(place.stack, stack);
      stack.set(place.layer, stack.get(place.layer) === true || ATTENTION.test(type));
    }
  }
  const found = [...stacks].filter(([, layers]) => isStack(layers));
  const [first, second] = found;
  if (first === undefined) {
    return "the names of its operators show no numbered layers with attention";
  }
  if (second !== undefined) {
    return `it has several stacks of layers, "${first[0]}" and "${second[0]}"`;
  }
  const [stack, layers] = first;
  const layerOf = places.map((place) => (place?.stack === stack ? place.layer : undefined));
  return { count: layers.size, layerOf };
}

/** The module that numbers layers, and the number, in the name of an operator. */
function placeOf(name: string): { readonly stack: string; readonly layer: number } | undefined {
  const parts = name.split(/[/.]/).filter((part) => part !== "");
  for (const [at, part] of parts.slice(0, -1).entries()) {
    const [, word = "", number = ""] = NUMBERED.exec(part) ?? [];
    const module = word === "" ? (parts[at - 1] ?? "") : word;
    if (number !== "" && LAYER_WORDS.has(module.toLowerCase())) {
      return { stack: [...parts.slice(0, at), word].join("/"), layer: Number(number) };
    }
  }
  return undefined;
}

/** Whether layers are numbered from 0 without a gap, and each has attention. */
function isStack(layers: ReadonlyMap<number, boolean>): boolean {
  return (
    layers.size > 1 &&
    Array.from({ length: layers.size }, (_, layer) => layers.get(layer)).every(
      (hasAttention) => hasAttention === true,
    )
  );
}
