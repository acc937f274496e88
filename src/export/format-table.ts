/** Every format that schedules are exported to, one row each. */
import type { ExportFormat } from "./export-format.js";

/** In the order of the help. */
export const EXPORT_FORMATS: readonly ExportFormat[] = [
  {
    name: "csv",
    summary: "a table: a row for each operator, block instance or policy",
    takes: ["operators", "pipeline", "launcher"],
    ending: ".csv",
    isFolder: false,
    load: async () => (await import("./csv.js")).exportCsv,
  },
  {
    name: "chrome-trace",
    summary: "the timeline, for Perfetto, chrome://tracing and speedscope",
    takes: ["operators", "pipeline"],
    ending: ".trace.json",
    isFolder: false,
    load: async () => (await import("./chrome-trace.js")).exportChromeTrace,
  },
  {
    name: "svg",
    summary: "the timeline as a picture, for documents",
    takes: ["operators", "pipeline"],
    ending: ".svg",
    isFolder: false,
    load: async () => (await import("./svg-timeline.js")).exportSvg,
  },
  {
    name: "dot",
    summary: "the order of operators or blocks as a graph, for Graphviz",
    takes: ["operators", "pipeline"],
    ending: ".dot",
    isFolder: false,
    load: async () => (await import("./dot.js")).exportDot,
  },
  {
    name: "placement",
    summary: "the placement of a pipeline, for search",
    takes: ["pipeline"],
    ending: ".placement.json",
    isFolder: false,
    load: async () => (await import("./placement.js")).exportPlacement,
  },
  {
    name: "pytorch",
    summary: "the schedule of torch.distributed.pipelining, and its launcher",
    takes: ["pipeline"],
    ending: ".pytorch.csv",
    isFolder: false,
    load: async () => (await import("./pytorch/export-pytorch.js")).exportPytorch,
  },
  {
    name: "ort",
    summary: "order and streams of nodes, with the model, for ONNX Runtime",
    takes: ["operators", "pipeline"],
    ending: ".ort",
    isFolder: true,
    load: async () => (await import("./ort/export-ort.js")).exportOrt,
  },
  {
    name: "triton",
    summary: "a model repository, for the Triton inference server",
    takes: ["pipeline", "launcher"],
    ending: ".triton",
    isFolder: true,
    load: async () => (await import("./triton/export-triton.js")).exportTriton,
  },
  {
    name: "hints",
    summary: "settings for TensorRT, vLLM, SGLang and Megatron-LM",
    takes: ["operators", "pipeline"],
    ending: ".hints.txt",
    isFolder: false,
    load: async () => (await import("./hints/export-hints.js")).exportHints,
  },
];

/** The format of that name; `undefined`: there is none. */
export function exportFormat(name: string): ExportFormat | undefined {
  return EXPORT_FORMATS.find((format) => format.name === name);
}
