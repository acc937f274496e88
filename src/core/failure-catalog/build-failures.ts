/** Failures of `build`: its configuration, its lock file, and outputs that are not what it makes. */
export const BUILD_FAILURES = {
  "artifact-edited": {
    exit: 1,
    meaning: "An output was changed by other means than `build`.",
    action: "Run `top-compile build`, which makes it again; change what it is made from instead.",
  },
  "artifact-foreign": {
    exit: 1,
    meaning: "A file is there that the configuration does not make, or not in this way.",
    action: "Run `top-compile build`; delete the file if nothing makes it any more.",
  },
  "artifact-invalid": {
    exit: 1,
    meaning: "An output is as it was made, but `verify` refuses it.",
    action: "Run `top-compile build --remake`; report it if the output is refused again.",
  },
  "artifact-missing": {
    exit: 1,
    meaning: "The configuration makes an output that is not there.",
    action: "Run `top-compile build`, and commit what it writes.",
  },
  "artifact-stale": {
    exit: 1,
    meaning: "What an output is made from has changed since, or the version of the program.",
    action: "Run `top-compile build`, and commit what it writes.",
  },
  "config-exists": {
    exit: 1,
    meaning: "`init` was run where there is a configuration already; it overwrites none.",
    action: "Edit the configuration, or delete it first.",
  },
  "config-invalid": {
    exit: 1,
    meaning: "The configuration of `build` says something that cannot be made.",
    action: "Correct the place that the message names; docs/build.md describes the file.",
  },
  "config-not-json": {
    exit: 1,
    meaning: "The configuration of `build` is not JSON.",
    action: "Correct the place that the message names.",
  },
  "init-device-measured": {
    exit: 2,
    meaning: "`init` was asked for a device whose schedules have to be measured.",
    action: "Give a GPU by its data sheet, or put `<model>.profile.json` beside the models.",
  },
  "lock-invalid": {
    exit: 1,
    meaning: "The lock file beside the configuration cannot be read, perhaps after a merge.",
    action: "Delete it and run `top-compile build`.",
  },
  "nothing-to-build": {
    exit: 1,
    meaning: "`init` found no model and no placement in the folder.",
    action: "Run it in the folder of the models, or below which they lie.",
  },
  "output-not-made": {
    exit: 1,
    meaning: "One of the outputs of `build` could not be made; the others were.",
    action: "See the failure that the message quotes.",
  },
} as const;
