import { type RunEnd, type StopSignal, supervise } from "../runtime/supervise.js";
import { EXIT } from "./exit-code.js";

/** Exit statuses of signals: 128 and the signal's number, as shells say it. */
const STOPPED: Readonly<Record<StopSignal, number>> = {
  SIGHUP: 129,
  SIGINT: EXIT.interrupted,
  SIGTERM: 143,
};

const CLEAR_LINE = "\r\u001b[K";

/**
 * Runs the command line in a process of its own and returns the exit status. Help and the version
 * are printed at once. `onReady` is called once this process handles signals.
 *
 * Cost: loading Node a second time.
 */
export async function launch(argv: readonly string[], onReady: () => void): Promise<number> {
  if (isAnsweredAtOnce(argv)) {
    const [{ main }, { processIo }] = await Promise.all([
      import("./main.js"),
      import("./process-io.js"),
    ]);
    return main(argv, processIo());
  }
  const program = new URL("./command-process.js", import.meta.url);
  return statusOf(await supervise(program, argv, onReady), argv);
}

/** Whether the arguments only ask for help or the version. */
function isAnsweredAtOnce(argv: readonly string[]): boolean {
  const [first] = argv;
  return (
    first === undefined ||
    first === "help" ||
    argv.some((arg) => ["-h", "--help", "-V", "--version"].includes(arg))
  );
}

async function statusOf(end: RunEnd, argv: readonly string[]): Promise<number> {
  switch (end.kind) {
    case "ended":
      return end.status;
    case "stopped":
      await reportStop(end.written, argv);
      return STOPPED[end.signal];
    case "died":
      return reportDeath(end.reason, argv);
  }
}

/** Reports the finished files that a stopped run leaves behind. */
async function reportStop(written: readonly string[], argv: readonly string[]): Promise<void> {
  const what = written.length === 0 ? "nothing was written" : `written: ${written.join(", ")}`;
  const { escapeControls, failureStyle, io, renderFailures } = await loadWords();
  const style = failureStyle(argv, io);
  if (style.isJson) {
    renderFailures([{ code: "interrupted", message: what }], io, style);
  } else {
    const clear = io.stderr.isTTY === true ? CLEAR_LINE : "";
    io.stderr.write(`${clear}interrupted: ${escapeControls(what)}\n`);
  }
}

async function reportDeath(reason: string, argv: readonly string[]): Promise<number> {
  const { processDied, failureStyle, io, renderFailures } = await loadWords();
  const failure = processDied(reason);
  renderFailures([failure], io, failureStyle(argv, io));
  return failure.exit;
}

/** The modules that print failures, loaded only when there are any. */
async function loadWords() {
  const [failures, escaping, rendering, { processIo }] = await Promise.all([
    import("./failures.js"),
    import("../core/escape-controls.js"),
    import("./render-failure.js"),
    import("./process-io.js"),
  ]);
  return { ...failures, ...escaping, ...rendering, io: processIo() };
}
