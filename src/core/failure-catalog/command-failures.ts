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
  "option-not-applicable": {
    exit: 2,
    meaning: "An option means nothing together with another one, and would be ignored.",
    action: "Leave out one of the two that the message names; the help says what an option is for.",
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
  "process-died": {
    exit: 4,
    meaning: "The process that did the work ended early: memory was short, or native code failed.",
    action: "Allow more memory with `NODE_OPTIONS=--max-old-space-size=8192`; else report it.",
  },
  "search-source": {
    exit: 2,
    meaning: "`search` was given no placement, or several of a file, a shape and a preset.",
    action: "Give a placement file, or `--shape` or `--preset` with `--devices`.",
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
