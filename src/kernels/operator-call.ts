/** One operator with everything that code generation needs. */
import { present } from "../core/invariant.js";
import type { ElementType } from "../ir/element-type.js";
import type { Operator, OperatorId, TensorId } from "../ir/operator-graph.js";
import { type Fact, UNKNOWN } from "../onnx/infer/fact.js";
import { callOf, type NodeCall } from "../onnx/infer/node-call.js";
import { Scope } from "../onnx/infer/scope.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import type { DeviceNode, Place } from "./device-node.js";
import type { FoldedConstant } from "./folded-constant.js";
import { STORAGE_BYTES, type StorageType } from "./language/expression.js";
import { channelsLast, rowMajor, sizeOf, stridesIn } from "./language/layout.js";
import { partsOfTensors, type TensorParts, type TurnedTensors } from "./tensor-parts.js";

/** A tensor as an operator sees it: elements of `dims` at a place, row-major unless it has strides. */
export interface Operand {
  readonly place: Place;
  readonly elementType: ElementType;
  readonly storage: StorageType;
  readonly dims: readonly number[];
  /** Distances of its elements in memory where its channels are last there; it may be some channels of a larger tensor. */
  readonly strides?: readonly number[];
  /** It may begin anywhere: four elements are no single access. */
  readonly isUnaligned?: boolean;
  /** Elements, when known at compile time. */
  readonly values?: readonly number[];
}

/**
 * How activations of convolutions lie in memory: row by row, as ONNX has them, or with the channels of a place next to
 * each other, as tensor cores take them.
 */
export type TensorLayout = (typeof TENSOR_LAYOUTS)[number];

/** Layouts, the usual one first. */
export const TENSOR_LAYOUTS = ["rows", "channels-last"] as const;

/** Options of making device nodes. */
export interface EmitOptions {
  /** Memory type of the model's `float32` tensors. */
  readonly floats: FloatStorage;
  /**
   * Replace operators that cannot run by a copy of their bytes: real traffic in the real graph, for
   * estimates. The results are then meaningless.
   */
  readonly estimateUnsupported: boolean;
  /**
   * Whether products may apply GELU by the error function as its approximation by tanh, which libraries have: the two differ by
   * less than 5e-4, about the precision of TF32. Default: no.
   */
  readonly approximatesGelu?: boolean;
  /** `rows` unless given. */
  readonly layout?: TensorLayout;
  /** The operators that are launched, of which nodes are wanted; the others have none. Absent: all. */
  readonly only?: ReadonlySet<OperatorId>;
}

/** Device storage of the model's floats; `float64` and `bfloat16` are unchanged. */
export type FloatStorage = "f32" | "f16";

const STORAGE: Readonly<Partial<Record<ElementType, StorageType>>> = {
  bool: "bool",
  int8: "i8",
  uint8: "u8",
  int16: "i16",
  uint16: "u16",
  int32: "i32",
  uint32: "u32",
  int64: "i64",
  float16: "f16",
  bfloat16: "bf16",
  float32: "f32",
  float64: "f64",
};

/** The memory type of a tensor, or `undefined` for types that kernels cannot hold. */
export function storageOf(elementType: ElementType, floats: FloatStorage): StorageType | undefined {
  return elementType === "float32" ? floats : STORAGE[elementType];
}

/** Far integers that are read as bounds of slices and nothing else: only whether they lie beyond a size counts. */
function farBounds({ farConstants, model }: LoweredModel): ReadonlyMap<string, readonly number[]> {
  const bounds = new Map(farConstants);
  for (const { opType, inputs } of bounds.size === 0 ? [] : model.graph.nodes) {
    for (const [i, name] of inputs.entries()) {
      if (opType !== "Slice" || (i !== 1 && i !== 2)) {
        bounds.delete(name);
      }
    }
  }
  return bounds;
}

/** Names, types and facts of a lowered model, indexed once for all its operators. */
export class ModelIndex {
  readonly lowered: LoweredModel;
  readonly floats: FloatStorage;
  /** Whether GELU by the error function may be its approximation by tanh. */
  readonly approximatesGelu: boolean;
  readonly layout: TensorLayout;
  /** Constants that are made of the model's. */
  readonly folded: Map<string, FoldedConstant> = new Map();
  readonly #scope = new Scope();
  readonly #tensors: ReadonlyMap<string, TensorId>;
  readonly #parts: TensorParts;
  readonly #channelsLast: ReadonlySet<TensorId>;

  constructor(
    lowered: LoweredModel,
    { floats, approximatesGelu, layout }: EmitOptions,
    turned: TurnedTensors,
  ) {
    this.lowered = lowered;
    this.floats = floats;
    this.approximatesGelu = approximatesGelu === true;
    this.layout = layout ?? "rows";
    this.#channelsLast = turned.tensors;
    this.#tensors = new Map(lowered.graph.tensors.map(({ name, id }) => [name, id]));
    this.#parts = partsOfTensors(lowered, turned, (type) => {
      const storage = storageOf(type, floats);
      return storage && STORAGE_BYTES[storage];
    });
    const bounds = farBounds(lowered);
    for (const [name, type] of lowered.types) {
      const values = lowered.constants.get(name)?.values ?? bounds.get(name);
      const isConstant = this.place(name).kind === "constant";
      this.#scope.set(name, { ...type, values, isConstant });
    }
  }

  /** The place of a value; a view has the place of its tensor, and what is joined in place that of its part. */
  place(name: string): Place {
    const id = this.#tensors.get(this.lowered.viewOf.get(name) ?? name);
    if (id === undefined) {
      return { kind: "constant", name };
    }
    const part = this.#parts.joined.get(id);
    return part === undefined
      ? { kind: "tensor", id }
      : {
          kind: "tensor",
          id: part.whole,
          part: id,
          ...(part.offset > 0 ? { offset: part.offset } : {}),
        };
  }

  /** Whether the results that an operator joins are all written where they belong, so that it has no work. */
  isInPlace(operator: OperatorId): boolean {
    return this.#parts.operators.has(operator);
  }

  /** The fact of a value. */
  fact(name: string): Fact {
    return this.#scope.get(name) ?? UNKNOWN;
  }

  /** The tensor of a value, or `undefined` when kernels cannot hold its type. */
  operand(name: string): Operand | undefined {
    const type = this.lowered.types.get(name);
    const storage = type && storageOf(type.elementType, this.floats);
    if (type === undefined || storage === undefined) {
      return undefined;
    }
    const values = this.lowered.constants.get(name)?.values;
    const place = this.place(name);
    return {
      place,
      elementType: type.elementType,
      storage,
      dims: type.dims,
      ...this.#strides(place),
      ...(this.#isAligned(place, storage) ? {} : { isUnaligned: true }),
      ...(values === undefined ? {} : { values }),
    };
  }

  /** The channels of the tensor that a place is in, if they are last in memory. */
  channelsAt(place: Place): number | undefined {
    return place.kind === "tensor" && this.#channelsLast.has(place.id)
      ? present(this.lowered.graph.tensors[place.id], "tensor").dims[1]
      : undefined;
  }

  /** Distances in the tensor that a place is in. */
  #strides(place: Place): { readonly strides?: readonly number[] } {
    return place.kind === "tensor" && this.#channelsLast.has(place.id)
      ? { strides: channelsLast(present(this.lowered.graph.tensors[place.id], "tensor").dims) }
      : {};
  }

  #isAligned(place: Place, storage: StorageType): boolean {
    const isInRow = place.kind === "tensor" && this.#parts.inRows.has(place.id);
    return !isInRow && (place.offset ?? 0) % (4 * STORAGE_BYTES[storage]) === 0;
  }

  /** A tensor of the graph, as the operator that writes it sees it. */
  operandOf(tensor: TensorId): Operand | undefined {
    return this.operand(present(this.lowered.graph.tensors[tensor], "tensor").name);
  }

  /** Adds a constant that is made of the model's, under a name that no value of the model has. */
  fold(name: string, constant: FoldedConstant): Place {
    this.folded.set(name, constant);
    return { kind: "constant", name };
  }

  /**
   * A constant whose dims are nested in memory as `order` has them; as it is, where that makes no difference.
   * `undefined`: it is none, or not of floats.
   */
  reordered(constant: Operand, order: readonly number[]): Operand | undefined {
    const { place, storage, dims } = constant;
    if (place.kind !== "constant" || (storage !== "f32" && storage !== "f16")) {
      return undefined;
    }
    const strides = stridesIn(dims, order);
    const own = rowMajor(dims);
    if (dims.every((size, axis) => size === 1 || strides[axis] === own[axis])) {
      return constant;
    }
    const plain = { storage, dims, what: "filters", of: place.name, inner: 1, steps: [] } as const;
    const made = { ...(this.folded.get(place.name) ?? plain), order };
    return { ...constant, strides, place: this.fold(`${place.name} as ${order.join()}`, made) };
  }

  /** The operator's node with facts. */
  nodeCall(operator: Operator): NodeCall {
    const { model } = this.lowered;
    const node = present(model.graph.nodes[operator.node], "node");
    return callOf(node, this.#scope, model);
  }
}

/** An operator whose device nodes are being made: the argument of every emission rule. */
export class OperatorCall {
  readonly operator: Operator;
  readonly call: NodeCall;
  readonly floats: FloatStorage;
  readonly layout: TensorLayout;
  /** Bytes of the scratch memories allocated so far. */
  readonly scratchBytes: number[] = [];
  readonly #index: ModelIndex;

  constructor(operator: Operator, index: ModelIndex) {
    this.operator = operator;
    this.call = index.nodeCall(operator);
    this.floats = index.floats;
    this.layout = index.layout;
    this.#index = index;
  }

  /** Input `i`; refuses the operator when it is missing or of a type that kernels cannot hold. */
  input(i: number): Operand | undefined {
    const operand = this.optional(i);
    return operand ?? this.refuse(`input ${i} is missing`);
  }

  /** Input `i` if present; refuses types that kernels cannot hold. */
  optional(i: number): Operand | undefined {
    const name = this.call.node.inputs[i];
    return name === undefined || name === "" ? undefined : this.#operand(name);
  }

  /** All inputs that are present. */
  inputs(): readonly Operand[] | undefined {
    const names = this.call.node.inputs.filter((name) => name !== "");
    const operands = names.map((name) => this.#operand(name));
    return operands.every((operand) => operand !== undefined) ? operands : undefined;
  }

  /** Output `i` if something reads it. */
  output(i: number): Operand | undefined {
    const name = this.call.node.outputs[i];
    return name === undefined || name === "" || this.#index.place(name).kind === "constant"
      ? undefined
      : this.#operand(name);
  }

  /** The first output, which nearly every operator has. */
  result(): Operand | undefined {
    return this.output(0) ?? this.refuse("nothing reads its first output");
  }

  /** Memory of this operator alone, shaped as a tensor. */
  scratch(storage: StorageType, bytesEach: number, dims: readonly number[]): Operand {
    const index = this.scratchBytes.push(sizeOf(dims) * bytesEach) - 1;
    return { place: { kind: "scratch", index }, elementType: "float32", storage, dims };
  }

  /** The constant with its dims nested as `order` has them, if it can be. */
  reordered(constant: Operand, order: readonly number[]): Operand | undefined {
    return this.#index.reordered(constant, order);
  }

  /** Refuses the operator with a reason; the first reason counts. */
  refuse(reason: string): undefined {
    return this.call.refuse(reason);
  }

  #operand(name: string): Operand | undefined {
    const operand = this.#index.operand(name);
    if (operand === undefined) {
      const type = this.#index.fact(name).elementType ?? "unknown";
      return this.refuse(`elements of type ${type} cannot be held on the device`);
    }
    return operand;
  }
}

/** Returns the device nodes of an operator, or refuses it. */
export type EmitRule = (op: OperatorCall) => readonly DeviceNode[] | undefined;

/** Rules by operator type, `domain:type` for other domains than ONNX's own. */
export type EmitTable = Readonly<Record<string, EmitRule>>;
