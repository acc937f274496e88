/**
 * Sizes that depend on data, as one run of the model shows them.
 *
 * The model runs once, without optimization, as far as the values need it; their dims come out through
 * `Shape`, so that no large tensor is kept. A value of a type that is not known comes out itself.
 */
import { ok, type Result } from "../core/result.js";
import { isElementType } from "../ir/element-type.js";
import type { LoweredModel, SizeObserver, TensorType, WantedType } from "../onnx/lowered-model.js";
import { type ObservedModel, writeObservedModel } from "../onnx/observed-model.js";
import { bindSession, createSession, loadOnnxRuntime } from "./onnx-runtime.js";
import type { TensorData } from "./tensor-data.js";

/** Inputs for a run of a model. */
export type FeedsOf = (model: LoweredModel) => Result<ReadonlyMap<string, TensorData>>;

/**
 * An observer that runs models on the inputs of `feedsOf`. Without ONNX Runtime, or for a model of
 * which an input has no size, nothing is run.
 *
 * The observer fails: as `feedsOf`, writing the model, and running it do.
 */
export function sizeObserver(feedsOf: FeedsOf): SizeObserver {
  return async (model, wanted) => {
    const runtime = await loadOnnxRuntime();
    const isBound = model.model.graph.inputs.every(({ name }) => model.types.has(name));
    if (!runtime.ok || !isBound) {
      return ok(undefined);
    }
    const feeds = feedsOf(model);
    if (!feeds.ok) {
      return feeds;
    }
    const known = wanted.filter(({ elementType }) => elementType !== undefined);
    const other = wanted.filter(({ elementType }) => elementType === undefined);
    const written = writeObservedModel(model, namesOf(known), namesOf(other));
    if (!written.ok) {
      return written;
    }
    const { path } = model.model;
    const { bytes } = written.value;
    const session = await createSession(runtime.value, bytes, { level: "disabled" }, path);
    if (!session.ok) {
      return session;
    }
    const bound = bindSession(runtime.value, session.value, feeds.value, path);
    const ran = await bound.run();
    const types = ran.ok ? ok(typesIn(written.value, known, ran.value)) : ran;
    await bound.release();
    return types;
  };
}

function namesOf(values: readonly WantedType[]): readonly string[] {
  return values.map(({ name }) => name);
}

function typesIn(
  { values }: ObservedModel,
  known: readonly WantedType[],
  outputs: ReadonlyMap<string, TensorData>,
): ReadonlyMap<string, TensorType> {
  const types = new Map<string, TensorType>();
  for (const [at, { name, dims }] of values.entries()) {
    const elementType = known[at]?.elementType;
    const data = outputs.get(dims);
    if (elementType !== undefined && data !== undefined) {
      types.set(name, { elementType, dims: integersOf(data) });
    }
  }
  const asked = new Set(values.map(({ dims }) => dims));
  for (const [name, { elementType, dims }] of outputs) {
    if (!asked.has(name) && isElementType(elementType)) {
      types.set(name, { elementType, dims: [...dims] });
    }
  }
  return types;
}

/** Elements of a tensor of int64. */
function integersOf({ bytes }: TensorData): readonly number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / 8 }, (_, i) => Number(view.getBigInt64(8 * i, true)));
}
