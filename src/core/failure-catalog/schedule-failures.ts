/** Failures of searching operator schedules, and of schedule files. */
export const SCHEDULE_FAILURES = {
  "merges-cannot-run": {
    exit: 1,
    meaning: "The schedule computes convolutions together, which only a GPU does.",
    action: "Run it with `--device cuda`, or compile without `--merge-convolutions`.",
  },
  "merges-not-measured": {
    exit: 2,
    meaning: "`--merge-convolutions` needs figures that no recorded profile has.",
    action: "Leave out `--profile`.",
  },
  "progress-mismatch": {
    exit: 2,
    meaning: "`--progress` and `--concurrency` are about different numbers of tasks.",
    action: "Give one number for each task.",
  },
  "schedule-broken": {
    exit: 1,
    meaning: "A schedule breaks a rule, or does not agree with its model or its own figures.",
    action: "Compile the model again.",
  },
  "schedule-invalid": {
    exit: 1,
    meaning: "A schedule file has an invalid or missing field, or is not a schedule.",
    action: "Compile the model again; see [the format](artifact-format.md).",
  },
  "schedule-not-json": {
    exit: 1,
    meaning: "A schedule file is not JSON.",
    action: "Give the file that top-compile wrote.",
  },
  "schedule-of-another-model": {
    exit: 1,
    meaning: "The model is not the one that the schedule was made for.",
    action: "Give the model that it was compiled from, or compile this one.",
  },
  "schedule-without-model": {
    exit: 1,
    meaning: "The schedule does not say which model it is of.",
    action: "Give `--model`.",
  },
  "schedule-without-section": {
    exit: 1,
    meaning: "The schedule lacks the section that the command needs.",
    action: "Compile a model to get it.",
  },
  "tasks-cannot-run": {
    exit: 1,
    meaning: "The schedule is of several tasks in flight; `run` executes one inference.",
    action: "Compile without `--concurrency` and `--progress`.",
  },
  "too-many-operators": {
    exit: 3,
    meaning: "The model has more operators than the algorithm takes.",
    action: "Choose another algorithm.",
  },
} as const;
