/** Sequences and optional values: the memory of tensors, one after the other. */
import type { InferRule } from "../infer/node-call.js";
import * as infer from "../infer/sequences.js";
import { none } from "../work/movement.js";
import type { OperatorTable, OperatorType } from "./operator-type.js";
import { always } from "./view-rules.js";

function sequence(types: InferRule): OperatorType {
  return {
    form: "movement",
    infer: types,
    work: none,
    gpuRefusal: "sequences and optional values are no tensors",
  };
}

/** Rows of sequences and optional values. */
export const SEQUENCES: OperatorTable = {
  SequenceConstruct: sequence(infer.construct),
  SequenceEmpty: sequence(infer.empty),
  SequenceInsert: sequence(infer.insert),
  SequenceErase: sequence(infer.erase),
  SequenceAt: sequence(infer.itemAt),
  SequenceLength: sequence(infer.length),
  ConcatFromSequence: sequence(infer.concatFromSequence),
  SplitToSequence: sequence(infer.splitToSequence),
  Optional: { ...sequence(infer.optional), view: always },
  OptionalGetElement: { ...sequence(infer.optional), view: always },
  OptionalHasElement: sequence(infer.optionalHasElement),
};
