/** Failures of cutting models into stages, of placements and of pipeline searches. */
export const PIPELINE_FAILURES = {
  "algorithm-too-plain": {
    exit: 1,
    meaning: "The placement says what the algorithm does not know.",
    action: "Use an algorithm that the hint names.",
  },
  "block-too-large": {
    exit: 1,
    meaning: "A block needs more memory than its device has, so no schedule exists.",
    action: "Give the device the memory that the message names.",
  },
  "block-without-operators": {
    exit: 1,
    meaning: "Other blocks name all operators that a block's patterns match.",
    action: "Leave the block out, or name its operators.",
  },
  "device-memory-too-small": {
    exit: 1,
    meaning: "A device has no room for its stages.",
    action: "Give it more memory, or use more devices or other stages.",
  },
  "family-deadlocks": {
    exit: 1,
    meaning: "In the fixed order of a hand-written family, devices wait for each other for ever.",
    action: "Choose another algorithm, or a shape that it is made for.",
  },
  "family-does-not-fit": {
    exit: 1,
    meaning: "A hand-written family of schedules has no rule for the placement.",
    action: "Choose another algorithm, or a shape that it is made for.",
  },
  "family-exceeds-memory": {
    exit: 1,
    meaning: "The fixed order of a hand-written family does not fit into the memory.",
    action: "Give more memory, fewer micro-batches, or choose another algorithm.",
  },
  "memory-not-returned": {
    exit: 1,
    meaning: "Every micro-batch leaves memory behind on a device with a limit.",
    action: "Let the blocks of a device add up to 0, or drop the limit.",
  },
  "micro-batches-differ": {
    exit: 1,
    meaning:
      "The placement states how many micro-batches a step has, and another number was asked for.",
    action: "Leave --micro-batches out.",
  },
  "more-stages-than-operators": {
    exit: 1,
    meaning: "There are more stages than operators that can be cut apart.",
    action: "Ask for fewer stages.",
  },
  "no-schedule-found": {
    exit: 3,
    meaning: "No schedule was found within the limits, which does not prove that there is none.",
    action: "Raise the limit of the search, give more memory, or choose another algorithm.",
  },
  "operator-placed-twice": {
    exit: 1,
    meaning: "Two blocks of a placement claim one operator.",
    action: "Name it in one of them.",
  },
  "operators-not-placed": {
    exit: 1,
    meaning: "No block of a placement has some operators of the model.",
    action: "Put every operator into a block; patterns help.",
  },
  "pipeline-not-runnable": {
    exit: 1,
    meaning: "This machine's runner cannot execute the schedule.",
    action: "Compile an inference pipeline with `--device cpu`, one device per block.",
  },
  "placement-infeasible": {
    exit: 1,
    meaning: "It is proved that no schedule exists within the memory limits.",
    action: "Raise the limits; the message says what is needed.",
  },
  "placement-invalid": {
    exit: 1,
    meaning: "A placement has an invalid or missing field, or contradicts itself.",
    action: "See [the format](placement-format.md).",
  },
  "placement-not-json": {
    exit: 1,
    meaning: "A placement file is not JSON.",
    action: "See [the format](placement-format.md), or start from `--shape`.",
  },
  "placement-operator-unknown": {
    exit: 1,
    meaning: "A block of a placement names an operator that the model does not have.",
    action: "Use the operators' names; `*` and `?` are patterns.",
  },
  "preset-invalid": {
    exit: 2,
    meaning: "The figures of a preset make no pipeline, or its framework refuses them.",
    action: "See [the presets](presets.md); `--layout` says which layers each stage has.",
  },
  "preset-unknown": {
    exit: 2,
    meaning: "`--preset` names no preset.",
    action: "Use a name that the message lists.",
  },
  "repetend-exceeds-memory": {
    exit: 1,
    meaning: "The only repetend that the algorithm tries does not fit into the memory.",
    action: "Give the devices more memory, or choose another algorithm.",
  },
  "reserved-too-large": {
    exit: 1,
    meaning: "A device has less memory than its placement reserves on it.",
    action: "Give it more memory, or reserve less.",
  },
  "shape-option-invalid": {
    exit: 2,
    meaning: "A named shape does not allow an option or its value.",
    action: "See [the shapes](placement-format.md).",
  },
  "shape-unknown": {
    exit: 2,
    meaning: "`--shape` names no shape.",
    action: "Use a name that the message lists.",
  },
  "stage-boundary-element-type": {
    exit: 1,
    meaning:
      "A tensor whose element type ONNX Runtime cannot hand over would go from one stage to another.",
    action: "Keep its reader in the same stage, or ask for fewer stages.",
  },
  "stage-boundary-not-tensor": {
    exit: 1,
    meaning: "A sequence or an optional value would go from one stage to another.",
    action: "Keep its reader in the same stage, or ask for fewer stages.",
  },
  "stage-graph-cyclic": {
    exit: 1,
    meaning: "The blocks of a placement wait for each other.",
    action: "Move operators so that data goes from block to block in one direction.",
  },
  "stage-memory-infeasible": {
    exit: 1,
    meaning: "It is proved that no partition fits into the memory of the devices.",
    action: "Give more memory, as much as the message says, or use more devices.",
  },
  "stage-memory-not-met": {
    exit: 3,
    meaning: "No partition was found that fits into the memory of the devices.",
    action: "Give more memory, as much as the message says, or use more devices.",
  },
  "stage-placement-invalid": {
    exit: 1,
    meaning: "A placement of stages has an invalid or missing field, or contradicts itself.",
    action: "See [pipelines from models](pipelines-from-models.md).",
  },
  "stages-not-static": {
    exit: 1,
    meaning:
      "The run decides how often a loop repeats, so a stage with it has no estimated duration.",
    action: "Export the model with a fixed number of iterations, or unrolled.",
  },
  "step-waits-for-itself": {
    exit: 1,
    meaning:
      "Over earlier micro-batches a block once per step waits for itself, so no schedule exists.",
    action: "Let nothing that it waits for in all micro-batches wait for it in an earlier one.",
  },
  "too-many-blocks": {
    exit: 1,
    meaning: "The placement has more blocks than the algorithm takes.",
    action: "Choose another algorithm.",
  },
  "too-many-instances": {
    exit: 1,
    meaning: "The schedule would have more block instances than can be written down.",
    action: "Give fewer micro-batches: the repetend stays the same.",
  },
  "weights-unwritable": {
    exit: 1,
    meaning: "The file that stages share their weights in cannot be written.",
    action: "Free some space, or choose another folder.",
  },
} as const;
