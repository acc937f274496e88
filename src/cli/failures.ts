import { errorLine, fileProblem } from "../core/error-text.js";
import type { Failure } from "../core/failure.js";

/** `search` without anything to search, or with two things. */
export function searchSourceMissing(): Failure {
  return {
    code: "search-source",
    message:
      "needs one of a placement file, --shape NAME and --preset NAME, the last two with --devices N",
    hint: "for instance: top-compile search --shape v --devices 4",
    exit: 2,
  };
}

/** `partition` without a number of stages or a placement. */
export function partitionStagesMissing(): Failure {
  return {
    code: "partition-stages",
    message: "needs --stages N, a list of devices, or --placement FILE",
    hint: "for instance: top-compile partition model.onnx --stages 4",
    exit: 2,
  };
}

/** An option that would be ignored; `other` in words, such as `with --device cpu`. */
export function optionNotApplicable(option: string, other: string, why: string): Failure {
  return {
    code: "option-not-applicable",
    where: option,
    message: `cannot be used ${other}: ${why}`,
    hint: other.startsWith("with ") ? "leave one of the two out" : "leave it out",
    exit: 2,
  };
}

/** The output of a command cannot be written. */
export function outputUnwritable(cause: unknown): Failure {
  return {
    code: "output-unwritable",
    where: "standard output",
    message: `cannot be written: ${fileProblem(cause)}`,
    hint: "the result is not all there; free some space, or print to another place",
    exit: 1,
    cause,
  };
}

/** The process that does a command's work ended as no program does by itself. */
export function processDied(reason: string): Failure {
  return {
    code: "process-died",
    message: `the process that did the work ended early: ${errorLine(reason)}`,
    hint: "if memory was short, allow more with NODE_OPTIONS=--max-old-space-size=8192, or use a smaller model",
    exit: 4,
  };
}

/** `run` with several files and no arrivals, or with arrivals of both kinds. */
export function servingFileWrong(): Failure {
  return {
    code: "serving-file",
    message: "takes one schedule, or models with either --arrivals FILE or --rate MODEL=REQUESTS",
    hint: "for instance: top-compile run model.onnx --rate model=100",
    exit: 2,
  };
}

/** `launch` without arrivals, or with two kinds of them. */
export function arrivalsSourceMissing(): Failure {
  return {
    code: "arrivals-source",
    message: "needs either --arrivals FILE, or --rate MODEL=REQUESTS for every model",
    hint: "for instance: top-compile launch model.onnx --rate model=100 --device h200",
    exit: 2,
  };
}
