import { Command, CommanderError } from "commander";
import { InternalError } from "../core/invariant.js";
import type { CommandOutcome, RegisterCommand } from "./command.js";
import { registerCompile } from "./commands/compile.js";
import { registerDoctor } from "./commands/doctor.js";
import { registerExplain } from "./commands/explain.js";
import { registerInspect } from "./commands/inspect.js";
import { registerPartition } from "./commands/partition.js";
import { registerProfile } from "./commands/profile.js";
import { registerRun } from "./commands/run.js";
import { registerSearch } from "./commands/search.js";
import { registerVerify } from "./commands/verify.js";
import { EXIT } from "./exit-code.js";
import type { CliIo } from "./io.js";
import { paintFor } from "./paint.js";
import { renderFailures } from "./render-failure.js";
import { type Session, sessionFor } from "./session.js";
import { TOOL_VERSION } from "./version.js";

/** Every command, in the order of the help. */
const COMMANDS: readonly RegisterCommand[] = [
  registerCompile,
  registerSearch,
  registerPartition,
  registerInspect,
  registerProfile,
  registerRun,
  registerVerify,
  registerExplain,
  registerDoctor,
];

/** The command meant when the first argument is a file. */
const DEFAULT_COMMAND = "compile";

/**
 * Runs the command line and gives the exit status; it never throws.
 *
 * stdout carries the product only; failures, progress and notes go to stderr.
 * The first SIGINT aborts the command's signal, the second ends the process.
 */
export async function main(argv: readonly string[], io: CliIo): Promise<number> {
  const isVerbose = argv.includes("--verbose");
  const paint = paintFor(io, !argv.includes("--no-color"));
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
    if (outcome.ok) {
      return outcome.value;
    }
    if (interrupt.signal.aborted) {
      io.stderr.write("interrupted: nothing was written\n");
      return EXIT.interrupted;
    }
    renderFailures(outcome.error, io, { paint, isVerbose });
    return Math.max(...outcome.error.map((failure) => failure.exit));
  } catch (error) {
    return reportException(error, io, isVerbose);
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
  const program = programOn(io);
  for (const register of COMMANDS) {
    register(program, async (options, action) => {
      const session: Session = sessionFor(io, signal, options);
      try {
        outcome = await action(session);
      } finally {
        session.progress.end();
      }
    });
  }
  await program.parseAsync(withCommand(argv, program), { from: "user" });
  return outcome;
}

const PROGRAM_HELP = `
A model as the first argument is compiled:
  top-compile model.onnx                is top-compile compile model.onnx

Exit status: 0 done, 1 input refused, proved infeasible, invalid or stale, 2 wrong use,
3 a limit was reached first, 4 something is missing on this machine, 70 a mistake of this
program, 130 interrupted.
`;

/** The program without its commands. */
function programOn(io: CliIo): Command {
  return new Command("top-compile")
    .description("Searches, proves and writes schedules for ONNX models and pipeline placements.")
    .version(TOOL_VERSION, "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand("help [command]", "print the help of a command")
    .addHelpText("after", PROGRAM_HELP)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, "error[usage] ")),
      getOutHelpWidth: () => HELP_COLUMNS,
      getErrHelpWidth: () => HELP_COLUMNS,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .configureHelp({ showGlobalOptions: false })
    .showHelpAfterError("(run with --help to see every option)")
    .enablePositionalOptions();
}

/** Help is wrapped for this width everywhere, so that it is the same text in every terminal. */
const HELP_COLUMNS = 100;

/**
 * The arguments with `compile` in front where the first is neither a command nor a bare word, which
 * is a command misspelt: models have a dot or a slash in their names.
 */
function withCommand(argv: readonly string[], program: Command): string[] {
  const first = argv[0];
  const isBareWord = first === undefined || /^\w[\w-]*$/.test(first);
  const isOfProgram = ["-h", "--help", "-V", "--version"].includes(first ?? "");
  const isDefault = !isBareWord && !isOfProgram;
  return isDefault && program.commands.some((command) => command.name() === DEFAULT_COMMAND)
    ? [DEFAULT_COMMAND, ...argv]
    : [...argv];
}

function reportException(error: unknown, io: CliIo, isVerbose: boolean): number {
  if (error instanceof CommanderError) {
    return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  }
  const known = error instanceof Error ? error : new InternalError(String(error));
  io.stderr.write(
    `error[internal] ${known.message}; please report this with the command and its input\n`,
  );
  if (isVerbose) {
    io.stderr.write(`${known.stack ?? ""}\n`);
  }
  return EXIT.internal;
}
