/** Failures of exporting schedules to other tools. */
export const EXPORT_FAILURES = {
  "export-block-unfit": {
    exit: 1,
    meaning: "The format cannot say what a block of the pipeline does, or where it runs.",
    action: "Change the block as the message says, or use another format.",
  },
  "export-format-missing": {
    exit: 2,
    meaning: "`export` was not told which format to write.",
    action: "Give `--to` with a format of [the table](exports.md).",
  },
  "export-measured-invalid": {
    exit: 1,
    meaning: "The file of `--measured` is not what `run --json` printed of the pipeline.",
    action: "Run the pipeline again with `--json`, and give what it prints.",
  },
  "export-model-missing": {
    exit: 1,
    meaning: "The format needs stages of a model, and there is no model or it has no stages.",
    action: "Give `--model`, or export a pipeline that was compiled from a model.",
  },
  "export-model-too-large": {
    exit: 1,
    meaning:
      "ONNX Runtime cannot write the optimized model: it has more than 1.75 GiB of weights, and constants inside of branches or loops.",
    action: "Export another format, or a smaller model.",
  },
  "export-output-needed": {
    exit: 2,
    meaning: "The format has files that are too large to be handed over, and is only written.",
    action: "Give a folder with `--out`.",
  },
  "export-section-missing": {
    exit: 1,
    meaning: "The format takes schedules of another kind: of one device, of pipelines, policies.",
    action: "Give such a schedule, or a format that takes this one.",
  },
  "export-tasks-in-flight": {
    exit: 1,
    meaning: "The schedule is of several tasks in flight; the format has one inference.",
    action: "Compile without `--concurrency`, and export that schedule.",
  },
  "export-times-missing": {
    exit: 1,
    meaning: "The format draws times, and the schedule has none: nothing was predicted of it.",
    action: "Export it as `csv` or `dot`, or compile for one thread per operator.",
  },
  "export-too-large": {
    exit: 1,
    meaning: "The schedule has more in it than the format can show or one text can hold.",
    action: "Search with fewer micro-batches, or use another format.",
  },
  "export-triton-impossible": {
    exit: 1,
    meaning: "No configuration of Triton says what the schedule says, even approximately.",
    action: "See [exports](exports.md) for what Triton takes, or export another format.",
  },
} as const;
