import { Command, CommanderError } from "commander";
import { escapeLines } from "../core/escape-controls.js";
import { InternalError, present } from "../core/invariant.js";
import { fail } from "../core/result.js";
import type { CommandOutcome, Run } from "./command.js";
import { COMMANDS, DEFAULT_COMMAND } from "./command-list.js";
import { EXIT } from "./exit-code.js";
import { outputUnwritable } from "./failures.js";
import type { CliIo } from "./io.js";
import { addCommonOptions } from "./options/add-options.js";
import { type FailureStyle, failureStyle, renderFailures } from "./render-failure.js";
import { type Session, sessionFor } from "./session.js";
import { usageFailure } from "./usage-failure.js";
import { TOOL_VERSION } from "./version.js";

/**
 * Runs the command line and returns the exit status; never throws.
 *
 * stdout carries the product only; failures, progress and notes go to stderr. With `--json` a
 * failing command prints one JSON document there, and without a terminal nothing else. When `stop`
 * is aborted the command ends at its next safe point, with status 130 and silently: reporting that
 * is left to the caller.
 */
export async function main(
  argv: readonly string[],
  io: CliIo,
  stop: AbortSignal = new AbortController().signal,
): Promise<number> {
  const style = failureStyle(argv, io);
  try {
    const outcome = await printed(await runCommand(argv, io, stop, style), io);
    return !outcome.ok && stop.aborted ? EXIT.interrupted : reported(outcome, io, style);
  } catch (error) {
    const status = reportException(error, io, style);
    return status === EXIT.done
      ? reported(await printed({ ok: true, value: status }, io), io, style)
      : status;
  }
}

/**
 * Runs the command line, which is not to print its failures, and returns them; usage errors are failures
 * too. Throws what is a mistake of this program.
 */
export async function outcomeOf(
  argv: readonly string[],
  io: CliIo,
  stop: AbortSignal,
): Promise<CommandOutcome> {
  try {
    return await runCommand(argv, io, stop, { ...failureStyle(argv, io), isJson: true });
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode !== 0) {
      return fail([usageFailure(error)]);
    }
    throw error;
  }
}

/** Prints the failures of an outcome and returns the exit status. */
function reported(outcome: CommandOutcome, io: CliIo, style: FailureStyle): number {
  if (outcome.ok) {
    return outcome.value;
  }
  renderFailures(outcome.error, io, style);
  return Math.max(...outcome.error.map((failure) => failure.exit));
}

/**
 * The outcome once all that was printed has arrived. Fails: `output-unwritable`, and what failed
 * before.
 */
async function printed(outcome: CommandOutcome, io: CliIo): Promise<CommandOutcome> {
  const problem = await io.stdout.finished?.();
  if (problem === undefined) {
    return outcome;
  }
  const failure = outputUnwritable(problem);
  return fail(outcome.ok ? [failure] : [...outcome.error, failure]);
}

async function runCommand(
  argv: readonly string[],
  io: CliIo,
  signal: AbortSignal,
  style: FailureStyle,
): Promise<CommandOutcome> {
  let outcome: CommandOutcome = { ok: true, value: EXIT.done };
  const run: Run = async (options, action) => {
    const session: Session = sessionFor(io, signal, options);
    try {
      outcome = await action(session);
    } finally {
      session.progress.end();
    }
  };
  const program = programOn(io, style).hook("preSubcommand", async (_, command) => {
    const entry = COMMANDS.find(({ name }) => name === command.name());
    const register = await present(entry, "command of the list").load();
    register(command, run, COMMANDS);
    addCommonOptions(command);
  });
  await program.parseAsync([...withCommand(argv)], { from: "user" });
  return outcome;
}

const PROGRAM_HELP = `
A model as the first argument is compiled:
  top-compile model.onnx                is top-compile compile model.onnx

Exit status: 0 done, 1 input refused, proved infeasible, invalid or stale,
2 usage error, 3 a limit was reached first, 4 something is missing on this
machine, 70 internal error, 130 interrupted (143 by SIGTERM, 129 by SIGHUP).
docs/failures.md lists every failure by its code.
`;

/**
 * The program with its commands, none of them loaded; with `isJson` the caller prints its errors.
 */
function programOn(io: CliIo, { isJson, shorten }: FailureStyle): Command {
  const program = new Command("top-compile")
    .description("Searches, proves and writes schedules for ONNX models and pipeline placements.")
    .version(TOOL_VERSION, "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand("help [command]", "print the help of a command")
    .addHelpText("after", PROGRAM_HELP)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => isJson || io.stderr.write(escapeLines(text)),
      outputError: (text, write) => write(shorten(text).replace(/^error: /, "error[usage] ")),
      getOutHelpWidth: () => HELP_COLUMNS,
      getErrHelpWidth: () => HELP_COLUMNS,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .configureHelp({ showGlobalOptions: false, subcommandTerm })
    .showHelpAfterError("(run with --help to see every option)")
    .enablePositionalOptions();
  for (const { name, summary, argument } of COMMANDS) {
    // Made by itself, as `command` takes a second word for an argument.
    const command = program.createCommand(name).description(summary).copyInheritedSettings(program);
    program.addCommand(command);
    if (argument !== undefined) {
      command.argument(...argument);
    }
  }
  return program;
}

/** A command in the list of the help: all of them have options, loaded or not. */
function subcommandTerm(command: Command): string {
  const entry = COMMANDS.find(({ name }) => name === command.name());
  const argument = entry?.argument === undefined ? "" : ` ${entry.argument[0]}`;
  return entry === undefined ? "help [command]" : `${entry.name} [options]${argument}`;
}

/** Help is wrapped for this width everywhere, so that it is the same text in every terminal. */
const HELP_COLUMNS = 80;

/**
 * The arguments with the command in front: `compile` where the first is neither a command nor a
 * bare word, which is a command misspelt (models have a dot or a slash in their names), and `help
 * NAME` put as `NAME --help`, so that a misspelt NAME is a misspelt command.
 */
function withCommand(argv: readonly string[]): readonly string[] {
  const [first, second, third] = argv;
  if (isTwoWords(first, second)) {
    return [`${first} ${second}`, ...argv.slice(2)];
  }
  if (first === "help" && second !== undefined) {
    const name = isTwoWords(second, third) ? `${second} ${third}` : second;
    const isCommand = COMMANDS.some((entry) => entry.name === name);
    return isCommand ? [name, "--help"] : [second];
  }
  const isBareWord = first === undefined || /^\w[\w-]*$/.test(first);
  const isOfProgram = ["-h", "--help", "-V", "--version"].includes(first ?? "");
  return isBareWord || isOfProgram ? argv : [DEFAULT_COMMAND, ...argv];
}

/** Whether two arguments are a command of two words, such as `profile import`. */
function isTwoWords(first: string | undefined, second: string | undefined): boolean {
  return COMMANDS.some(({ name }) => name === `${first} ${second}`);
}

function reportException(error: unknown, io: CliIo, style: FailureStyle): number {
  if (error instanceof CommanderError) {
    if (error.exitCode !== 0 && style.isJson) {
      renderFailures([usageFailure(error)], io, style);
    }
    return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  }
  const { message, stack } = error instanceof Error ? error : new InternalError(String(error));
  const hint = "please report this with the command and its input";
  renderFailures([{ code: "internal", message, hint, cause: stack }], io, style);
  return EXIT.internal;
}
