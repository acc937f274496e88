/** A model as a server loads it: with the sizes that its file declares, not those of a schedule. */
import { ok, type Result } from "../../core/result.js";
import type { LoweredModel } from "../../onnx/lowered-model.js";
import type { ValueInfo } from "../../onnx/model.js";
import { normalizeModel } from "../../onnx/normalize-model.js";
import { readModel } from "../../onnx/read-model.js";
import { PayloadReader } from "../../onnx/read-payload.js";
import { StageWeights } from "../../onnx/stage-weights.js";
import { type TypedValue, writeModel } from "../../onnx/write-model.js";
import type { ExportFile } from "../export-format.js";
import type { ServedTensor } from "./tensor-config.js";

/** Name of a first dim that was fixed to one. */
const BATCH = "batch";

/**
 * Why requests for a model cannot be put together along the first dim of every input and output;
 * `undefined`: they can.
 *
 * `one` and `many` are the model lowered for one and for `batch` requests, `batch` above 1.
 */
export function whyNotBatched(
  one: LoweredModel,
  many: LoweredModel,
  batch: number,
): string | undefined {
  const { inputs, outputs } = one.model.graph;
  const odd = [...inputs, ...outputs].find(({ name }) => {
    const [first, ...rest] = one.types.get(name)?.dims ?? [];
    const [manyFirst, ...manyRest] = many.types.get(name)?.dims ?? [];
    return first !== 1 || manyFirst !== batch || rest.join() !== manyRest.join();
  });
  return odd === undefined
    ? undefined
    : `the first dim of "${odd.name}" is not the number of requests`;
}

/** An input or output of a served model: sizes that the file or the graph fix, else open. */
export function servedTensor(
  { types, openDims, boundDims }: LoweredModel,
  { name, elementType, other, dims }: ValueInfo,
): ServedTensor {
  const type = types.get(name);
  const isFixed = boundDims.length === 0 && !openDims.has(name);
  const inferred = type?.dims.map((size) => (isFixed ? size : undefined));
  const declared = dims?.map((size) => (typeof size === "number" ? size : undefined));
  const known = other === undefined ? (elementType ?? type?.elementType) : undefined;
  return { name, elementType: known, dims: declared ?? inferred };
}

/**
 * The model as `<folder>/model.onnx`, with its larger weights beside it, and inputs and outputs with the sizes of
 * `servedTensor`; batched, the first dim of every input and output is open.
 *
 * Fails: as reading and writing models do.
 */
export function servedModelFiles(
  lowered: LoweredModel,
  folder: string,
  isBatched: boolean,
): Result<readonly ExportFile[]> {
  // Branches that were decided by the sizes of the schedule are in the file alone.
  const read = readModel(lowered.model.path, lowered.model.allowExternal);
  const model = read.ok ? normalizeModel(read.value) : read;
  if (!model.ok) {
    return model;
  }
  const { name, nodes, initializers, inputs, outputs } = model.value.graph;
  const weights = new StageWeights(model.value, WEIGHTS, false);
  const payloads = new PayloadReader(model.value);
  try {
    const bytes = writeModel(
      {
        model: model.value,
        name,
        nodes,
        initializers,
        inputs: inputs.map((value) => declared(lowered, value, isBatched)),
        outputs: outputs.map((value) => declared(lowered, value, isBatched)),
        constants: new Map(),
        weights,
      },
      payloads,
    );
    return bytes.ok ? ok(modelFilesOf(bytes.value, weights, folder)) : bytes;
  } finally {
    payloads.close();
  }
}

/** The name of the weights beside a model. */
export const WEIGHTS = "model.weights";

/** A model and its weights in a folder. Requires: `weights` is for a file called `WEIGHTS`. */
export function modelFilesOf(
  bytes: Uint8Array,
  weights: StageWeights,
  folder: string,
): readonly ExportFile[] {
  const beside = {
    name: `${folder}/${WEIGHTS}`,
    write: (path: string) => weights.write(path),
  };
  return [
    { name: `${folder}/model.onnx`, content: bytes },
    ...(weights.bytes === 0 ? [] : [beside]),
  ];
}

/** A dim that has a name in the file keeps it. */
function declared(lowered: LoweredModel, value: ValueInfo, isBatched: boolean): TypedValue {
  const { name, dims: inFile } = value;
  const { elementType, dims } = servedTensor(lowered, value);
  if (elementType === undefined) {
    return { name, type: undefined };
  }
  const named = dims?.map((size, axis) => size ?? inFile?.[axis]);
  const [first, ...rest] = named ?? [];
  const open = typeof first === "number" ? BATCH : first;
  return { name, type: { elementType, dims: named && isBatched ? [open, ...rest] : named } };
}
