/** Why some operator types can never have device code: what a schedule of fixed launches cannot express. */

const SIZES = "the size of its output depends on what is computed, and memory is planned before";
const RANDOM = "random numbers differ from run to run, so outputs could not be checked";
const SEQUENCE = "sequences and optional values are no tensors";
const CONTROL = "control flow cannot be captured in a CUDA graph";

const REASONS: ReadonlyMap<string, string> = new Map(
  (
    [
      [SIZES, "NonMaxSuppression NonZero Unique Compress"],
      [
        RANDOM,
        "Bernoulli Multinomial RandomNormal RandomNormalLike RandomUniform RandomUniformLike",
      ],
      [
        SEQUENCE,
        "SequenceAt SequenceConstruct SequenceEmpty SequenceErase SequenceInsert SequenceLength " +
          "SplitToSequence ConcatFromSequence Optional OptionalGetElement OptionalHasElement",
      ],
      [CONTROL, "If Loop Scan"],
    ] as const
  ).flatMap(([reason, types]) => types.split(" ").map((type) => [type, reason] as const)),
);

/** Why there is no code for an operator type. */
export function reasonAgainst(type: string): string {
  return REASONS.get(type) ?? "there is no kernel for this operator type";
}
