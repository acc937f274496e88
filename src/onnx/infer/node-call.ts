import type { AttributeValue, OnnxGraph, OnnxModel, OnnxNode, OnnxTensor } from "../model.js";
import { type Fact, type KnownDims, UNKNOWN } from "./fact.js";
import type { Scope } from "./scope.js";

/**
 * One node with the facts of its inputs: the argument of every inference rule.
 *
 * A rule that finds the node impossible calls `refuse` and returns `undefined`; the caller then
 * turns the text into a failure with the node's name.
 */
export class NodeCall {
  readonly node: OnnxNode;
  /** Version of the operator set of the node's domain. */
  readonly opset: number;
  readonly inputs: readonly Fact[];
  /** The reason why the node is impossible: set by the first `refuse`. */
  refusal: string | undefined;

  constructor(node: OnnxNode, opset: number, inputs: readonly Fact[]) {
    this.node = node;
    this.opset = opset;
    this.inputs = inputs;
  }

  /** Whether input `i` is given. */
  has(i: number): boolean {
    const name = this.node.inputs[i];
    return name !== undefined && name !== "";
  }

  /** The fact of input `i`; `UNKNOWN` when it is omitted. */
  input(i: number): Fact {
    return this.inputs[i] ?? UNKNOWN;
  }

  /** Sizes of input `i`. */
  dims(i: number): KnownDims | undefined {
    return this.inputs[i]?.dims;
  }

  /** Elements of input `i`, where known. */
  values(i: number): readonly number[] | undefined {
    return this.inputs[i]?.values;
  }

  /** An integer attribute. */
  int(name: string): number | undefined {
    return this.attribute(name, "int")?.value;
  }

  /** A float attribute. */
  float(name: string): number | undefined {
    return this.attribute(name, "float")?.value;
  }

  /** A string attribute. */
  text(name: string): string | undefined {
    return this.attribute(name, "string")?.value;
  }

  /** A list of integers. */
  ints(name: string): readonly number[] | undefined {
    return this.attribute(name, "ints")?.value;
  }

  /** A list of floats. */
  floats(name: string): readonly number[] | undefined {
    return this.attribute(name, "floats")?.value;
  }

  /** A tensor attribute. */
  tensor(name: string): OnnxTensor | undefined {
    return this.attribute(name, "tensor")?.value;
  }

  /** A graph attribute: a branch or body. */
  graph(name: string): OnnxGraph | undefined {
    return this.attribute(name, "graph")?.value;
  }

  /** An attribute of that kind; `undefined` when absent or of another kind. */
  attribute<K extends AttributeValue["kind"]>(
    name: string,
    kind: K,
  ): Extract<AttributeValue, { kind: K }> | undefined {
    const value = this.node.attributes.get(name);
    return value?.kind === kind ? (value as Extract<AttributeValue, { kind: K }>) : undefined;
  }

  /** `axis` counted from the front, or refused when it is outside [-`rank`, `rank`). */
  axis(axis: number, rank: number): number | undefined {
    const positive = axis < 0 ? axis + rank : axis;
    return positive >= 0 && positive < rank && Number.isInteger(positive)
      ? positive
      : this.refuse(`axis ${axis} does not exist in a tensor of rank ${rank}`);
  }

  /** The axes counted from the front, in the order given. */
  axes(axes: readonly number[], rank: number): readonly number[] | undefined {
    const result = axes.map((axis) => this.axis(axis, rank));
    return result.every((axis) => axis !== undefined) ? result : undefined;
  }

  /** Refuses the node as impossible; the first reason counts. */
  refuse(reason: string): undefined {
    this.refusal ??= reason;
    return undefined;
  }
}

/** A node with the facts of its inputs. */
export function callOf(node: OnnxNode, scope: Scope, model: OnnxModel): NodeCall {
  return new NodeCall(
    node,
    model.opsets.get(node.domain) ?? 1,
    node.inputs.map((name) => scope.get(name) ?? UNKNOWN),
  );
}

/**
 * Returns the types of a node's outputs, given the facts of its inputs.
 *
 * Returns one fact per output as far as it knows them; missing or `UNKNOWN` ones stay open. Values
 * are left to the evaluators, except where they follow from types (Shape).
 */
export type InferRule = (call: NodeCall) => readonly Fact[];
