/** The options of commands as a program gives them: the same names, in camel case, and their values. */
import { longName } from "../artifact/recorded-options.js";
import type { CommonOptions } from "../cli/io.js";
import type { AnyOptionTable } from "../cli/options/option-spec.js";
import { textsOf } from "../cli/options/option-words.js";

/** An option's value as a program gives it, by what the command takes it for. */
export type Given<T> =
  T extends ReadonlyMap<string, infer Item>
    ? Readonly<Record<string, Item>>
    : T extends readonly { readonly name: string }[]
      ? number | string
      : T;

/** Options that are about printing, or answer another question. */
type ForPeople = keyof CommonOptions | "ascii" | "compare" | "pareto";

/** The options of a command for programs; what is left out has the command's default. */
export type Options<T> = {
  readonly [Key in Exclude<keyof T, ForPeople>]?: Given<Exclude<T[Key], undefined>> | undefined;
};

/** The options of a call as the words of a command line. */
export function wordsOf(
  table: AnyOptionTable,
  options: Readonly<Record<string, unknown>>,
): readonly string[] {
  return Object.entries(options).flatMap(([key, value]) => {
    if (value === undefined || value === false) {
      return [];
    }
    const name = `--${longName(key)}`;
    const texts = value === true ? undefined : textsOf(value, table[key]);
    return texts?.map((text) => `${name}=${text}`) ?? [name];
  });
}
