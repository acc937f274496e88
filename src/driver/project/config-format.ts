/** The file `top-compile.config.json`: what `build` makes, of what, and where. */
import { dictionary, list, object, optional } from "../../core/json-containers.js";
import {
  type DocumentKind,
  type DocumentWording,
  defineDocument,
  parseDocument,
} from "../../core/json-document.js";
import {
  type JsonProblem,
  nameOf,
  oneOf,
  problem,
  Shape,
  text,
  textLike,
} from "../../core/json-shape.js";
import { tagged } from "../../core/json-tagged.js";
import { ok, type Result } from "../../core/result.js";
import { configInvalid, configNotJson } from "./failures.js";

/** The value of an option: as typed, or several, or by name. */
export type OptionValue =
  | string
  | number
  | boolean
  | readonly (string | number)[]
  | Readonly<Record<string, string | number>>;

/** Options by long name, without dashes in front. */
export type TargetOptions = Readonly<Record<string, OptionValue>>;

/** One output for every model and device. */
export interface ModelTarget {
  readonly command: "compile" | "partition";
  readonly models: readonly string[];
  readonly devices?: readonly string[];
  readonly profile?: string;
  readonly placement?: string;
  readonly out?: string;
  readonly options?: TargetOptions;
}

/** One output for every placement and shape. */
export interface SearchTarget {
  readonly command: "search";
  readonly placements?: readonly string[];
  readonly shapes?: readonly string[];
  readonly out?: string;
  readonly options?: TargetOptions;
}

/** One output for every arrivals file and device, of all models together. */
export interface LaunchTarget {
  readonly command: "launch";
  readonly models: readonly string[];
  readonly arrivals: readonly string[];
  readonly devices?: readonly string[];
  readonly profiles?: readonly string[];
  readonly out?: string;
  readonly options?: TargetOptions;
}

/** Outputs that are made alike. */
export type Target = ModelTarget | SearchTarget | LaunchTarget;

/** A configuration. */
export interface BuildConfig {
  readonly $schema?: string;
  readonly targets: readonly Target[];
}

/** Longest configuration that is read. */
export const MAX_CONFIG_BYTES: number = 1 << 20;

/** The usual name of the file. */
export const CONFIG_FILE = "top-compile.config.json";

const MOST_TARGETS = 1000;
const MOST_PATTERNS = 1000;

const RELATIVE = textLike(
  /^(?!\/|[A-Za-z]:)[^\\\p{Cc}]{1,1000}$/u,
  "must be a path relative to the folder of this file, its parts separated by /",
);

const PATTERNS = list(RELATIVE, MOST_PATTERNS, 1);

const OPTION: Shape<OptionValue> = new Shape({
  read: (value, pointer, problems) =>
    isOption(value)
      ? value
      : problem(
          problems,
          pointer,
          `must be a string, a number, true, or a list or an object of strings and numbers, not ${nameOf(value)}`,
        ),
  schema: () => {
    const single = [{ type: "string" }, { type: "number" }];
    return {
      anyOf: [
        ...single,
        { type: "boolean" },
        { type: "array", items: { anyOf: single } },
        { type: "object", additionalProperties: { anyOf: single } },
      ],
    };
  },
});

function isOption(value: unknown): value is OptionValue {
  if (typeof value === "object" && value !== null) {
    return Object.values(value).every(isSingle);
  }
  return typeof value === "boolean" || isSingle(value);
}

function isSingle(value: unknown): value is string | number {
  return typeof value === "string" || (typeof value === "number" && Number.isFinite(value));
}

const OPTIONS = dictionary(OPTION)
  .describe("Options of the command by their long names, such as micro-batches.")
  .named("options");

const DEVICES = list(text(1000), 100, 1);

const OUT = RELATIVE.describe(
  "The file to write. {model}, {placement}, {shape}, {arrivals} and {device} stand for the name of what it is made from, {folder} for its folder.",
);

function modelTarget(command: ModelTarget["command"]): Shape<ModelTarget> {
  return object<ModelTarget>({
    command: oneOf(command),
    models: PATTERNS.describe("Models, by path or pattern: * in names, ** for folders."),
    devices: optional(DEVICES.describe("Devices as --device takes them; default cpu.")),
    profile: optional(
      RELATIVE.describe("The profile with all measurements; takes what `out` takes."),
    ),
    placement: optional(
      RELATIVE.describe("A placement of stages by hand; takes what `out` takes."),
    ),
    out: optional(OUT),
    options: optional(OPTIONS),
  }) as Shape<ModelTarget>;
}

const TARGET: Shape<Target> = tagged<Target>("command", {
  compile: modelTarget("compile"),
  partition: modelTarget("partition"),
  search: object<SearchTarget>({
    command: oneOf("search"),
    placements: optional(PATTERNS.describe("Placements, by path or pattern.")),
    shapes: optional(list(text(100), 100, 1).describe("Named shapes instead.")),
    out: optional(OUT),
    options: optional(OPTIONS),
  }),
  launch: object<LaunchTarget>({
    command: oneOf("launch"),
    models: PATTERNS.describe("The models that share a device, by path or pattern."),
    arrivals: PATTERNS.describe("Arrivals files, by path or pattern; one output for each."),
    devices: optional(DEVICES.describe("Devices as --device takes them; default h200.")),
    profiles: optional(PATTERNS.describe("Serving profiles of the models, by path or pattern.")),
    out: optional(OUT),
    options: optional(OPTIONS),
  }),
});

/** The configuration as a kind of document. */
export const CONFIG_KIND: DocumentKind<BuildConfig> = defineDocument<BuildConfig>(
  {
    format: "top-compile/config",
    version: 1,
    description: "What `top-compile build` makes, see docs/build.md. Paths are relative to it.",
  },
  {
    $schema: optional(text().describe("The place of this schema, for editors.")),
    targets: list(TARGET, MOST_TARGETS, 1).describe(
      "In order: a target may read what those before it make.",
    ),
  },
);

/** The wording of what is wrong with a configuration. */
export function configWording(file: string): DocumentWording {
  return {
    notJson: (reason) => configNotJson(file, reason),
    invalid: (found: JsonProblem) => configInvalid(file, found),
  };
}

/** Reads the text of a configuration. Fails: `config-not-json`, `config-invalid`. */
export function parseConfig(source: string, file: string): Result<BuildConfig> {
  const parsed = parseDocument(source, CONFIG_KIND, (config) => config, configWording(file));
  return parsed.ok ? ok(parsed.value) : parsed;
}
