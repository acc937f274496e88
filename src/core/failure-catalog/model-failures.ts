/** Failures of reading ONNX models and of giving them static sizes. */
export const MODEL_FAILURES = {
  "batch-impossible": {
    exit: 1,
    meaning: "The model cannot be compiled for the batch that `--batch` asks for.",
    action: "Export it with a dynamic first dim, or leave out `--batch`.",
  },
  "dim-conflict": {
    exit: 2,
    meaning: "Two options, or an option and the model, give one dim different sizes.",
    action: "Give each dynamic dim one size.",
  },
  "dim-invalid": {
    exit: 2,
    meaning: "A dim is given a size that no dim can have.",
    action: "Give a whole number of 0 or more.",
  },
  "dim-unknown": {
    exit: 2,
    meaning: "`--dim` names no dynamic dim of the model.",
    action: "Use a name that the message lists (`inspect` shows all inputs), or `INPUT[AXIS]`.",
  },
  "external-data-outside": {
    exit: 1,
    meaning: "External data of the model are a link that leads out of the model's folder.",
    action:
      "Look at where it leads; if that file may be read, allow it with `--allow-external PATH`.",
  },
  "input-not-tensor": {
    exit: 1,
    meaning: "An input of the model is a sequence, a map, an optional value or a sparse tensor.",
    action: "Export the model with tensors as inputs.",
  },
  "model-invalid": {
    exit: 1,
    meaning: "The model's graph contradicts itself.",
    action: "Export the model again, or check it with the ONNX checker.",
  },
  "model-malformed": {
    exit: 1,
    meaning: "The file is not an ONNX model, or is cut off or damaged.",
    action: "Check that the file is complete and is ONNX in its protobuf form.",
  },
  "model-other-format": {
    exit: 1,
    meaning: "The file is of another, recognized kind.",
    action: "Give the ONNX model; the message says what the file is.",
  },
  "model-too-large": {
    exit: 1,
    meaning:
      "A model, or a part of one, has more weights than ONNX Runtime takes in one piece: 1.75 GiB.",
    action: "Compile from a profile that was recorded elsewhere, or for a device model.",
  },
  "model-unreadable": {
    exit: 1,
    meaning: "The file of a model cannot be opened or read.",
    action: "Check the path and its permissions; for a schedule, say where its model is.",
  },
  "model-version": {
    exit: 1,
    meaning: "The model's ONNX version or operator set is not supported.",
    action: "Convert it with ONNX's version converter, or export it again.",
  },
  "nothing-to-schedule": {
    exit: 1,
    meaning: "The model has only constants and views, and no operator that does work.",
    action: "Look at what it is made of with `inspect`; its outputs can be written down.",
  },
  "shape-impossible": {
    exit: 1,
    meaning: "An operator cannot have inputs of the sizes that it gets.",
    action: "Give the sizes of dynamic dims with `--dim`; else the model contradicts itself.",
  },
  "tensor-too-large": {
    exit: 1,
    meaning: "A tensor would be larger than any device holds.",
    action: "Check the sizes of the inputs.",
  },
  "types-unknown": {
    exit: 1,
    meaning: "The type or sizes of tensors cannot be known: no rule, run or bound tells them.",
    action:
      "Install ONNX Runtime for a run that shows them, or give them with `--dim TENSOR[AXIS]=VALUE`.",
  },
  "weights-missing": {
    exit: 1,
    meaning: "Weights that are needed to run the model are not there.",
    action: "Put the external data beside the model, or compile from a recorded profile.",
  },
} as const;
