import type { ElementType } from "../../ir/element-type.js";
import type { LoweredModel, TensorType } from "../lowered-model.js";
import type { OnnxGraph, OnnxNode } from "../model.js";
import { tensorFact } from "../tensor-values.js";
import type { Demand } from "./demand.js";

/** What is known of a model's values; entries may be missing. */
export type KnownParts = Pick<LoweredModel, "model" | "types" | "constants">;

/** Types and constants by name, those of a body before those around it. */
export class Surroundings {
  readonly #parts: KnownParts;
  readonly #outer: Surroundings | undefined;
  readonly #types = new Map<string, TensorType>();
  readonly #values = new Map<string, readonly number[]>();

  constructor(parts: KnownParts, graph: OnnxGraph, outer?: Surroundings) {
    this.#parts = parts;
    this.#outer = outer;
    const constants = graph.nodes.flatMap(({ opType, attributes, outputs }) => {
      const value = opType === "Constant" ? attributes.get("value") : undefined;
      return value?.kind === "tensor" ? [{ ...value.value, name: outputs[0] ?? "" }] : [];
    });
    for (const tensor of [...graph.initializers, ...constants]) {
      const { values } = tensorFact(tensor);
      this.#types.set(tensor.name, tensor);
      if (values !== undefined) {
        this.#values.set(tensor.name, values);
      }
    }
    for (const { name, elementType, dims } of outer === undefined ? [] : graph.inputs) {
      if (elementType !== undefined && dims?.every((dim) => typeof dim === "number") === true) {
        this.#types.set(name, { elementType, dims });
      }
    }
  }

  /** The surroundings of the nodes of a branch or body. */
  inside(body: OnnxGraph): Surroundings {
    return new Surroundings(this.#parts, body, this);
  }

  /** The type of a value, if it is known. */
  typeOf(name: string): TensorType | undefined {
    return (
      this.#types.get(name) ??
      (this.#outer === undefined ? this.#parts.types.get(name) : this.#outer.typeOf(name))
    );
  }

  /** The elements of a small constant. */
  valuesOf(name: string): readonly number[] | undefined {
    return (
      this.#values.get(name) ??
      (this.#outer === undefined
        ? this.#parts.constants.get(name)?.values
        : this.#outer.valuesOf(name))
    );
  }
}

/** One node with what is known of its values: the argument of every rule about uses. */
export class UseCall {
  readonly node: OnnxNode;
  /** `domain:Type`, or the type alone in the default domain. */
  readonly type: string;
  readonly #known: Surroundings;

  constructor(node: OnnxNode, known: Surroundings) {
    this.node = node;
    this.type = node.domain === "" ? node.opType : `${node.domain}:${node.opType}`;
    this.#known = known;
  }

  /** Whether input `i` is given. */
  has(i: number): boolean {
    return (this.node.inputs[i] ?? "") !== "";
  }

  /** Sizes of input `i`, if all are known. */
  dims(i: number): readonly number[] | undefined {
    return this.#known.typeOf(this.node.inputs[i] ?? "")?.dims;
  }

  /** Sizes of output `i`, if all are known. */
  outputDims(i: number): readonly number[] | undefined {
    return this.#known.typeOf(this.node.outputs[i] ?? "")?.dims;
  }

  /** The size of an axis of input `i`, counted from the end where it is negative. */
  size(i: number, axis: number): number | undefined {
    return this.dims(i)?.at(axis);
  }

  /** Number of elements of input `i`. */
  count(i: number): number | undefined {
    return this.dims(i)?.reduce((product, size) => product * size, 1);
  }

  /** The element type of input `i`. */
  elementType(i: number): ElementType | undefined {
    return this.#known.typeOf(this.node.inputs[i] ?? "")?.elementType;
  }

  /** Whether input `i` has integers. */
  isInteger(i: number): boolean {
    return /^u?int/.test(this.elementType(i) ?? "");
  }

  /** The elements of input `i`, if it is a small constant. */
  values(i: number): readonly number[] | undefined {
    return this.#known.valuesOf(this.node.inputs[i] ?? "");
  }

  /** An integer attribute, or its default. */
  int(name: string, usual: number): number {
    const value = this.node.attributes.get(name);
    return value?.kind === "int" ? value.value : usual;
  }

  /** A float attribute. */
  float(name: string): number | undefined {
    const value = this.node.attributes.get(name);
    return value?.kind === "float" ? value.value : undefined;
  }
}

/** A use of a value that says which numbers are valid there, or what is fed. */
export interface UseRule {
  /** Operator types as `UseCall.type` has them. */
  readonly types: readonly string[];
  /** The position of the value among the inputs. */
  readonly input: number;
  /** What the input is, for documents. */
  readonly what: string;
  /** The numbers that are drawn there, for documents. */
  readonly drawn: string;
  /** Why, for documents. */
  readonly why: string;
  /** `undefined`: the sizes that decide are not known, or the use says nothing here. */
  demand(call: UseCall): Demand | undefined;
}
