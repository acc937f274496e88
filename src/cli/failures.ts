import { errorLine, fileProblem } from "../core/error-text.js";
import type { Failure } from "../core/failure.js";

/** `search` without anything to search, or with two things. */
export function searchSourceMissing(): Failure {
  return {
    code: "search-source",
    message: "needs either a placement file, or --shape NAME with --devices N",
    hint: "for instance: top-compile search --shape v --devices 4",
    exit: 2,
  };
}

/** An option that describes a shape, together with a file. */
export function shapeOptionWithoutShape(option: string): Failure {
  return {
    code: "shape-option-without-shape",
    where: `--${option}`,
    message: "describes a named shape, but a placement file is given",
    hint: "leave it out, or give --shape instead of the file",
    exit: 2,
  };
}

/** An option of one schedule, where every memory limit is compared. */
export function optionNotForPareto(option: string): Failure {
  return {
    code: "option-not-for-pareto",
    where: `--${option}`,
    message: "is about one schedule, but --pareto compares every memory limit and writes none",
    hint: "leave out one of the two",
    exit: 2,
  };
}

/** An option that describes a pipeline, without one. */
export function optionNeedsPipeline(option: string): Failure {
  return {
    code: "option-needs-pipeline",
    where: `--${option}`,
    message: "describes a pipeline, but none is asked for",
    hint: "give --devices N as well, or --placement FILE",
    exit: 2,
  };
}

/** An option of training without training. */
export function optionNeedsTraining(option: string): Failure {
  return {
    code: "option-needs-training",
    where: `--${option}`,
    message: "says what training costs, but the pipeline is for inference",
    hint: "give --mode train as well",
    exit: 2,
  };
}

/** A placement by hand, and options that search one. */
export function pipelineLayoutTwice(option: string): Failure {
  return {
    code: "pipeline-layout-twice",
    where: `--${option}`,
    message: "says how to place the model, and so does --placement",
    hint: "give one of them",
    exit: 2,
  };
}

/** An option of operator schedules, for a pipeline. */
export function optionNotForPipeline(option: string, instead: string): Failure {
  return {
    code: "option-not-for-pipeline",
    where: `--${option}`,
    message: "is about operator schedules on one device, not about pipelines",
    hint: instead,
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

/** A device whose costs pipelines are not made from. */
export function deviceNotForPipeline(device: string): Failure {
  return {
    code: "device-not-for-pipeline",
    where: `--device ${device}`,
    message: "one GPU cannot say what a pipeline of several costs",
    hint: "give the GPU by its data sheet, such as h200, or --device cpu",
    exit: 2,
  };
}

/** What a command prints cannot be written. */
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
