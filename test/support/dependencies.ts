/** Which elements of an operator's result depend on which of an operand, found by changing them one by one. */
import { present } from "../../src/core/invariant.js";
import { seededRandom } from "../../src/core/random.js";
import type { Operator, Tensor, TensorId } from "../../src/ir/operator-graph.js";
import { extractSubmodel } from "../../src/onnx/extract-submodel.js";
import type { LoweredModel } from "../../src/onnx/lowered-model.js";
import { bindSession, createSession } from "../../src/runtime/onnx-runtime.js";
import { elementsOver, type TensorData } from "../../src/runtime/tensor-data.js";
import { onnxRuntime } from "./onnx-runtime.js";

/** Large ones, so that a maximum and a minimum move, and a small one, since large ones saturate others. */
const CHANGES = [0.5, -0.25, 1000, -1000];

/** By element of `tensor`: the elements of the operator's first output that change with it. */
export type Dependencies = readonly ReadonlySet<number>[];

/** The dependencies of an operator's first output on a tensor that it reads, by ONNX Runtime. */
export async function dependenciesOn(
  lowered: LoweredModel,
  operator: Operator,
  tensor: TensorId,
): Promise<Dependencies> {
  const [output] = operator.outputs;
  const part = extractSubmodel(lowered, [operator.id], [present(output, "output")]);
  if (!part.ok) {
    throw new Error(part.error[0].message);
  }
  const session = await createSession(
    onnxRuntime(),
    part.value.bytes,
    { level: "disabled" },
    "part",
  );
  if (!session.ok) {
    throw new Error(session.error[0].message);
  }
  const feeds = new Map(
    part.value.inputs.map((id) => {
      const input = present(lowered.graph.tensors[id], "input");
      return [input.name, drawn(input)] as const;
    }),
  );
  const bound = bindSession(onnxRuntime(), session.value, feeds, "part");
  const run = async (): Promise<Uint8Array> => {
    const outputs = await bound.run();
    if (!outputs.ok) {
      throw new Error(outputs.error[0].message);
    }
    return present([...outputs.value.values()][0], "output").bytes.slice();
  };
  const plain = await run();
  const { name } = present(lowered.graph.tensors[tensor], "tensor");
  const values = elementsOf(present(feeds.get(name), name));
  const width = plain.length / countOf(lowered, present(output, "output"));
  const found: Set<number>[] = [];
  for (let at = 0; at < values.length; at++) {
    const changed = new Set<number>();
    const before = present(values[at], "element");
    for (const change of CHANGES) {
      values[at] = before + change;
      (await run()).forEach((byte, place) => {
        if (byte !== plain[place]) {
          changed.add(Math.floor(place / width));
        }
      });
      values[at] = before;
    }
    found.push(changed);
  }
  await bound.release();
  return found;
}

function countOf(lowered: LoweredModel, id: TensorId): number {
  return present(lowered.graph.tensors[id], "tensor").dims.reduce((a, b) => a * b, 1);
}

/** The elements over the same memory: 32-bit numbers, or bytes of truth values. */
function elementsOf({ elementType, bytes }: TensorData): Float32Array | Int32Array | Uint8Array {
  return elementsOver(elementType, bytes.buffer as ArrayBuffer, bytes.length) as
    | Float32Array
    | Int32Array
    | Uint8Array;
}

/** Random values of both signs. */
function drawn({ id, dims, elementType }: Tensor): TensorData {
  const random = seededRandom(id + 1);
  const count = dims.reduce((a, b) => a * b, 1);
  const bytes = new Uint8Array(count * (elementType === "bool" ? 1 : 4));
  const data = { elementType, dims, bytes };
  elementsOf(data).forEach((_, at, elements) => {
    elements[at] = elementType === "bool" ? random.integer(2) : random.between(-2, 2);
  });
  return data;
}
