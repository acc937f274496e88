/**
 * The stages of a partition as models of their own, whose composition is the whole model.
 *
 * A stage model has its stage's nodes as they stand in the file (metadata, device configurations
 * and fields that this program does not know included), reads tensors from earlier stages, and
 * outputs tensors for later stages and the outputs of the model that its operators make. Constants
 * and views are repeated where they are needed, weights are not: all stages refer to one file.
 *
 * Example: conv -> relu -> fc -> softmax, cut behind relu. Stage 0 reads `image` and outputs relu's
 * output; stage 1 reads that and outputs `probabilities`. `fc.w` is in the weights file once.
 *
 * Sending tensors only to direct successors would fail for skip connections: a tensor goes straight
 * from the stage that writes it to every stage that reads it, however far that is.
 */
import { present } from "../core/invariant.js";
import { fail, ok, type Result } from "../core/result.js";
import { type OperatorId, operatorId, type Tensor, type TensorId } from "../ir/operator-graph.js";
import { extractPart } from "./extract-submodel.js";
import { boundaryElementType, boundaryNotTensor } from "./failures.js";
import { canAnchor, receivedName } from "./layout-anchor.js";
import type { LoweredModel } from "./lowered-model.js";
import { StageWeights } from "./stage-weights.js";

/** The inputs and outputs of a stage, without its model. */
export interface StageBorder {
  /** In topological order. */
  readonly operators: readonly OperatorId[];
  /** Tensors that it sends to later stages: ascending. */
  readonly sends: readonly TensorId[];
  /** Outputs of the model that it gives, by the model's names, in the model's order. */
  readonly results: readonly string[];
}

/** An input of a stage model. */
export interface StageInput {
  readonly tensor: TensorId;
  /** The input's name in the stage model: the tensor's, unless it goes through a layout anchor. */
  readonly name: string;
}

/** A stage as an ONNX model. */
export interface StageModel extends StageBorder {
  /** ONNX file; its outputs are `sends`, then `results`. */
  readonly bytes: Uint8Array;
  /** Tensors from outside, ascending: inputs of the model, or sent by earlier stages. */
  readonly inputs: readonly StageInput[];
}

/**
 * Returns the inputs and outputs of each stage, of which the results are those that its operators make.
 *
 * Requires: `stageOf[o]` in [0, stageCount) for each operator, no dependency to an earlier stage.
 * Cost: O(operators + tensors).
 */
export function stageBorders(
  lowered: LoweredModel,
  stageOf: ArrayLike<number>,
  stageCount: number,
): readonly StageBorder[] {
  const { graph, model, viewOf } = lowered;
  const borders = Array.from({ length: stageCount }, () => ({
    operators: [] as OperatorId[],
    sends: [] as TensorId[],
    results: [] as string[],
  }));
  for (let at = 0; at < graph.operators.length; at++) {
    borders[stageOf[at] ?? 0]?.operators.push(operatorId(at));
  }
  const writer = new Map<string, number>();
  for (const { id, name, producer, consumers } of graph.tensors) {
    if (producer === undefined) {
      continue;
    }
    const stage = stageOf[producer] ?? 0;
    writer.set(name, stage);
    if (consumers.some((consumer) => stageOf[consumer] !== stage)) {
      borders[stage]?.sends.push(id);
    }
  }
  for (const { name } of model.graph.outputs) {
    const stage = writer.get(viewOf.get(name) ?? name);
    if (stage !== undefined) {
      borders[stage]?.results.push(name);
    }
  }
  return borders;
}

/**
 * Checks that stages send each other only tensors, and only such as cross (absent: all do).
 *
 * Fails: `stage-boundary-not-tensor`, `stage-boundary-element-type`.
 */
export function checkSent(
  { graph, types, model }: LoweredModel,
  borders: readonly StageBorder[],
  crosses: (tensor: Tensor) => boolean = () => true,
): Result<void> {
  for (const [stage, { sends }] of borders.entries()) {
    for (const id of sends) {
      const tensor = present(graph.tensors[id], "tensor");
      const { name, elementType } = tensor;
      if (!types.has(name)) {
        return fail([boundaryNotTensor(model.path, name, stage)]);
      }
      if (!crosses(tensor)) {
        return fail([boundaryElementType(model.path, { name, elementType, stage })]);
      }
    }
  }
  return ok(undefined);
}

/** Options of writing stage models. */
export interface StageModelOptions {
  /**
   * Assigns places to the larger weights, for all stages or for each its own; the caller writes the file
   * or files.
   */
  readonly weights: StageWeights | readonly StageWeights[];
  /** Whether tensors from other stages enter through layout anchors (`layout-anchor.ts`). */
  readonly withAnchors: boolean;
  /**
   * Leaves out outputs of the model that no operator makes (constants, inputs handed through, views of
   * inputs); default: the first stage gives them.
   */
  readonly computedOnly?: boolean;
}

/**
 * Returns the stages as models; their larger weights get places in `weights`, which the caller
 * writes.
 *
 * Requires: as `stageBorders`.
 * Fails: `stage-boundary-not-tensor` for a sequence between stages, and as `extractSubmodel`.
 * Cost: linear in the nodes of the stages; no weights are read.
 */
export function stageModels(
  lowered: LoweredModel,
  stageOf: ArrayLike<number>,
  stageCount: number,
  { weights, withAnchors, computedOnly = false }: StageModelOptions,
): Result<readonly StageModel[]> {
  const models: StageModel[] = [];
  const computed = stageBorders(lowered, stageOf, stageCount);
  const checked = checkSent(lowered, computed);
  if (!checked.ok) {
    return checked;
  }
  const borders = computedOnly ? computed : withOtherOutputs(lowered, computed);
  for (const [stage, border] of borders.entries()) {
    const { operators, sends, results } = border;
    // A result that is sent as well is one output of the model, not two.
    const sent = new Set(sends.map((id) => lowered.graph.tensors[id]?.name));
    const views = results.filter((name) => !sent.has(name));
    const anchored = (id: TensorId): boolean => withAnchors && isAnchored(lowered, id);
    const own = weights instanceof StageWeights ? weights : present(weights[stage], "weights");
    const request = { operators, outputs: sends, results: views, weights: own, anchored };
    const part = extractPart(lowered, request);
    if (!part.ok) {
      return part;
    }
    const inputs = part.value.inputs.map((tensor): StageInput => {
      const { name } = present(lowered.graph.tensors[tensor], "tensor");
      return { tensor, name: anchored(tensor) ? receivedName(name) : name };
    });
    models.push({ ...border, bytes: part.value.bytes, inputs });
  }
  return ok(models);
}

/** The borders, where the first stage also gives the outputs of the model that no operator makes. */
function withOtherOutputs(
  { model, types }: LoweredModel,
  borders: readonly StageBorder[],
): readonly StageBorder[] {
  const made = new Set(borders.flatMap(({ results }) => results));
  const others = model.graph.outputs
    .map(({ name }) => name)
    .filter((name) => !made.has(name) && types.has(name));
  return borders.map((border, stage) =>
    stage === 0 ? { ...border, results: [...border.results, ...new Set(others)] } : border,
  );
}

/** Inputs of the whole model are not in blocks there either. */
function isAnchored({ graph, types }: LoweredModel, id: TensorId): boolean {
  const { name, producer } = present(graph.tensors[id], "tensor");
  return producer !== undefined && canAnchor(types.get(name));
}
