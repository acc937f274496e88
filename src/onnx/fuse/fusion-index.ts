import { productOf } from "../../core/product.js";
import type { Operator, OperatorId, TensorId } from "../../ir/operator-graph.js";
import type { GroupKind, KernelGroup } from "../kernel-groups.js";
import type { ConstantValue, LoweredModel } from "../lowered-model.js";
import type { AttributeValue, OnnxNode } from "../model.js";

/** One input of an operator, as its node names it. */
export interface FusionOperand {
  readonly name: string;
  /** The tensor that is read, views resolved; `undefined`: a constant. */
  readonly tensor: TensorId | undefined;
  /** As the operator sees it, which a view may have given. */
  readonly dims: readonly number[];
}

/** Element-wise by form, but with results that depend on other elements too. */
const NOT_ELEMENTWISE: ReadonlySet<string> = new Set([
  "DynamicQuantizeLinear",
  "RotaryEmbedding",
  "com.microsoft:RotaryEmbedding",
  "com.microsoft:BiasSplitGelu",
]);

/** Element-wise, although nothing is computed. */
const ELEMENTWISE_MOVES: ReadonlySet<string> = new Set(["Cast", "CastLike", "Where"]);

/** A lowered model as the patterns ask about it, with the groups that were found so far. */
export class FusionIndex {
  readonly lowered: LoweredModel;
  readonly groups: KernelGroup[] = [];
  readonly #tensorOf: ReadonlyMap<string, TensorId>;
  readonly #outputs: ReadonlySet<TensorId>;
  readonly #taken: Uint8Array;

  /** Version of ONNX's own operator set. */
  readonly opset: number;

  /** Cost: O(operators + tensors). Operators that compute several of the model's are taken. */
  constructor(lowered: LoweredModel) {
    this.lowered = lowered;
    this.opset = lowered.model.opsets.get("") ?? 1;
    this.#tensorOf = new Map(lowered.graph.tensors.map(({ name, id }) => [name, id]));
    this.#outputs = new Set(lowered.graph.outputs);
    this.#taken = new Uint8Array(lowered.graph.operators.length);
    for (const id of lowered.merged?.keys() ?? []) {
      this.#taken[id] = 1;
    }
  }

  /** Makes a group of operators that are in none. Groups of one are not made. */
  add(kind: GroupKind, main: OperatorId, members: Iterable<OperatorId>): void {
    const sorted = [...members].sort((a, b) => a - b);
    if (sorted.length > 1) {
      this.groups.push({ kind, main, members: sorted });
      for (const id of sorted) {
        this.#taken[id] = 1;
      }
    }
  }

  /** Puts further operators into the group of `members`, which is made if there is none yet. */
  extend(
    kind: GroupKind,
    main: OperatorId,
    members: readonly OperatorId[],
    more: readonly OperatorId[],
  ): void {
    if (more.length > 0) {
      const at = this.groups.findIndex((group) => group.main === main);
      if (at >= 0) {
        this.groups.splice(at, 1);
      }
      this.add(kind, main, [...members, ...more]);
    }
  }

  /** Whether an operator is in no group. */
  isFree(id: OperatorId): boolean {
    return this.#taken[id] === 0;
  }

  operator(id: OperatorId): Operator {
    return this.lowered.graph.operators[id]!;
  }

  node(id: OperatorId): OnnxNode {
    return this.lowered.model.graph.nodes[this.operator(id).node]!;
  }

  /** An attribute of an operator's node. */
  attribute(id: OperatorId, name: string): AttributeValue | undefined {
    return this.node(id).attributes.get(name);
  }

  /** The inputs that are given. Order: the node's. */
  operands(id: OperatorId): readonly FusionOperand[] {
    const { types, viewOf } = this.lowered;
    return this.node(id)
      .inputs.filter((name) => name !== "")
      .map((name) => ({
        name,
        tensor: this.#tensorOf.get(viewOf.get(name) ?? name),
        dims: types.get(name)?.dims ?? [],
      }));
  }

  /** A constant whose elements are known. */
  constant(name: string): ConstantValue | undefined {
    return this.lowered.constants.get(name);
  }

  /** The only tensor that an operator writes; `undefined` if there are more. */
  result(id: OperatorId): TensorId | undefined {
    const { outputs } = this.operator(id);
    return outputs.length === 1 ? outputs[0] : undefined;
  }

  dims(tensor: TensorId): readonly number[] {
    return this.lowered.graph.tensors[tensor]!.dims;
  }

  size(tensor: TensorId): number {
    return productOf(this.dims(tensor));
  }

  producer(tensor: TensorId | undefined): OperatorId | undefined {
    return this.lowered.graph.tensors[tensor ?? -1]?.producer;
  }

  readers(tensor: TensorId): readonly OperatorId[] {
    return this.lowered.graph.tensors[tensor]!.consumers;
  }

  isOutput(tensor: TensorId): boolean {
    return this.#outputs.has(tensor);
  }

  /** The operator that alone reads a tensor, which is no output of the model. */
  onlyReader(tensor: TensorId | undefined): OperatorId | undefined {
    if (tensor === undefined || this.isOutput(tensor)) {
      return undefined;
    }
    const readers = this.readers(tensor);
    return readers.length === 1 ? readers[0] : undefined;
  }

  /** Whether everything that an operator writes is read by `members` alone, and by one of them. */
  isReadOnlyBy(id: OperatorId, members: ReadonlySet<OperatorId>): boolean {
    return this.operator(id).outputs.every((tensor) => {
      const readers = this.readers(tensor);
      return (
        readers.length > 0 &&
        !this.isOutput(tensor) &&
        readers.every((reader) => members.has(reader))
      );
    });
  }

  /** Whether each element of the only result depends on one element of each operand. */
  isElementwise(id: OperatorId): boolean {
    const { type, form } = this.operator(id);
    const result = this.result(id);
    return (
      (ELEMENTWISE_MOVES.has(type) || (form === "element" && !NOT_ELEMENTWISE.has(type))) &&
      !this.#isTraining(id) &&
      result !== undefined &&
      this.size(result) > 0
    );
  }

  /** Whether a normalization computes the statistics of its input: an attribute, before version 14 more outputs. */
  #isTraining(id: OperatorId): boolean {
    if (this.operator(id).type !== "BatchNormalization") {
      return false;
    }
    const mode = this.attribute(id, "training_mode");
    const outputs = this.node(id).outputs.filter((name) => name !== "");
    return (mode?.kind === "int" && mode.value !== 0) || outputs.length > 1;
  }
}
