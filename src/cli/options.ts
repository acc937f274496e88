import { type Command, InvalidArgumentError, Option } from "commander";
import { closestName } from "../core/closest-name.js";

const COMMON_GROUP = "Common options:";

/** Commands that read models, and with them weights that may lie in other files. */
const READS_WEIGHTS = ["compile", "profile", "run", "partition", "inspect", "verify"];

/** `--allow-external PATH`, repeatable: a list of paths. */
function allowExternalOption(): Option {
  return new Option(
    "--allow-external <path>",
    "read external data of the model from this file or folder too, if a link leads there; repeatable",
  )
    .argParser((path: string, before: readonly string[]) => [...before, path])
    .default([], "only from the folder of the model");
}

/** Adds `--json`, `--quiet`, `--verbose`, `--no-color` and `--help`, the same for every command. */
export function addCommonOptions(command: Command): Command {
  const options = [
    new Option("--json", "print the result as JSON on stdout, failures as JSON on stderr"),
    new Option("--quiet", "print no progress and no notes"),
    new Option("--verbose", "print what failures were caused by"),
    new Option("--no-color", "print without colour, as with NO_COLOR=1"),
  ];
  if (READS_WEIGHTS.includes(command.name())) {
    command.addOption(allowExternalOption());
  }
  for (const option of options) {
    command.addOption(option.helpGroup(COMMON_GROUP));
  }
  return command.addHelpOption(new Option("-h, --help", "print this help").helpGroup(COMMON_GROUP));
}

/** `--seed N`. */
export function seedOption(): Option {
  return new Option("--seed <n>", "seed of everything that is drawn by lot")
    .argParser(wholeNumber(0, 4_294_967_295))
    .default(1);
}

/** `--dim NAME=SIZE`, repeatable: a map from names to sizes. */
export function dimOption(): Option {
  return new Option("--dim <name=size>", "size of a dynamic dim of the model; repeatable")
    .argParser(addDim)
    .default(new Map<string, number>(), "1, or what the model suggests; reported");
}

function addDim(value: string, known: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const at = value.lastIndexOf("=");
  const digits = value.slice(at + 1);
  const size = Number(digits);
  if (at <= 0 || !/^\d+$/.test(digits) || !Number.isSafeInteger(size)) {
    throw new InvalidArgumentError("It must be NAME=SIZE with a whole number, such as batch=8.");
  }
  return new Map(known).set(value.slice(0, at), size);
}

/** A parser of an option's value that says in the help what it takes. */
interface RangedParser {
  (value: string): number;
  readonly range: string;
}

/** A parser of whole numbers in [`low`, `high`]. */
export function wholeNumber(low: number, high: number): RangedParser {
  const parse = (value: string): number => {
    const number = Number(value);
    if (!/^\d+$/.test(value) || number < low || number > high) {
      throw new InvalidArgumentError(`It must be a whole number from ${low} to ${high}.`);
    }
    return number;
  };
  return Object.assign(parse, { range: `${low} to ${high}` });
}

/**
 * Completes the options of a command: numbers say their range in the help, and a value that is not
 * one of the choices is answered with the choice that was probably meant.
 */
export function completeOptions({ options }: Command): void {
  for (const option of options) {
    const { parseArg, argChoices } = option;
    const range = (parseArg as Partial<RangedParser> | undefined)?.range;
    if (range !== undefined) {
      const { description } = option;
      const withDefault = description.replace(/ \((default: [^()]*)\)$/, ` (${range}; $1)`);
      option.description = withDefault === description ? `${description} (${range})` : withDefault;
    }
    if (argChoices !== undefined && parseArg !== undefined) {
      option.argParser((value: string, previous: unknown) => {
        const meant = argChoices.includes(value) ? undefined : closestName(value, argChoices);
        if (meant !== undefined) {
          throw new InvalidArgumentError(
            `Did you mean ${meant}? Allowed choices are ${argChoices.join(", ")}.`,
          );
        }
        return parseArg(value, previous);
      });
    }
  }
}
