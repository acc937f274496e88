import type { Command } from "commander";
import type { Failures } from "../core/failure.js";
import type { Result } from "../core/result.js";
import type { CommonOptions } from "./io.js";
import type { Session } from "./session.js";

/** The status a command ends with, or the failures that ended it. */
export type CommandOutcome = Result<number, Failures>;

/**
 * Runs the action of a commander command in a session for its options; hands the outcome to `main`.
 */
export type Run = (
  options: CommonOptions,
  action: (session: Session) => Promise<CommandOutcome>,
) => Promise<void>;

/** Adds its own options, help and action to a command; `commands` are all that there are. */
export type RegisterCommand = (
  command: Command,
  run: Run,
  commands: readonly CommandEntry[],
) => void;

/** A command that is not loaded yet. */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  /** The argument as written in the usage line, and its description. */
  readonly argument?: readonly [string, string];
  readonly load: () => Promise<RegisterCommand>;
}
