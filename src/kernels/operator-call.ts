/** One operator with everything that code generation needs. */
import { present } from "../core/invariant.js";
import type { ElementType } from "../ir/element-type.js";
import type { Operator, TensorId } from "../ir/operator-graph.js";
import { type Fact, UNKNOWN } from "../onnx/infer/fact.js";
import { callOf, type NodeCall } from "../onnx/infer/node-call.js";
import { Scope } from "../onnx/infer/scope.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import type { DeviceNode, Place } from "./device-node.js";
import type { StorageType } from "./language/expression.js";
import { sizeOf } from "./language/layout.js";

/** A tensor as an operator sees it: row-major elements of `dims` at a place. */
export interface Operand {
  readonly place: Place;
  readonly elementType: ElementType;
  readonly storage: StorageType;
  readonly dims: readonly number[];
  /** Elements, when known at compile time. */
  readonly values?: readonly number[];
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

/** Names, types and facts of a lowered model, indexed once for all its operators. */
export class ModelIndex {
  readonly lowered: LoweredModel;
  readonly floats: FloatStorage;
  readonly #scope = new Scope();
  readonly #tensors: ReadonlyMap<string, TensorId>;

  constructor(lowered: LoweredModel, floats: FloatStorage) {
    this.lowered = lowered;
    this.floats = floats;
    this.#tensors = new Map(lowered.graph.tensors.map(({ name, id }) => [name, id]));
    for (const [name, type] of lowered.types) {
      const values = lowered.constants.get(name)?.values;
      const isConstant = this.place(name).kind === "constant";
      this.#scope.set(name, { ...type, values, isConstant });
    }
  }

  /** The place of a value; a view has the place of its tensor. */
  place(name: string): Place {
    const id = this.#tensors.get(this.lowered.viewOf.get(name) ?? name);
    return id === undefined ? { kind: "constant", name } : { kind: "tensor", id };
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
    return {
      place: this.place(name),
      elementType: type.elementType,
      storage,
      dims: type.dims,
      ...(values === undefined ? {} : { values }),
    };
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
  /** Bytes of the scratch memories allocated so far. */
  readonly scratchBytes: number[] = [];
  readonly #index: ModelIndex;

  constructor(operator: Operator, index: ModelIndex) {
    this.operator = operator;
    this.call = index.nodeCall(operator);
    this.floats = index.floats;
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
