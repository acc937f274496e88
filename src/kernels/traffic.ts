/**
 * A stand-in for an operator that has no device code: it moves as many bytes as the operator would.
 *
 * Every word of every input is read once and every word of every output written once, by one thread
 * for each output word, so that the stand-in waits for the same tensors, and takes the time of the
 * memory traffic. The values mean nothing.
 */
import { present } from "../core/invariant.js";
import type { Operator, Tensor } from "../ir/operator-graph.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import type { DevicePlan, Place } from "./device-node.js";
import {
  add,
  binary,
  choose,
  convert,
  type Expression,
  int,
  less,
  literal,
  load,
  local,
  multiply,
  STORAGE_BYTES,
} from "./language/expression.js";
import { define, loop, perElementKernel, type Statement } from "./language/kernel.js";
import { sizeOf } from "./language/layout.js";
import { type FloatStorage, storageOf } from "./operator-call.js";

const WORD_BYTES = 4;

/** The stand-in for an operator, or `undefined` for control flow, which has none. */
export function trafficPlan(
  operator: Operator,
  { graph }: LoweredModel,
  floats: FloatStorage,
): DevicePlan | undefined {
  if (operator.form === "control") {
    return undefined;
  }
  const tensor = (id: number) => present(graph.tensors[id], "tensor");
  const wordsOf = ({ elementType, dims, bytes }: Tensor): number => {
    const storage = storageOf(elementType, floats);
    const stored = storage === undefined ? bytes : sizeOf(dims) * STORAGE_BYTES[storage];
    return Math.floor(stored / WORD_BYTES);
  };
  const sources = [...new Set(operator.inputs)].map(tensor).map((source) => ({
    place: { kind: "tensor", id: source.id } as const,
    words: wordsOf(source),
  }));
  const nodes = operator.outputs.map(tensor).flatMap((output, i) => {
    const { id } = output;
    const words = wordsOf(output);
    // Inputs are read once, for the first output.
    return words === 0 ? [] : [trafficNode({ kind: "tensor", id }, words, i === 0 ? sources : [])];
  });
  return { nodes, scratchBytes: [] };
}

function trafficNode(
  target: Place,
  words: number,
  sources: readonly { readonly place: Place; readonly words: number }[],
) {
  const read = sources.filter((source) => source.words > 0);
  const kernel = perElementKernel(
    "traffic",
    [
      { storage: "i32", access: "write" },
      ...read.map(() => ({ storage: "i32", access: "read" }) as const),
    ],
    words,
    (position) => {
      const sum = local("i32", "sum");
      const body: Statement[] = [define("sum", int(0))];
      for (const [k, source] of read.entries()) {
        const { type } = position;
        const rounds = Math.ceil(source.words / words);
        body.push(
          loop(`k${k}`, rounds, (round) => {
            const at: Expression = local(type, "at");
            const inside = less(at, literal(type, source.words));
            const word = choose(inside, load("i32", k + 1, at), int(0));
            const start = multiply(convert(type, round), literal(type, words));
            return [
              define("at", add(start, position)),
              { kind: "assign", name: "sum", value: binary("xor", sum, word) },
            ];
          }),
        );
      }
      body.push({ kind: "store", buffer: 0, index: position, value: sum });
      return body;
    },
  );
  return {
    kind: "kernel",
    kernel,
    buffers: [target, ...read.map(({ place }) => place)],
  } as const;
}
