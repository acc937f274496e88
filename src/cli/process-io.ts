import type { CliIo, Sink } from "./io.js";

/** The streams and the environment of this process, for the command line. */
export function processIo(): CliIo {
  return { stdout: sinkOf(process.stdout), stderr: sinkOf(process.stderr), env: process.env };
}

/**
 * An output stream. Its reader may close it early, as `head` does: the rest of the output is then
 * dropped and the work goes on. Other errors are kept for `finished`.
 */
function sinkOf(stream: NodeJS.WriteStream): Sink {
  let problem: Error | undefined;
  const note = (error?: (Error & { readonly code?: string }) | null): void => {
    if (error && error.code !== "EPIPE") {
      problem ??= error;
    }
  };
  stream.on("error", note);
  return {
    write: (text) => stream.write(text, note),
    isTTY: stream.isTTY,
    get columns() {
      return stream.columns;
    },
    finished: () => new Promise((resolve) => stream.write("", () => resolve(problem))),
  };
}
