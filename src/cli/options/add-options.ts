import { type Command, InvalidArgumentError, Option } from "commander";
import { longName } from "../../artifact/recorded-options.js";
import { closestName } from "../../core/closest-name.js";
import { LEAST_COLUMNS, MOST_COLUMNS, USUAL_COLUMNS } from "../columns.js";
import {
  type AnyOptionTable,
  OPTION_GROUPS,
  type OptionSpec,
  type OptionTable,
} from "./option-spec.js";
import { whole } from "./values.js";

const COMMON_GROUP = "Common options:";

/** Adds the options of a table to a command, grouped by purpose, and a text after its help. */
export function addOptions<Values>(
  command: Command,
  table: OptionTable<Values>,
  examples: string,
): void {
  const entries = Object.entries(table as AnyOptionTable);
  for (const group of Object.keys(OPTION_GROUPS) as (keyof typeof OPTION_GROUPS)[]) {
    for (const [key, spec] of entries.filter(([, each]) => (each.group ?? "any") === group)) {
      command.addOption(optionOf(key, spec).helpGroup(OPTION_GROUPS[group]));
    }
  }
  command
    .configureHelp({
      ...command.configureHelp(),
      optionDescription: ({ description }) => description,
    })
    .addHelpText("after", examples);
}

/** The long names of the options that the user typed, as keys of the table. */
export function givenOptions(command: Command): readonly string[] {
  return command.options
    .map((option) => option.attributeName())
    .filter((key) => command.getOptionValueSource(key) === "cli");
}

function optionOf(key: string, spec: OptionSpec<unknown>): Option {
  const flags = [spec.short, `--${longName(key)}`].filter((each) => each !== undefined).join(", ");
  const option = new Option(
    spec.value === undefined ? flags : `${flags} ${spec.value}`,
    descriptionOf(spec),
  );
  const offered = spec.choices ?? spec.suggestions;
  if (offered !== undefined) {
    // Completions read them here; help and checks have their own.
    option.argChoices = offered.map(String);
  }
  const parse = parserOf(spec);
  if (parse !== undefined) {
    option.argParser(parse);
  }
  return spec.usual === undefined ? option : option.default(spec.usual);
}

/** The parser of an option's text, which also refuses what is not among its choices. */
export function parserOf(
  spec: OptionSpec<unknown>,
): ((text: string, before: unknown) => unknown) | undefined {
  const { choices } = spec;
  if (choices === undefined) {
    return spec.parse?.bind(spec);
  }
  return (text) => {
    if (!choices.includes(text)) {
      const meant = closestName(text, choices.map(String));
      const first = meant === undefined ? "" : `Did you mean ${meant}? `;
      throw new InvalidArgumentError(`${first}Allowed choices are ${choices.join(", ")}.`);
    }
    return text;
  };
}

/** The phrase, then in parentheses the accepted values and the default. */
function descriptionOf({ help, choices, range, usual, usualWords }: OptionSpec<unknown>): string {
  const words = usualWords ?? (usual === undefined ? undefined : String(usual));
  const facts = [
    ...(choices === undefined ? [] : [choices.join(", ")]),
    ...(range === undefined ? [] : [range]),
    ...(words === undefined ? [] : [`default: ${words}`]),
  ];
  return facts.length === 0 ? help : `${help} (${facts.join("; ")})`;
}

/** Commands that read models, and with them weights that may lie in other files. */
const READS_WEIGHTS = [
  "compile",
  "profile",
  "profile import",
  "run",
  "partition",
  "inspect",
  "verify",
  "export",
  "explain",
  "launch",
];

/** `--allow-external`, of all commands that read models. */
export const ALLOW_EXTERNAL: OptionSpec<readonly string[]> = {
  value: "<path>",
  help: "read external data of the model from this file or folder too, if a link leads there; repeatable",
  parse: (path, before) => [...before, path],
  usual: [],
  usualWords: "only from the folder of the model",
};

/**
 * Adds `--json`, `--quiet`, `--verbose`, `--no-color`, `--width`, `--help`: the same for every
 * command.
 */
export function addCommonOptions(command: Command): Command {
  if (READS_WEIGHTS.includes(command.name())) {
    command.addOption(optionOf("allowExternal", ALLOW_EXTERNAL as OptionSpec<unknown>));
  }
  const options = [
    new Option("--json", "print the result as JSON on stdout, failures as JSON on stderr"),
    new Option("--quiet", "print no progress and no notes"),
    new Option("--verbose", "print what failures were caused by"),
    new Option("--no-color", "print without color, as with NO_COLOR=1"),
    optionOf("width", {
      value: "<columns>",
      help: "columns of reports and notes",
      ...whole(LEAST_COLUMNS, MOST_COLUMNS),
      usualWords: `the terminal's, else ${USUAL_COLUMNS}`,
    }),
  ];
  for (const option of options) {
    command.addOption(option.helpGroup(COMMON_GROUP));
  }
  return command.addHelpOption(new Option("-h, --help", "print this help").helpGroup(COMMON_GROUP));
}
