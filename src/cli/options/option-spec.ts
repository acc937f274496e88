/**
 * One option of the command line as data: its syntax, its help text, and the conditions under which
 * it does not apply, each with the reason.
 *
 * A command's options are a table of these. The help, the checks and the messages follow from the
 * table, so an option that would be ignored is refused instead.
 */
import type { CommonOptions } from "../io.js";

/** A property of a command line that options depend on. */
export type Trait =
  /** Measured on this machine's CPU, or from a profile of a CPU. */
  | "cpu"
  /** Measured on a GPU that is here. */
  | "cuda"
  /** Estimated for a GPU by its data sheet. */
  | "data-sheet"
  /** Times from a profile file. */
  | "profile"
  /** The operator schedule of one device. */
  | "one-device"
  /** Requests for models, for real. */
  | "serving"
  /** The same, under a policy of a file. */
  | "policies"
  /** Several devices. */
  | "pipeline"
  /** A pipeline of GPUs by their data sheet. */
  | "gpu-pipeline"
  /** A pipeline of GPUs that would have to be measured. */
  | "cuda-pipeline"
  /** A pipeline without backward blocks. */
  | "inference"
  /** A pipeline whose stages are given by hand. */
  | "by-hand"
  /** A method of cutting models that has no weights to learn. */
  | "unlearned-method"
  /** An operator algorithm that schedules operators as they are. */
  | "unmerged-algorithm"
  /** A placement in a file, not a named shape. */
  | "placement-file"
  /** A named shape, not a preset. */
  | "named-shape"
  /** No layout is searched. */
  | "layout-given"
  /** A layout is searched. */
  | "layout-searched"
  /** All memory limits compared, no schedule searched. */
  | "pareto"
  /** A pipeline algorithm without a search that could be limited. */
  | "unlimited-algorithm"
  /** A pipeline algorithm other than our own. */
  | "other-algorithm"
  /** One schedule beside another. */
  | "comparison"
  /** Nothing is written. */
  | "no-output"
  /** An export to another format than the one that the option is for. */
  | "not-chrome-trace"
  | "not-pytorch"
  /** No page for a browser is written. */
  | "no-page";

/**
 * The traits of a command line, each in the words of a message: `with --device cpu`, `without
 * --devices`.
 */
export type Traits = Readonly<Partial<Record<Trait, string>>>;

/** Headings of the help, in its order. */
export const OPTION_GROUPS = {
  any: "Options:",
  measured: "Measuring (--device cpu or cuda):",
  gpu: "GPUs (--device cuda, or a GPU by its data sheet):",
  cuda: "GPUs that are here (--device cuda):",
  sheet: "GPUs by data sheet (--device h200 and others):",
  shape: "Named shapes and presets (with --shape or --preset):",
  preset: "Presets (with --preset):",
  pipeline: "Pipelines (with --devices or --placement):",
  stages: "Pipeline options:",
  serving: "Serving (models with --arrivals or --rate):",
} as const;

/** Values that are left under a trait. */
export interface OnlyValues<Value> {
  readonly values: readonly Value[];
  readonly why: string;
}

/**
 * An option whose parsed value is a `Value`. Its long name is the key in its table, in kebab case.
 */
export interface OptionSpec<Value> {
  /** One letter with a dash: `-o`. */
  readonly short?: string;
  /** The placeholder of its value, such as `<n>`; absent: a switch. */
  readonly value?: string;
  /** A phrase for the help, without range, choices and default. */
  readonly help: string;
  /** All values there are. */
  readonly choices?: readonly Value[];
  /** Values that shells offer although there are others. */
  readonly suggestions?: readonly Value[];
  /** The value of a text that the user typed. Throws: commander's `InvalidArgumentError`. */
  parse?(text: string, before: Value): Value;
  /** The accepted values, for the help: `1 to 64`. */
  readonly range?: string;
  /** The default value. */
  readonly usual?: Value;
  /** The same in words, also where the value depends on other things. */
  readonly usualWords?: string;
  /** Absent: `any`. */
  readonly group?: keyof typeof OPTION_GROUPS;
  /** The reason why it does not apply under a trait: a clause after "cannot be used with ...: ". */
  readonly not?: Readonly<Partial<Record<Trait, string>>>;
  /** Traits under which only some values have a meaning. */
  readonly only?: Readonly<Partial<Record<Trait, OnlyValues<Value>>>>;
}

/** The options of a command whose values are a `Values`, besides those of every command. */
export type OptionTable<Values> = {
  readonly [Key in Exclude<keyof Values, keyof CommonOptions>]-?: OptionSpec<
    Exclude<Values[Key], undefined>
  >;
};

/** A table of any command. */
export type AnyOptionTable = Readonly<Record<string, OptionSpec<unknown>>>;
