/** Operators that only move, convert or make elements: no operations, all bytes. */
import type { WorkRule, WorkTable } from "./work-rule.js";

const none: WorkRule = { formula: "0", flops: () => 0 };

const MOVES =
  "AffineGrid Bernoulli BlackmanWindow Cast CastLike CenterCropPad Col2Im Concat ConcatFromSequence Constant " +
  "ConstantOfShape DepthToSpace Dropout Expand EyeLike Flatten Gather GatherElements GatherND HammingWindow " +
  "HannWindow Identity MaxUnpool MelWeightMatrix Multinomial OneHot Optional OptionalGetElement " +
  "OptionalHasElement Pad RandomNormal RandomNormalLike RandomUniform RandomUniformLike Range Reshape " +
  "ReverseSequence Scatter SequenceAt SequenceConstruct SequenceEmpty SequenceErase SequenceInsert " +
  "SequenceLength Shape Size Slice SpaceToDepth Split SplitToSequence Squeeze TensorScatter Tile Transpose " +
  "Trilu Unsqueeze Where com.microsoft:GatherND com.microsoft:QLinearConcat com.microsoft:QLinearWhere " +
  "com.microsoft:Trilu com.microsoft:Range";

/** Work of the operators that move. */
export const MOVEMENT_WORK: WorkTable = Object.fromEntries(
  MOVES.split(" ").map((type) => [type, none] as const),
);

/** Operators that read no more of their first input than they write. */
export const PARTIAL_READERS: ReadonlySet<string> = new Set([
  "Gather",
  "GatherElements",
  "GatherND",
  "Slice",
  "Compress",
  "com.microsoft:GatherND",
]);
