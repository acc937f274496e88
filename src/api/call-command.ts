import { outcomeOf } from "../cli/main.js";
import type { AnyOptionTable } from "../cli/options/option-spec.js";
import type { Result } from "../core/result.js";
import { wordsOf } from "./options.js";

/** What every call can be given. */
export interface Calling {
  /** Ends the work at its next safe point; the call then fails with `stopped`. */
  readonly signal?: AbortSignal;
  /** Variables such as `XDG_CACHE_HOME`; default: those of the process. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** A command to call. */
export interface CommandCall {
  /** Its name and its argument. */
  readonly words: readonly string[];
  readonly table: AnyOptionTable;
  readonly options: object;
}

/** Runs a command in this process and returns what it prints with `--json`. Prints nothing. */
export async function callCommand(
  { words: [name = "", ...subjects], table, options }: CommandCall,
  { signal, env }: Calling,
): Promise<Result<string>> {
  const pieces: string[] = [];
  const io = {
    stdout: { write: (text: string) => pieces.push(text) },
    stderr: { write: () => true },
    env: env ?? globalThis.process.env,
    writesOnlyTo: "out",
  } as const;
  const given = wordsOf(table, { ...options });
  // Behind `--` nothing is an option, however the name of a file begins.
  const words = [name, ...given, "--json", "--", ...subjects];
  const outcome = await outcomeOf(words, io, signal ?? new AbortController().signal);
  return outcome.ok ? { ok: true, value: pieces.join("") } : outcome;
}
