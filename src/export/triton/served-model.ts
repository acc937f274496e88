/** A model as a server loads it: with the sizes that its file declares, not those of a schedule. */
import { ok, type Result } from "../../core/result.js";
import type { LoweredModel } from "../../onnx/lowered-model.js";
import type { OnnxGraph, OnnxModel, ValueInfo } from "../../onnx/model.js";
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

/** Inputs and outputs of a served model: sizes that the file or the graph fix, else open. */
export function servedTensors(
  lowered: LoweredModel,
  values: readonly ValueInfo[],
): readonly ServedTensor[] {
  const { types, openDims, boundDims } = lowered;
  return values.map(({ name, elementType, dims }) => {
    const type = types.get(name);
    const isFixed = boundDims.length === 0 && !openDims.has(name);
    const inferred = type?.dims.map((size) => (isFixed ? size : undefined));
    const declared = dims?.map((size) => (typeof size === "number" ? size : undefined));
    return { name, elementType: elementType ?? type?.elementType, dims: declared ?? inferred };
  });
}

/**
 * The model as `<folder>/model.onnx`, with its larger weights beside it; batched, the first dim of every input
 * and output is open.
 *
 * Fails: as reading and writing models do.
 */
export function servedModelFiles(
  { path, allowExternal }: Pick<OnnxModel, "path" | "allowExternal">,
  folder: string,
  isBatched: boolean,
): Result<readonly ExportFile[]> {
  const read = readModel(path, allowExternal);
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
        inputs: inputs.map((value) => declared(value, isBatched ? openFirst : asItIs)),
        outputs: outputs.map((value) => declared(value, isBatched ? inferred : asItIs)),
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

type Dims = OnnxGraph["inputs"][number]["dims"];

function declared(
  { name, elementType, dims }: ValueInfo,
  change: (dims: Dims) => Dims,
): TypedValue {
  return {
    name,
    type: elementType === undefined ? undefined : { elementType, dims: change(dims) },
  };
}

function asItIs(dims: Dims): Dims {
  return dims;
}

function openFirst(dims: Dims): Dims {
  const [first, ...rest] = dims ?? [];
  return dims === undefined ? undefined : [typeof first === "number" ? BATCH : first, ...rest];
}

/** An output that is declared of one request is inferred instead. */
function inferred(dims: Dims): Dims {
  return typeof dims?.[0] === "number" ? undefined : dims;
}
