/** Options that a configuration gives, as the words of a command line. */
import { InvalidArgumentError } from "commander";
import { longName } from "../../artifact/recorded-options.js";
import { closestName } from "../../core/closest-name.js";
import { escapeToken, type JsonProblem } from "../../core/json-shape.js";
import type { OptionValue, TargetOptions } from "../../driver/project/config-format.js";
import { ALLOW_EXTERNAL, parserOf } from "./add-options.js";
import type { AnyOptionTable, OptionSpec } from "./option-spec.js";

/** Options that a configuration cannot give, and why. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  out: 'the target says it as "out"',
  force: "build overwrites its own outputs, and nothing else",
  device: 'the target says it as "devices"',
  profile: 'the target says it as "profile"',
  placement: 'the target says it as "placement"',
  arrivals: 'the target says it as "arrivals"',
  rate: "give an arrivals file",
  remeasure: "build measures nothing",
  "time-limit": "another machine would find something else; max-nodes limits the work",
  pareto: "it prints a table, and writes nothing",
  compare: "it prints a table",
  ascii: "build prints no charts",
  "stage-models": "a target has one output; run partition by itself for it",
};

/**
 * The words for options by long name: `--name=value`, a switch as `--name`. Adds a problem for each
 * option that the command does not have, or whose value it would refuse.
 */
export function optionWords(
  table: AnyOptionTable,
  options: TargetOptions,
  pointer: string,
  problems: JsonProblem[],
): readonly string[] {
  const specs = new Map(
    Object.entries({ ...table, allowExternal: ALLOW_EXTERNAL as OptionSpec<unknown> }).map(
      ([key, spec]) => [longName(key), spec],
    ),
  );
  return Object.entries(options).flatMap(([name, value]) => {
    const place = `${pointer}/${escapeToken(name)}`;
    const spec = specs.get(name);
    const elsewhere = Object.hasOwn(ELSEWHERE, name) ? ELSEWHERE[name] : undefined;
    if (spec === undefined || elsewhere !== undefined) {
      problems.push({
        pointer: place,
        message: elsewhere ?? unknownOption(name, [...specs.keys()]),
      });
      return [];
    }
    const problem = { at: place, problems };
    return spec.value === undefined
      ? switchWords(name, value, problem)
      : valueWords(name, spec, value, problem);
  });
}

function unknownOption(name: string, names: readonly string[]): string {
  const meant = closestName(name, names);
  return `the command has no such option${meant === undefined ? "" : `; did you mean ${meant}?`}`;
}

interface OptionPlace {
  readonly at: string;
  readonly problems: JsonProblem[];
}

function switchWords(
  name: string,
  value: OptionValue,
  { at, problems }: OptionPlace,
): readonly string[] {
  if (typeof value !== "boolean") {
    problems.push({ pointer: at, message: "is a switch: must be true or false" });
  }
  return value === true ? [`--${name}`] : [];
}

function valueWords(
  name: string,
  spec: OptionSpec<unknown>,
  value: OptionValue,
  { at, problems }: OptionPlace,
): readonly string[] {
  if (typeof value === "boolean") {
    problems.push({ pointer: at, message: "takes a value, not true or false" });
    return [];
  }
  const texts = textsOf(value, spec);
  const parse = parserOf(spec);
  try {
    texts.reduce<unknown>((before, text) => parse?.(text, before), spec.usual);
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) {
      throw error;
    }
    problems.push({ pointer: at, message: error.message });
  }
  return texts.map((text) => `--${name}=${text}`);
}

/** Whether an option collects values: its default is a collection. */
function isRepeatable(spec: OptionSpec<unknown> | undefined): boolean {
  return Array.isArray(spec?.usual) || spec?.usual instanceof Map;
}

/**
 * The texts that would be typed for a value of an option: one per item where the option is repeated for
 * each, else one, with commas.
 */
export function textsOf(value: unknown, spec: OptionSpec<unknown> | undefined): readonly string[] {
  if (typeof value !== "object" || value === null) {
    return [String(value)];
  }
  const texts = Array.isArray(value)
    ? value.map(String)
    : Object.entries(value).map(([key, item]) => `${key}=${item}`);
  return isRepeatable(spec) ? texts : [texts.join(",")];
}
