/** From a configuration to the commands that make its outputs. */
import { posix } from "node:path";
import { findFiles } from "../../core/find-files.js";
import { isGlob } from "../../core/glob.js";
import type { JsonProblem } from "../../core/json-shape.js";
import { matchesPath } from "../../core/path-pattern.js";
import type {
  BuildConfig,
  LaunchTarget,
  ModelTarget,
  SearchTarget,
  Target,
  TargetOptions,
} from "./config-format.js";
import { filledIn, type Placeholders, patternOf, placeholdersOf, plainName } from "./templates.js";

/** One command that makes one output. All paths are relative to the folder of the configuration. */
export interface BuildJob {
  /** The command line, without the output. */
  readonly words: readonly string[];
  readonly out: string;
  /** Files that the command is given, besides those in its options. */
  readonly reads: readonly string[];
  readonly options: TargetOptions;
  /** What `verify` takes for the model: a file, or the folder of several; absent: nothing. */
  readonly model?: string;
  /** The place in the configuration. */
  readonly pointer: string;
}

/** A plan: the commands in the order of the configuration, and what their outputs can be called. */
export interface BuildPlan {
  readonly jobs: readonly BuildJob[];
  /** Patterns of the outputs of targets that say where theirs go. */
  readonly patterns: readonly string[];
}

/** The options of a target as words of a command line; adds what is wrong with them. */
export type OptionWords = (
  command: Target["command"],
  options: TargetOptions,
  pointer: string,
  problems: JsonProblem[],
) => readonly string[];

interface Planning {
  readonly folder: string;
  readonly optionWords: OptionWords;
  readonly jobs: BuildJob[];
  readonly problems: JsonProblem[];
}

/**
 * Plans what a configuration in `folder` makes. What cannot be made is added to `problems`: patterns
 * that take no file, outputs in one place, what would not be the same on another machine.
 */
export function planBuild(
  { targets }: BuildConfig,
  folder: string,
  optionWords: OptionWords,
  problems: JsonProblem[],
): BuildPlan {
  const planning: Planning = { folder, optionWords, jobs: [], problems };
  for (const [at, target] of targets.entries()) {
    // Only what earlier targets make can be read.
    const jobs = jobsOf(target, `/targets/${at}`, planning);
    for (const job of jobs) {
      addJob(job, planning);
    }
  }
  return {
    jobs: planning.jobs,
    patterns: targets.flatMap(({ out }) => (out === undefined ? [] : [patternOf(out)])),
  };
}

function addJob(job: BuildJob, { jobs, problems }: Planning): void {
  const other = jobs.find(({ out }) => out === job.out);
  const reader = [...jobs, job].find(({ reads }) => reads.includes(job.out));
  if (other !== undefined) {
    const message = `${job.out} would be made twice: ${lineOf(other)}, and ${lineOf(job)}; put {device} or another placeholder into "out"`;
    problems.push({ pointer: job.pointer, message });
  } else if (reader !== undefined) {
    const message = `${job.out} is read before it is made, by ${lineOf(reader)}`;
    problems.push({ pointer: job.pointer, message });
  }
  jobs.push(job);
}

/** A command line for people. */
export function lineOf({ words }: Pick<BuildJob, "words">): string {
  return words.join(" ");
}

function jobsOf(target: Target, pointer: string, planning: Planning): readonly BuildJob[] {
  const { options = {} } = target;
  const { optionWords, problems } = planning;
  const words = optionWords(target.command, options, `${pointer}/options`, problems);
  const place = { pointer, words, planning };
  switch (target.command) {
    case "search":
      return searchJobs(target, place);
    case "launch":
      return launchJobs(target, place);
    case "compile":
    case "partition":
      return modelJobs(target, place);
  }
}

interface TargetPlace {
  readonly pointer: string;
  /** The options as words. */
  readonly words: readonly string[];
  readonly planning: Planning;
}

function searchJobs(target: SearchTarget, place: TargetPlace): readonly BuildJob[] {
  const { placements = [], shapes = [], out, options = {} } = target;
  const { pointer, words, planning } = place;
  if ((placements.length === 0) === (shapes.length === 0)) {
    const message = 'needs either "placements" or "shapes"';
    planning.problems.push({ pointer, message });
  }
  const ofFiles = filesOf(placements, `${pointer}/placements`, planning).map((file) => ({
    subject: [asWord(file)],
    reads: [file],
    values: placeholdersOf("placement", file),
    usual: "{folder}/{placement}.schedule.json",
  }));
  const ofShapes = shapes.map((shape) => ({
    subject: [`--shape=${shape}`],
    reads: [],
    values: { shape: plainName(shape) },
    usual: "{shape}.schedule.json",
  }));
  return [...ofFiles, ...ofShapes].flatMap(({ subject, reads, values, usual }) => {
    const path = pathOf(out ?? usual, values, `${pointer}/out`, planning);
    const job = { words: ["search", ...subject, ...words], reads, options, pointer };
    return path === undefined ? [] : [{ ...job, out: path }];
  });
}

function modelJobs(target: ModelTarget, place: TargetPlace): readonly BuildJob[] {
  const { devices = ["cpu"], profile } = target;
  const { pointer, planning } = place;
  if (profile === undefined) {
    refuseMeasured(devices, '"profile"', place);
  }
  const models = filesOf(target.models, `${pointer}/models`, planning);
  return models.flatMap((model) =>
    devices.flatMap((device) => {
      const job = modelJob(target, model, device, place);
      return job === undefined ? [] : [job];
    }),
  );
}

/** Devices whose outputs would differ from run to run are problems, without what was measured. */
function refuseMeasured(
  devices: readonly string[],
  missing: string,
  { pointer, planning }: TargetPlace,
): void {
  for (const device of devices.filter((each) => /^(?:cpu|cuda(?::\d+)?)$/.test(each))) {
    const message = `"${device}" is measured, which differs from run to run: name ${missing}, or a device by its data sheet`;
    planning.problems.push({ pointer: `${pointer}/devices`, message });
  }
}

function launchJobs(target: LaunchTarget, place: TargetPlace): readonly BuildJob[] {
  const { devices = ["h200"], profiles = [], out, options = {} } = target;
  const { pointer, words, planning } = place;
  if (profiles.length === 0) {
    refuseMeasured(devices, '"profiles"', place);
  }
  const models = filesOf(target.models, `${pointer}/models`, planning);
  const measured = filesOf(profiles, `${pointer}/profiles`, planning);
  const folders = new Set(models.map((model) => posix.dirname(model)));
  const [folder] = folders;
  return filesOf(target.arrivals, `${pointer}/arrivals`, planning).flatMap((arrivals) =>
    devices.flatMap((device) => {
      const values = { ...placeholdersOf("arrivals", arrivals), device: plainName(device) };
      const path = pathOf(
        out ?? "{folder}/{arrivals}.policy.json",
        values,
        `${pointer}/out`,
        planning,
      );
      const job: Omit<BuildJob, "out"> = {
        words: [
          "launch",
          ...models.map(asWord),
          `--arrivals=${arrivals}`,
          `--device=${device}`,
          ...measured.map((file) => `--profile=${file}`),
          ...words,
        ],
        reads: [...models, arrivals, ...measured, ...deviceFilesOf(device)],
        options,
        ...(folders.size === 1 && folder !== undefined ? { model: folder } : {}),
        pointer,
      };
      return path === undefined ? [] : [{ ...job, out: path }];
    }),
  );
}

function deviceFilesOf(device: string): readonly string[] {
  return device.endsWith(".json") ? [device] : [];
}

function modelJob(
  { command, profile, placement, out, options = {} }: ModelTarget,
  model: string,
  device: string,
  { pointer, words, planning }: TargetPlace,
): BuildJob | undefined {
  const values = { ...placeholdersOf("model", model), device: plainName(device) };
  const kind = command === "compile" ? "schedule" : "placement";
  const filled = (path: string | undefined, key: string): readonly string[] => {
    const file =
      path === undefined ? undefined : pathOf(path, values, `${pointer}/${key}`, planning);
    return file === undefined ? [] : [file];
  };
  const [target] = filled(out ?? `{folder}/{model}.${kind}.json`, "out");
  const profiles = filled(profile, "profile");
  const placements = filled(placement, "placement");
  if (target === undefined) {
    return undefined;
  }
  return {
    words: [
      command,
      asWord(model),
      `--device=${device}`,
      ...profiles.map((file) => `--profile=${file}`),
      ...placements.map((file) => `--placement=${file}`),
      ...words,
    ],
    out: target,
    reads: [model, ...profiles, ...placements, ...deviceFilesOf(device)],
    options,
    model,
    pointer,
  };
}

/** A file as an argument, which no option begins like. */
function asWord(file: string): string {
  return file.startsWith("-") ? `./${file}` : file;
}

function pathOf(
  template: string,
  values: Placeholders,
  pointer: string,
  { problems }: Planning,
): string | undefined {
  const filled = filledIn(template, values);
  if ("path" in filled) {
    return filled.path;
  }
  const known = Object.keys(values).map((name) => `{${name}}`);
  problems.push({
    pointer,
    message: `${filled.unknown} means nothing here, only ${known.join(", ")}`,
  });
  return undefined;
}

/** The files of patterns, those of each in order, none twice; also those that earlier targets make. */
function filesOf(
  patterns: readonly string[],
  pointer: string,
  { folder, jobs, problems }: Planning,
): readonly string[] {
  const files = patterns.flatMap((pattern, at) => {
    const made = jobs.flatMap(({ out }) => (matchesPath(out, pattern) ? [out] : []));
    const found = [...new Set([...findFiles(folder, pattern), ...made])].sort();
    if (found.length === 0) {
      const message = isGlob(pattern) ? "no file fits this pattern" : "there is no such file";
      problems.push({ pointer: `${pointer}/${at}`, message });
    }
    return found;
  });
  return [...new Set(files)];
}
