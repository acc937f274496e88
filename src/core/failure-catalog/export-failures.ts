/** Failures of exporting schedules to other tools. */
export const EXPORT_FAILURES = {
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
  "export-section-missing": {
    exit: 1,
    meaning: "The format takes schedules of another kind: of one device, of pipelines, policies.",
    action: "Give such a schedule, or a format that takes this one.",
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
} as const;
