/** Failures of the command line and of the files that commands read and write. */
export const COMMAND_FAILURES = {
  "device-unknown": {
    exit: 2,
    meaning: "`--device` names neither a device of this machine nor a device model.",
    action: "Use a name that the message lists, or the path of a device model file.",
  },
  "file-exists": {
    exit: 1,
    meaning: "The output exists already and was not written by an earlier run of the command.",
    action: "Choose another place, or give `--force` to overwrite it.",
  },
  "file-not-text": {
    exit: 1,
    meaning: "A JSON file is not UTF-8 text.",
    action: "Check that it is the right file, and save it as UTF-8.",
  },
  "file-too-large": {
    exit: 1,
    meaning: "A JSON file is larger than any file of its kind can be.",
    action: "Check that it is the right file.",
  },
  "file-unreadable": {
    exit: 1,
    meaning: "A file cannot be opened or read.",
    action: "Check the path and its permissions.",
  },
  "file-unwritable": {
    exit: 1,
    meaning: "An output cannot be written where it was asked for.",
    action: "Choose another place, or free some space.",
  },
  internal: {
    exit: 70,
    meaning: "A mistake of top-compile itself.",
    action: "Report it with the command and its input; `--verbose` adds where it happened.",
  },
  interrupted: {
    exit: 130,
    meaning: "The command was stopped with Ctrl-C; by SIGTERM the status is 143, by SIGHUP 129.",
    action: "Run it again; the message says whether anything was written before.",
  },
  "option-needs-pipeline": {
    exit: 2,
    meaning: "An option describes a pipeline, but no pipeline is asked for.",
    action: "Give `--devices` or `--placement` as well, or leave the option out.",
  },
  "option-needs-training": {
    exit: 2,
    meaning: "An option says what training costs, but the pipeline is for inference.",
    action: "Give `--mode train` as well, or leave the option out.",
  },
  "option-not-for-pareto": {
    exit: 2,
    meaning: "An option is about one schedule, but `--pareto` compares many and writes none.",
    action: "Leave out one of the two.",
  },
  "option-not-for-pipeline": {
    exit: 2,
    meaning: "An option is about operator schedules on one device, not about pipelines.",
    action: "Leave it out, or use the option that the message names instead.",
  },
  "output-is-input": {
    exit: 2,
    meaning: "The output would overwrite a file that the command reads.",
    action: "Choose another place.",
  },
  "output-unwritable": {
    exit: 1,
    meaning: "What the command prints cannot be written where it goes, so it is not all there.",
    action: "Free some space, or print to another place.",
  },
  "partition-stages": {
    exit: 2,
    meaning: "`partition` was given nothing that says how many stages to make.",
    action: "Give `--stages`, a list of devices, or `--placement`.",
  },
  "pipeline-layout-twice": {
    exit: 2,
    meaning: "Both `--placement` and another option say how to place the model.",
    action: "Give one of them.",
  },
  "process-died": {
    exit: 4,
    meaning: "The process that did the work ended early: memory was short, or native code failed.",
    action: "Allow more memory with `NODE_OPTIONS=--max-old-space-size=8192`; else report it.",
  },
  "search-source": {
    exit: 2,
    meaning: "`search` was given no placement, or both a file and a shape.",
    action: "Give a placement file, or `--shape` with `--devices`.",
  },
  "shape-option-without-shape": {
    exit: 2,
    meaning: "An option describes a named shape, but a placement file is given.",
    action: "Leave the option out, or give `--shape` instead of the file.",
  },
  stopped: {
    exit: 3,
    meaning: "The work was stopped before its end; nothing was written.",
    action: "Run it again.",
  },
  usage: {
    exit: 2,
    meaning: "A command, an option or the value of an option does not exist or is missing.",
    action: "See the command's `--help`.",
  },
} as const;
