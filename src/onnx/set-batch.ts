/**
 * Rewrites a model for a batch of B inputs.
 *
 * ONNX has no notion of a batch: by custom it is the first dim of every input. Where that dim is
 * dynamic it gets size B like any other dynamic dim. Where the export fixed it to 1, the sizes in
 * the file are replaced and shapes inferred again; that is valid only if the graph treats the
 * samples of a batch alike, which a Reshape to fixed sizes, for example, does not. So the result is
 * checked: every tensor must be B times as large as for one sample, or as large (if it does not
 * depend on the inputs), and every output B times.
 *
 * Example: an input of 1x3x224x224 and Gemm at the end give outputs of 8x1000 for B = 8. A Reshape
 * to 1x-1 in between would give 1x16384 before the Gemm: refused, since it does not fit.
 */
import { productOf } from "../core/product.js";
import { fail, ok, type Result } from "../core/result.js";
import { batchImpossible, dimConflict } from "./lower-failures.js";
import type { LoweredModel } from "./lowered-model.js";
import type { OnnxGraph, OnnxModel, ValueInfo } from "./model.js";

/** A model to lower for a batch. */
export interface BatchedModel {
  readonly model: OnnxModel;
  /** Sizes of dynamic dims, those of the batch included. */
  readonly dims: ReadonlyMap<string, number>;
  /** Whether sizes fixed by the file were replaced: the result then needs `checkBatch`. */
  readonly isRewritten: boolean;
}

/** Names of first dims that are not the batch. */
const NOT_A_BATCH = /past|seq|len|time|token|text|ctx|context|frames|height|width|channel/i;

/**
 * Returns the model with the first dim of every input set to `batch`; inputs without dims stay as
 * they are.
 *
 * Requires: `batch` is at least 1.
 * Fails: `batch-impossible` for an input whose first dim is fixed to another size than 1, fixed at
 * all while `mayRewrite` is false, or named as another dim; `dim-conflict`.
 */
export function setBatch(
  model: OnnxModel,
  batch: number,
  given: ReadonlyMap<string, number>,
  mayRewrite: boolean,
): Result<BatchedModel> {
  const dims = new Map(given);
  const fixed = new Set<string>();
  let batched = 0;
  for (const input of model.graph.inputs) {
    const name = nameOfBatch(input);
    if (name === undefined) {
      continue;
    }
    const [first] = input.dims ?? [];
    if (typeof first === "string" && NOT_A_BATCH.test(first) && !/batch/i.test(first)) {
      const reason = `the first dim of input "${input.name}" is called "${first}"`;
      return fail([batchImpossible(model.path, batch, reason)]);
    }
    batched++;
    if (typeof first === "number") {
      const isUsable = first === batch || (first === 1 && mayRewrite);
      if (!isUsable) {
        const reason = `the first dim of input "${input.name}" is fixed to ${first}`;
        return fail([batchImpossible(model.path, batch, reason)]);
      }
      if (first !== batch) {
        fixed.add(input.name);
      }
      continue;
    }
    const earlier = dims.get(name);
    if (earlier !== undefined && earlier !== batch) {
      return fail([dimConflict(model.path, name, [earlier, batch])]);
    }
    dims.set(name, batch);
  }
  if (batched === 0) {
    return fail([batchImpossible(model.path, batch, "no input has a first dim")]);
  }
  const isRewritten = fixed.size > 0;
  const graph = isRewritten ? rewritten(model.graph, fixed, batch) : model.graph;
  return ok({ model: { ...model, graph }, dims, isRewritten });
}

/** The name of an input's first dim for `--dim`; `undefined` when there is none to set. */
function nameOfBatch({ name, dims }: ValueInfo): string | undefined {
  const first = dims?.[0];
  if (dims === undefined || dims.length === 0) {
    return undefined;
  }
  if (typeof first === "string") {
    // A size that is computed from other names follows from them.
    return /^[\w.]+$/.test(first) ? first : undefined;
  }
  return `${name}[0]`;
}

/** Declared types of other tensors have the old size: they are inferred instead. */
function rewritten(graph: OnnxGraph, fixed: ReadonlySet<string>, batch: number): OnnxGraph {
  return {
    ...graph,
    inputs: graph.inputs.map((input) =>
      fixed.has(input.name) ? { ...input, dims: [batch, ...(input.dims ?? []).slice(1)] } : input,
    ),
    outputs: graph.outputs.map((output) => ({ ...output, dims: undefined })),
    valueInfo: [],
  };
}

/**
 * Checks that a model lowered for a batch does the work of `batch` samples side by side, compared
 * with the same model lowered for one.
 *
 * Fails: `batch-impossible` with the first tensor that has another size.
 */
export function checkBatch(one: LoweredModel, many: LoweredModel, batch: number): Result<void> {
  const path = many.model.path;
  const sizes = new Map(one.graph.tensors.map(({ name, dims }) => [name, productOf(dims)]));
  const outputs = new Set<number>(many.graph.outputs);
  for (const { id, name, dims } of many.graph.tensors) {
    const before = sizes.get(name);
    const now = productOf(dims);
    const isRight =
      before !== undefined && (now === before * batch || (now === before && !outputs.has(id)));
    if (!isRight) {
      const reason = `tensor "${name}" then has ${now} elements instead of ${(before ?? 0) * batch}`;
      return fail([batchImpossible(path, batch, reason)]);
    }
  }
  return ok(undefined);
}
