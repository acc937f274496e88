import { Command, CommanderError } from "commander";
import { InternalError } from "../core/invariant.js";
import type { CommandOutcome, RegisterCommand } from "./command.js";
import { EXIT } from "./exit-code.js";
import type { CliIo } from "./io.js";
import { renderFailures } from "./render-failure.js";
import { TOOL_VERSION } from "./version.js";

/** Every command, in the order of the help. */
const COMMANDS: readonly RegisterCommand[] = [];

/**
 * Runs the command line and gives the exit status; it never throws.
 *
 * stdout carries the product only; failures, progress and notes go to stderr.
 * The first SIGINT aborts the command's signal, the second ends the process.
 */
export async function main(argv: readonly string[], io: CliIo): Promise<number> {
  const verbose = argv.includes("--verbose");
  const interrupt = new AbortController();
  const onSigint = (): void => {
    if (interrupt.signal.aborted) {
      process.exit(EXIT.interrupted);
    }
    interrupt.abort();
  };
  process.on("SIGINT", onSigint);
  try {
    const outcome = await runCommand(argv, io, interrupt.signal);
    if (interrupt.signal.aborted) {
      io.stderr.write("interrupted: nothing was written\n");
      return EXIT.interrupted;
    }
    if (outcome.ok) {
      return outcome.value;
    }
    renderFailures(outcome.error, io, verbose);
    return Math.max(...outcome.error.map((failure) => failure.exit));
  } catch (error) {
    return reportException(error, io, verbose);
  } finally {
    process.off("SIGINT", onSigint);
  }
}

async function runCommand(
  argv: readonly string[],
  io: CliIo,
  signal: AbortSignal,
): Promise<CommandOutcome> {
  let outcome: CommandOutcome = { ok: true, value: EXIT.done };
  const program = new Command("top-compile");
  program
    .description("Searches, proves and writes schedules for ONNX models and pipeline placements.")
    .version(TOOL_VERSION)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
    })
    .showHelpAfterError("(run with --help to see every option)")
    .enablePositionalOptions();
  for (const register of COMMANDS) {
    register(program, async (action) => {
      outcome = await action({ io, signal });
    });
  }
  for (const command of program.commands) {
    command.exitOverride().copyInheritedSettings(program);
  }
  await program.parseAsync([...argv], { from: "user" });
  return outcome;
}

function reportException(error: unknown, io: CliIo, verbose: boolean): number {
  if (error instanceof CommanderError) {
    return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  }
  const text = error instanceof Error ? error : new InternalError(String(error));
  io.stderr.write(
    `error[internal] ${text.message}; please report this with the command and its input\n`,
  );
  if (verbose) {
    io.stderr.write(`${text.stack ?? ""}\n`);
  }
  return EXIT.internal;
}
