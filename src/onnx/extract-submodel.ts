/**
 * Parts of a model as models of their own.
 *
 * A part is a set of operators. Only outputs of operators cross between parts; everything that
 * costs nothing is repeated in every part that needs it: weights, nodes that compute weights from
 * constants, and views. Values known at compile time (shape arithmetic) are written as constants,
 * so that a part never needs a tensor merely for its shape.
 *
 * Example: conv -> reshape -> matmul, cut behind conv. The second part has the input "conv's
 * output", the reshape, its target shape as a constant, and the matmul.
 */
import { invariant, present } from "../core/invariant.js";
import { ok, type Result } from "../core/result.js";
import type { OperatorId, TensorId } from "../ir/operator-graph.js";
import { type GraphParts, raiseSignedOperands } from "./exact-products.js";
import { layoutAnchor, receivedName } from "./layout-anchor.js";
import type { ConstantValue, LoweredModel } from "./lowered-model.js";
import type { OnnxNode, OnnxTensor, ValueInfo } from "./model.js";
import { readsOf } from "./normalize-model.js";
import { declaredValue, givenValue, receivedValue } from "./pinned-sizes.js";
import { PayloadReader } from "./read-payload.js";
import type { StageWeights } from "./stage-weights.js";
import { type ModelParts, type TypedValue, writeModel } from "./write-model.js";

/** A runnable part of a model. */
export interface Submodel {
  /** ONNX file, weights inline unless a place was given for them. */
  readonly bytes: Uint8Array;
  /** Tensors it reads from outside: ascending. Its inputs have their names, in this order. */
  readonly inputs: readonly TensorId[];
  /** The requested tensors. Its outputs have their names, in this order. */
  readonly outputs: readonly TensorId[];
}

/** The operators and outputs of a part. */
export interface PartRequest {
  readonly operators: readonly OperatorId[];
  /** Output tensors. Each is written by one of `operators`. */
  readonly outputs: readonly TensorId[];
  /** Outputs of the model that follow them, by name: views of tensors that its operators write. */
  readonly results?: readonly string[];
  /** The file of larger weights; absent: all are inline. */
  readonly weights?: StageWeights;
  /** Tensors that enter through a layout anchor: see `layout-anchor.ts`. */
  readonly anchored?: (tensor: TensorId) => boolean;
}

/**
 * Returns the part of `lowered` that runs `operators` and outputs `keepOutputs`.
 *
 * Requires: each of `keepOutputs` is written by one of `operators`.
 * Fails: `weights-missing`, `model-too-large`.
 * Cost: linear in the nodes and weights of the part.
 */
export function extractSubmodel(
  lowered: LoweredModel,
  operators: readonly OperatorId[],
  keepOutputs: readonly TensorId[],
): Result<Submodel> {
  return extractPart(lowered, { operators, outputs: keepOutputs });
}

/** As `extractSubmodel`, with outputs of the model by name, and weights outside the file. */
export function extractPart(lowered: LoweredModel, request: PartRequest): Result<Submodel> {
  const { operators, outputs, results = [], weights, anchored = () => false } = request;
  const part = new PartBuilder(lowered, indexOf(lowered), weights !== undefined);
  for (const id of operators) {
    part.addOperator(present(lowered.graph.operators[id], "operator").node);
  }
  part.addResults(results);
  const inputs = part.close();
  const name = (id: TensorId): string => present(lowered.graph.tensors[id], "tensor").name;
  const anchors = inputs.filter(anchored).map(name);
  const parts = part.parts(inputs.map(name), [...outputs.map(name), ...results], anchors);
  const payloads = new PayloadReader(lowered.model);
  try {
    const bytes = writeModel(weights === undefined ? parts : { ...parts, weights }, payloads);
    return bytes.ok ? ok({ bytes: bytes.value, inputs, outputs }) : bytes;
  } finally {
    payloads.close();
  }
}

/**
 * Returns the part of `lowered` that computes some of its constants: a model without inputs, whose
 * outputs have their names, in this order.
 *
 * Requires: each is written by a node whose role is `constant`.
 * Fails: as `extractSubmodel`.
 */
export function extractConstants(
  lowered: LoweredModel,
  names: readonly string[],
): Result<Uint8Array> {
  const index = indexOf(lowered);
  const part = new PartBuilder(lowered, index, false);
  for (const name of names) {
    part.addOperator(present(index.producer.get(name), `node that makes "${name}"`));
  }
  invariant(part.close().length === 0, "constants do not depend on inputs");
  const payloads = new PayloadReader(lowered.model);
  try {
    return writeModel(part.parts([], names), payloads);
  } finally {
    payloads.close();
  }
}

/**
 * The whole model with the sizes of `pinned-sizes.ts` and unique node names: the reference that parts are
 * compared with. Larger weights get places in `weights`, if it is given. Fails: as `extractSubmodel`.
 */
export function writeWholeModel(lowered: LoweredModel, weights?: StageWeights): Result<Uint8Array> {
  return writeWhole(lowered, lowered.model.graph, weights);
}

/**
 * As `writeWholeModel`, with products of bytes that ONNX Runtime computes exactly on every
 * processor (`exact-products.ts`): the reference for devices that do not run ONNX Runtime.
 */
export function writeExactModel(lowered: LoweredModel): Result<Uint8Array> {
  return writeWhole(lowered, raiseSignedOperands(lowered));
}

function writeWhole(
  lowered: LoweredModel,
  parts: GraphParts,
  weights?: StageWeights,
): Result<Uint8Array> {
  const { graph } = lowered.model;
  const typed = (value: ValueInfo): TypedValue => declaredValue(lowered, value);
  const payloads = new PayloadReader(lowered.model);
  try {
    return writeModel(
      {
        model: lowered.model,
        name: graph.name,
        nodes: parts.nodes,
        inputs: graph.inputs.map(typed),
        outputs: graph.outputs.map(typed),
        initializers: parts.initializers,
        constants: new Map(),
        ...(weights === undefined ? {} : { weights }),
      },
      payloads,
    );
  } finally {
    payloads.close();
  }
}

interface ModelIndex {
  readonly producer: ReadonlyMap<string, number>;
  readonly initializer: ReadonlyMap<string, OnnxTensor>;
  readonly tensor: ReadonlyMap<string, TensorId>;
}

const INDEXES = new WeakMap<LoweredModel, ModelIndex>();

/** Look-ups by name, made once for a model. */
function indexOf(lowered: LoweredModel): ModelIndex {
  const known = INDEXES.get(lowered);
  if (known !== undefined) {
    return known;
  }
  const producer = new Map<string, number>();
  lowered.model.graph.nodes.forEach((node, at) => {
    for (const output of node.outputs) {
      producer.set(output, at);
    }
  });
  const index: ModelIndex = {
    producer,
    initializer: new Map(lowered.model.graph.initializers.map((tensor) => [tensor.name, tensor])),
    tensor: new Map(lowered.graph.tensors.map((tensor) => [tensor.name, tensor.id])),
  };
  INDEXES.set(lowered, index);
  return index;
}

/** Collects nodes, constants and inputs of one part, backwards from its operators. */
class PartBuilder {
  readonly #lowered: LoweredModel;
  readonly #index: ModelIndex;
  readonly #nodes = new Set<number>();
  readonly #inputs = new Set<string>();
  readonly #initializers = new Map<string, OnnxTensor>();
  readonly #constants = new Map<string, ConstantValue>();
  readonly #pending: number[] = [];
  /** Whether larger values of Constant nodes become initializers, which can stand outside the file. */
  readonly #liftsConstants: boolean;

  constructor(lowered: LoweredModel, index: ModelIndex, liftsConstants: boolean) {
    this.#lowered = lowered;
    this.#index = index;
    this.#liftsConstants = liftsConstants;
  }

  /** Views that are outputs of the model. */
  addResults(names: readonly string[]): void {
    for (const name of names) {
      this.#need(name);
    }
  }

  addOperator(node: number): void {
    this.#nodes.add(node);
    this.#pending.push(node);
  }

  /** Adds everything that the operators need. Returns the tensors that come from outside. */
  close(): TensorId[] {
    for (let node = this.#pending.pop(); node !== undefined; node = this.#pending.pop()) {
      for (const name of readsOf(present(this.#lowered.model.graph.nodes[node], "node"))) {
        this.#need(name);
      }
    }
    return [...this.#inputs]
      .map((name) => present(this.#index.tensor.get(name), `tensor "${name}"`))
      .sort((a, b) => a - b);
  }

  #need(name: string): void {
    const initializer = this.#index.initializer.get(name);
    const producer = this.#index.producer.get(name);
    const value = isWritable(this.#lowered, name, producer)
      ? this.#lowered.constants.get(name)
      : undefined;
    if (initializer !== undefined) {
      this.#initializers.set(name, initializer);
    } else if (value !== undefined) {
      this.#constants.set(name, value);
    } else if (producer === undefined) {
      this.#inputs.add(name);
    } else if (this.#lift(name, producer)) {
      return;
    } else if (this.#lowered.roles[producer] !== "operator") {
      if (!this.#nodes.has(producer)) {
        this.addOperator(producer);
      }
    } else if (!this.#nodes.has(producer)) {
      this.#inputs.add(name);
    }
  }

  /**
   * Turns the value of a Constant node into an initializer, if that is requested and it is not
   * small.
   */
  #lift(name: string, producer: number): boolean {
    const node = this.#lowered.model.graph.nodes[producer];
    const value = node?.opType === "Constant" ? node.attributes.get("value") : undefined;
    const isLarge = value?.kind === "tensor" && value.value.payload.kind !== "inline";
    if (!this.#liftsConstants || value?.kind !== "tensor" || !isLarge) {
      return false;
    }
    this.#initializers.set(name, { ...value.value, name });
    return true;
  }

  parts(
    inputs: readonly string[],
    outputs: readonly string[],
    anchors: readonly string[] = [],
  ): ModelParts {
    const lowered = this.#lowered;
    const { model } = lowered;
    const nodes = [...this.#nodes].sort((a, b) => a - b);
    const isAnchored = new Set(anchors);
    const input = (name: string): TypedValue =>
      isAnchored.has(name)
        ? { ...receivedValue(lowered, name), name: receivedName(name) }
        : receivedValue(lowered, name);
    return {
      model,
      name: model.graph.name,
      nodes: [
        ...anchors.map(layoutAnchor),
        ...nodes.map((at): OnnxNode => present(model.graph.nodes[at], "node")),
      ],
      inputs: inputs.map(input),
      outputs: outputs.map((name) => givenValue(lowered, name)),
      initializers: byName(this.#initializers),
      constants: new Map([...this.#constants].sort(([a], [b]) => (a < b ? -1 : 1))),
    };
  }
}

/**
 * Whether a known value is written instead of computed again. Constants of the file are exact
 * already; half floats and integers beyond 2^53 are computed again, because a double cannot
 * represent them.
 */
function isWritable(lowered: LoweredModel, name: string, producer: number | undefined): boolean {
  const value = lowered.constants.get(name);
  const type = producer === undefined ? undefined : lowered.model.graph.nodes[producer]?.opType;
  return (
    value !== undefined &&
    type !== "Constant" &&
    !value.elementType.endsWith("float16") &&
    !value.values.some((item) => Math.abs(item) > Number.MAX_SAFE_INTEGER && Number.isFinite(item))
  );
}

function byName(tensors: ReadonlyMap<string, OnnxTensor>): OnnxTensor[] {
  return [...tensors].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, tensor]) => tensor);
}
