/** Failures of measuring and running on the CPU, and of profiles. */
export const RUNTIME_FAILURES = {
  "device-model-invalid": {
    exit: 1,
    meaning: "A device model file has an invalid or missing field.",
    action: "See [device models](device-models.md).",
  },
  "device-model-not-json": {
    exit: 1,
    meaning: "A device model file is not JSON.",
    action: "See [device models](device-models.md).",
  },
  "device-unsupported": {
    exit: 4,
    meaning: "The device is known by its data sheet only: nothing can be measured or run there.",
    action: "Give `--device cpu`, or `--device cuda` where there is a GPU.",
  },
  "executor-closed": {
    exit: 4,
    meaning: "The worker threads had been stopped.",
    action: "Run again.",
  },
  "executor-timed-out": {
    exit: 4,
    meaning: "The worker threads did not finish in time.",
    action: "Run again on a machine that is less busy.",
  },
  "expected-outputs-differ": {
    exit: 1,
    meaning: "Outputs are not those that a folder of test data says, beyond the tolerance.",
    action: "Check that the test data belong to the model; see [outputs](inputs.md#outputs).",
  },
  "input-invalid": {
    exit: 1,
    meaning:
      "A file that was given as an input is no tensor that can be read, or a folder has no test data.",
    action:
      "Save the array with `numpy.save`, or as an ONNX TensorProto; see [inputs](inputs.md#given-inputs).",
  },
  "input-shape-differs": {
    exit: 1,
    meaning:
      "A given input has dims that the model, the schedule, `--dim` or another input contradicts.",
    action: "Give inputs that agree, and leave out sizes that follow from them.",
  },
  "input-twice": {
    exit: 2,
    meaning: "An input is given by two files.",
    action: "Give each input one file.",
  },
  "input-type-differs": {
    exit: 1,
    meaning:
      "A given input has elements of another type than the model takes; nothing is converted.",
    action: "Save the array in the type that the message names.",
  },
  "input-unknown": {
    exit: 2,
    meaning: "A file is given for an input or output that the model does not have.",
    action: "`top-compile inspect` shows the inputs of a model.",
  },
  "machine-memory-exceeded": {
    exit: 4,
    meaning: "A tensor of the model, or its inputs together, are more than this machine can hold.",
    action: "Give smaller sizes with `--dim` or `--batch`, or use a machine with more memory.",
  },
  "onnxruntime-missing": {
    exit: 4,
    meaning: "The package onnxruntime-node is not installed or cannot be loaded.",
    action: "Install it with the command in the message.",
  },
  "onnxruntime-refused-model": {
    exit: 1,
    meaning: "ONNX Runtime cannot load the model at the sizes it was given.",
    action: "Give the sizes of dynamic dims with `--dim`; the message says which were assumed.",
  },
  "onnxruntime-run-failed": {
    exit: 1,
    meaning: "ONNX Runtime loads the model but cannot run it.",
    action: "Check the sizes of dynamic dims, or give inputs that the model takes with `--input`.",
  },
  "output-not-tensor": {
    exit: 1,
    meaning:
      "An output of the model is a sequence, a map or an optional value, which cannot be taken from ONNX Runtime.",
    action: "Export the model with tensors as outputs, or compile it for a device model.",
  },
  "outputs-differ": {
    exit: 1,
    meaning: "A schedule's outputs differ from the model's by more than rounding.",
    action: "Report it: a verified schedule must not change results.",
  },
  "profile-invalid": {
    exit: 1,
    meaning: "A profile file has an invalid or missing field, or is not a profile.",
    action: "Give a profile that this version wrote.",
  },
  "profile-not-stored": {
    exit: 4,
    meaning: "A profile cannot be kept for the next time.",
    action: "Choose another place with `--out`, or set `XDG_CACHE_HOME`.",
  },
  "profile-stale": {
    exit: 1,
    meaning: "A profile was measured with another model, device, version or size.",
    action: "Measure it again.",
  },
  "profile-unreadable": {
    exit: 1,
    meaning: "A profile cannot be opened or read.",
    action: "Check the path, or measure one.",
  },
  "profiler-failed": {
    exit: 4,
    meaning: "The figures of ONNX Runtime's profiler cannot be used.",
    action: "Check that the folder for temporary files can be written.",
  },
  "segment-failed": {
    exit: 1,
    meaning: "ONNX Runtime failed while a schedule ran.",
    action: "Check the sizes of dynamic dims.",
  },
  "sizes-differ": {
    exit: 1,
    meaning: "A run gave a value of another size than follows from the inputs.",
    action: "Check the model with `onnx.checker`; report the operator.",
  },
  "stage-failed": {
    exit: 1,
    meaning: "ONNX Runtime failed in a stage of a pipeline.",
    action: "Check the sizes of dynamic dims.",
  },
  "stage-output-wrong-shape": {
    exit: 1,
    meaning: "A stage produced a tensor of another shape than follows from the inputs.",
    action: "Check the model with `onnx.checker`; report the operator.",
  },
  "temporary-folder-full": {
    exit: 4,
    meaning: "The folder for temporary files has no room for what measuring writes.",
    action: "Free some space, or name another place with the environment variable `TMPDIR`.",
  },
  "temporary-folder-refused": {
    exit: 4,
    meaning: "No folder for temporary files can be made.",
    action: "Name a place with room in it with the environment variable `TMPDIR`.",
  },
  "unsupported-element-type": {
    exit: 1,
    meaning: "A tensor's element type cannot be handed to ONNX Runtime.",
    action: "Cast the tensor inside the model, and export it again.",
  },
  "worker-died": {
    exit: 4,
    meaning: "A worker thread ended early.",
    action: "Use fewer streams or devices if memory is short.",
  },
  "worker-out-of-memory": {
    exit: 4,
    meaning: "A worker thread ran out of memory.",
    action: "Use fewer streams or devices, or smaller dynamic dims.",
  },
  "wrong-input-tensor": {
    exit: 1,
    meaning: "An input tensor does not fit the model.",
    action: "Give the inputs that the model declares; `inspect` shows them.",
  },
} as const;
