import { Chalk } from "chalk";
import type { CliIo } from "./io.js";

/** Colors of what goes to stderr; each is the identity where color is not wanted. */
export interface Paint {
  readonly error: (text: string) => string;
  readonly note: (text: string) => string;
}

/**
 * Colors for terminals, and where `FORCE_COLOR` asks for them; none with `--no-color`, then none with
 * a `NO_COLOR` that is not empty (no-color.org). Without either none on a dumb terminal, or into a
 * pipe or file.
 */
export function paintFor({ stderr, env }: CliIo, isWanted: boolean): Paint {
  const isRefused = !isWanted || (env["NO_COLOR"] ?? "") !== "";
  const isUsual = stderr.isTTY === true && env["TERM"] !== "dumb";
  const chalk = new Chalk({ level: !isRefused && (forced(env) ?? isUsual) ? 1 : 0 });
  return { error: chalk.red, note: chalk.dim };
}

/** What `FORCE_COLOR` says: `0` and `false` forbid, anything else demands; `undefined`: nothing. */
function forced({ FORCE_COLOR: value = "" }: CliIo["env"]): boolean | undefined {
  return value === "" ? undefined : value !== "0" && value !== "false";
}
