import type { Command } from "commander";
import type { Failures } from "../core/failure.js";
import type { Result } from "../core/result.js";
import type { CliIo } from "./io.js";

/** What `main` gives every command besides its own options. */
export interface CommandContext {
  readonly io: CliIo;
  /** Aborted by the first Ctrl-C: long work stops at its next safe point and leaves nothing half-written. */
  readonly signal: AbortSignal;
}

/** The status a command ends with, or the failures that ended it. */
export type CommandOutcome = Result<number, Failures>;

/** Runs `action` as the action of a commander command, and hands its outcome to `main`. */
export type Run = (action: (context: CommandContext) => Promise<CommandOutcome>) => Promise<void>;

/** Adds one command with its options and help to the program. */
export type RegisterCommand = (program: Command, run: Run) => void;
