/** What can be typed, from the tables of options: for the completions of shells. */
import { Command, type Option } from "commander";
import type { CommandEntry } from "../command.js";
import { addCommonOptions } from "../options/add-options.js";

/** What an option takes. */
export type ValueKind =
  /** Nothing: it is a switch. */
  | "none"
  | "file"
  | "folder"
  /** One of its words, perhaps others too. */
  | "words"
  /** A number or a name that nobody can guess. */
  | "other";

/** One option. */
export interface OptionWords {
  /** With its dashes, the long name first. */
  readonly names: readonly string[];
  readonly kind: ValueKind;
  readonly values: readonly string[];
  /** One short phrase. */
  readonly help: string;
}

/** One command; its name may be two words. */
export interface CommandWords {
  readonly name: string;
  readonly help: string;
  /** Words that its argument can be; absent: files, or nothing where it takes none. */
  readonly values?: readonly string[];
  readonly takesFiles: boolean;
  readonly options: readonly OptionWords[];
}

/** The words of all commands, in their order. Cost: loads every command. */
export async function wordsOfCommands(
  entries: readonly CommandEntry[],
): Promise<readonly CommandWords[]> {
  return Promise.all(
    entries.map(async ({ name, summary, argument, load }) => {
      const command = new Command(name);
      if (argument !== undefined) {
        command.argument(...argument);
      }
      const register = await load();
      register(command, async () => {}, entries);
      addCommonOptions(command);
      const values = command.registeredArguments[0]?.argChoices;
      const options = [
        ...command.options.filter(({ hidden }) => !hidden).map(optionWords),
        { names: ["--help", "-h"], kind: "none", values: [], help: "print this help" } as const,
      ];
      return {
        name,
        help: phrase(summary),
        takesFiles: argument !== undefined && values === undefined,
        ...(values === undefined ? {} : { values }),
        options,
      };
    }),
  );
}

function optionWords({ long, short, flags, argChoices, description }: Option): OptionWords {
  const names = [long, short].filter((name) => name !== undefined);
  const values = argChoices ?? [];
  return { names, kind: kindOf(flags, values), values, help: phrase(description) };
}

function kindOf(flags: string, values: readonly string[]): ValueKind {
  if (!flags.includes("<")) {
    return "none";
  }
  if (values.length > 0) {
    return "words";
  }
  if (/<(?:file|path)>/.test(flags)) {
    return "file";
  }
  return flags.includes("<folder>") ? "folder" : "other";
}

/** The first phrase of a help text. */
function phrase(text: string): string {
  return text.split(/;| \(|: /)[0] ?? text;
}
