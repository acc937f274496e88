/**
 * All knowledge about an operator type, in one row.
 *
 * Rows stand in the files of this folder, a file per family; the rules they name (types, work,
 * elements, views, products) in `infer`, `work`, `evaluate` and next to them. Code for GPUs is
 * separate, since it builds on all of this.
 */
import type { OperatorForm, ProductShape, RecurrenceShape } from "../../ir/operator-form.js";
import type { Evaluator } from "../evaluate/evaluator.js";
import type { BoundRule } from "../infer/bounds.js";
import type { InferRule, NodeCall } from "../infer/node-call.js";
import type { WorkCall, WorkRule } from "../work/work-rule.js";
import type { ViewRule } from "./view-rules.js";

/** Sizes of the products inside a node; `undefined` when its types do not determine them. */
export type ProductRule = (node: WorkCall) => readonly ProductShape[] | undefined;

/** Sizes of a recurrent node. */
export type RecurrenceRule = (call: NodeCall) => RecurrenceShape;

/** Weights of few bits, stored in bytes. */
export interface PackedInputs {
  readonly inputs: readonly number[];
  /** The attribute with the bits of a weight; 4 when it is absent. */
  readonly bits: string;
  /**
   * The numbers that input `i` holds, where its blocks are filled up to whole ones or whole bytes; `undefined`:
   * as many as its bytes have room for. `int`: attributes of the node.
   */
  readonly count?: (i: number, int: (name: string) => number | undefined) => number | undefined;
}

/** One operator type. */
export interface OperatorType {
  readonly form: OperatorForm;
  /** Types and sizes of the outputs; control flow is inferred with its bodies instead. */
  readonly infer?: InferRule;
  /** Sizes that no run exceeds, where data decides sizes. */
  readonly bound?: BoundRule;
  /** FLOPs; control flow has those of its bodies. */
  readonly work?: WorkRule;
  /** Elements of the outputs, for operators that shape computations use. */
  readonly evaluate?: Evaluator;
  /**
   * The condition under which the first output is the first input under another shape, without any
   * work.
   */
  readonly view?: ViewRule;
  /** Form `product`: the sizes of its products. */
  readonly products?: ProductRule;
  /** Form `recurrent`: the sizes. */
  readonly recurrence?: RecurrenceRule;
  /** Every result depends on the element of input 0 at its place, and on constants. */
  readonly isUnary?: true;
  /** Reads no more of its first input than it writes. */
  readonly readsPart?: true;
  /** The share of input `i` that a run reads at most, where it chooses among parts; absent: all of it. */
  readonly readShare?: (call: NodeCall, i: number) => number;
  /** Brings branches of a model together: sums, products and concatenations. */
  readonly isJoin?: true;
  /** Its integer constants are quantized weights: they count as parameters. */
  readonly readsQuantized?: true;
  /** Inputs of integers that are places or lengths, and no weights. */
  readonly places?: readonly number[];
  /** Inputs that hold several weights in each byte. */
  readonly packs?: PackedInputs;
  /** ONNX Runtime infers sizes of its outputs that its kernel does not keep to. */
  readonly isMisjudged?: true;
  /** Constants made by it are the numbers of its first input in another order, shape or precision. */
  readonly keepsNumbers?: true;
  /** Values of its inputs decide the size of its output, so that no inference of shapes can tell it. */
  readonly isSizedByData?: true;
  /** Its values differ on every run: never a constant. */
  readonly isRandom?: true;
  /** The input under which its values differ on every run, unless it is absent or false. */
  readonly drawsUnder?: number;
  /** The reason why it cannot have GPU code. */
  readonly gpuRefusal?: string;
}

/** Rows by operator type; other domains than ONNX's own as `domain:Type`. */
export type OperatorTable = Readonly<Record<string, OperatorType>>;

/** The same row for several types, which are separated by spaces. */
export function alike(types: string, row: OperatorType): OperatorTable {
  return Object.fromEntries(types.split(" ").map((type) => [type, row]));
}
