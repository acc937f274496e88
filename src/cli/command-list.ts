/**
 * Every command: its entry in the help, and the module that has the rest.
 *
 * The options of a command and the modules it needs are loaded only when that command is named, so
 * the program starts as fast with all of its commands as with one.
 */
import type { CommandEntry } from "./command.js";

/** The command meant when the first argument is a file. */
export const DEFAULT_COMMAND = "compile";

/** Every command, in the order of the help. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: DEFAULT_COMMAND,
    summary: "measure a model, search its operator schedule, write <model>.schedule.json",
    argument: ["<model.onnx>", "the model"],
    load: async () => (await import("./commands/compile.js")).registerCompile,
  },
  {
    name: "search",
    summary: "search the pipeline schedule of a placement",
    argument: ["[placement.json]", "the placement; or give --shape"],
    load: async () => (await import("./commands/search.js")).registerSearch,
  },
  {
    name: "partition",
    summary: "cut a model into stages and write <model>.placement.json, for search",
    argument: ["<model.onnx>", "the model"],
    load: async () => (await import("./commands/partition.js")).registerPartition,
  },
  {
    name: "launch",
    summary:
      "choose how to serve requests for several models that share a device, write <first>.policy.json",
    argument: ["<model.onnx...>", "the models"],
    load: async () => (await import("./commands/launch.js")).registerLaunch,
  },
  {
    name: "inspect",
    summary: "show a model's operators, FLOPs, bytes, width and critical path",
    argument: ["<model.onnx>", "the model; its weights are not read"],
    load: async () => (await import("./commands/inspect.js")).registerInspect,
  },
  {
    name: "profile",
    summary: "measure a model, its best schedules and the baselines; write <model>.profile.json",
    argument: ["<model.onnx>", "the model"],
    load: async () => (await import("./commands/profile.js")).registerProfile,
  },
  {
    name: "profile import",
    summary:
      "make a profile of what trtexec, Nsight Systems, ONNX Runtime, PyTorch or others measured",
    argument: ["<file...>", "files of one tool"],
    load: async () => (await import("./commands/profile-import.js")).registerProfileImport,
  },
  {
    name: "run",
    summary:
      "execute a schedule, check its outputs, compare it with ONNX Runtime's own ways; or serve models",
    argument: ["<file...>", "the schedule; or models to serve, with --arrivals or --rate"],
    load: async () => (await import("./commands/run.js")).registerRun,
  },
  {
    name: "verify",
    summary: "check a schedule against its model, independently of the search",
    argument: ["<schedule.json>", "the schedule"],
    load: async () => (await import("./commands/verify.js")).registerVerify,
  },
  {
    name: "explain",
    summary: "show a schedule: timeline, where the time goes, what to speed up",
    argument: ["<schedule.json>", "the schedule"],
    load: async () => (await import("./commands/explain.js")).registerExplain,
  },
  {
    name: "export",
    summary: "write a schedule in the format of another tool: traces, pictures, PyTorch",
    argument: ["<schedule.json>", "the schedule"],
    load: async () => (await import("./commands/export.js")).registerExport,
  },
  {
    name: "import",
    summary: "make a schedule of what PyTorch runs (its CSV, or traces), or of a trace of ours",
    argument: ["<file...>", "one schedule, or a trace per rank"],
    load: async () => (await import("./commands/import.js")).registerImport,
  },
  {
    name: "build",
    summary:
      "make every schedule that top-compile.config.json lists, or check that all are current",
    load: async () => (await import("./commands/build.js")).registerBuild,
  },
  {
    name: "init",
    summary: "write a first top-compile.config.json from what is in the folder",
    load: async () => (await import("./commands/init.js")).registerInit,
  },
  {
    name: "completion",
    summary: "print what a shell needs to complete commands and options",
    argument: ["<shell>", "the shell"],
    load: async () => (await import("./commands/completion.js")).registerCompletion,
  },
  {
    name: "doctor",
    summary: "show what this machine has: Node, ONNX Runtime, processor, GPU, compiler",
    load: async () => (await import("./commands/doctor.js")).registerDoctor,
  },
];
