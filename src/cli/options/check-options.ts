import { longName } from "../../artifact/recorded-options.js";
import type { Failure } from "../../core/failure.js";
import { fail, ok, type Result } from "../../core/result.js";
import { optionNotApplicable } from "../failures.js";
import type { AnyOptionTable, OptionTable, Trait, Traits } from "./option-spec.js";

/**
 * Refuses every option that the user typed and that would be ignored.
 *
 * `values` are all options, `given` the keys of those that were typed: defaults never conflict.
 * Fails: `option-not-applicable`, once per option.
 */
export function checkOptions<Values extends object>(
  table: OptionTable<Values>,
  values: Values,
  given: readonly string[],
  traits: Traits,
): Result<void> {
  const problems = given.flatMap((key): Failure[] => {
    const problem = problemOf(table as AnyOptionTable, key, values, traits);
    return problem === undefined ? [] : [problem];
  });
  const [first, ...rest] = problems;
  return first === undefined ? ok(undefined) : fail([first, ...rest]);
}

function problemOf(
  table: AnyOptionTable,
  key: string,
  values: object,
  traits: Traits,
): Failure | undefined {
  const spec = table[key];
  const value = (values as Readonly<Record<string, unknown>>)[key];
  const name = `--${longName(key)}`;
  const typed = typeof value === "string" ? `${name} ${value}` : name;
  for (const [trait, words] of Object.entries(traits) as [Trait, string][]) {
    const why = spec?.not?.[trait];
    const only = spec?.only?.[trait];
    if (why !== undefined) {
      return optionNotApplicable(typed, words, why);
    }
    if (only !== undefined && !only.values.includes(value)) {
      return optionNotApplicable(typed, words, only.why);
    }
  }
  return undefined;
}
