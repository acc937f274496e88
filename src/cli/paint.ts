import { Chalk } from "chalk";
import type { CliIo } from "./io.js";

/** Colors of what goes to stderr; each is the identity where color is not wanted. */
export interface Paint {
  readonly error: (text: string) => string;
  readonly note: (text: string) => string;
}

/**
 * Colors for terminals only: none with `--no-color`, with a `NO_COLOR` that is not empty
 * (no-color.org), on a dumb terminal, or into a pipe or file.
 */
export function paintFor({ stderr, env }: CliIo, isWanted: boolean): Paint {
  const isRefused = (env["NO_COLOR"] ?? "") !== "" || env["TERM"] === "dumb";
  const chalk = new Chalk({ level: isWanted && !isRefused && stderr.isTTY === true ? 1 : 0 });
  return { error: chalk.red, note: chalk.dim };
}
