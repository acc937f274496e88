/** Failures of importing measurements that other tools made. */
export const IMPORT_FAILURES = {
  "import-actions-missing": {
    exit: 1,
    meaning: "A trace to import has no actions of a pipeline.",
    action: "Record a step of the schedule; see [importing schedules](importing-schedules.md).",
  },
  "import-coverage-low": {
    exit: 1,
    meaning: "Less than 95 % of the imported time belongs to nodes of the model.",
    action: "Give the model that was measured, with the names that its nodes had then.",
  },
  "import-device-wrong": {
    exit: 2,
    meaning: "The measurements are of another kind of device than `--device` names.",
    action: "For those of a GPU, name its data sheet; for those of a CPU, leave `--device` out.",
  },
  "import-files-conflict": {
    exit: 2,
    meaning: "Files do not belong together, one is missing, or an option is for another format.",
    action: "See [importing profiles](importing-profiles.md) for the files of each tool.",
  },
  "import-format-unknown": {
    exit: 1,
    meaning: "A file is in no format that can be imported.",
    action: "See [importing profiles](importing-profiles.md) for the formats.",
  },
  "import-launch-times-only": {
    exit: 1,
    meaning: "A profile of ONNX Runtime on a GPU says how long launching took, not computing.",
    action: "Record with CUDA profiling, with Nsight Systems or with trtexec.",
  },
  "import-layers-opaque": {
    exit: 1,
    meaning: "A layer of TensorRT stands for many nodes, and does not say which.",
    action: "Give the detailed layer information as well.",
  },
  "import-malformed": {
    exit: 1,
    meaning: "A file to import ends early, or has a value that cannot be.",
    action: "Record it again.",
  },
  "import-nothing-measured": {
    exit: 1,
    meaning: "A file to import has no times, or none of a GPU.",
    action: "Record it again; see [importing profiles](importing-profiles.md).",
  },
  "import-operators-missing": {
    exit: 1,
    meaning: "A matrix product or convolution of the model has no imported time.",
    action: "Give the model that was measured; for ONNX Runtime, its optimized model as well.",
  },
  "import-order-needed": {
    exit: 2,
    meaning: "A trace of PyTorch names no nodes of the model.",
    action: "Give `--match-by-order` to match by type, size and order.",
  },
  "import-placement-differs": {
    exit: 1,
    meaning: "The placement is not of the stages that a schedule was imported for.",
    action: "Give the placement of the same stages on the same devices, or none.",
  },
  "import-schedule-invalid": {
    exit: 1,
    meaning:
      "A schedule to import breaks a rule of its format: an action is missing, twice, or too early.",
    action: "See [importing schedules](importing-schedules.md) for the rules.",
  },
  "import-schedule-stuck": {
    exit: 1,
    meaning: "In a schedule to import, ranks wait for each other for ever.",
    action: "Put every action behind those that it waits for.",
  },
  "import-schedule-unknown": {
    exit: 1,
    meaning: "A file holds no schedule in a format that can be imported.",
    action: "See [importing schedules](importing-schedules.md) for the formats.",
  },
  "import-schedules-conflict": {
    exit: 2,
    meaning: "Files are not of one schedule, or an option is for another format.",
    action: "Give one schedule, or a trace of each rank.",
  },
} as const;
