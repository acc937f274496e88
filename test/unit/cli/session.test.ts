import { describe, expect, it } from "vitest";
import { sessionFor } from "../../../src/cli/session.js";

const CLEAR_LINE = "\r\u001b[K";
const STEP = { phase: "runs", done: 4, total: 4, label: "4 ways to run the model" };

/** A session on a terminal that both streams go to, and all that is written to it in order. */
function onTerminal() {
  const written: string[] = [];
  const sink = { write: (text: string) => written.push(text), isTTY: true, columns: 80 };
  const streams = { stdout: sink, stderr: sink, env: { TERM: "dumb" } };
  return { written, session: sessionFor(streams, new AbortController().signal, {}) };
}

describe("a session on a terminal", () => {
  it("prints the result on a line that the progress has left", () => {
    const { written, session } = onTerminal();
    session.progress.report(STEP);
    session.print({ text: () => "device  cpu", json: () => ({}) });
    expect(written.slice(1)).toEqual([CLEAR_LINE, "device  cpu\n"]);
  });

  it.each(["stdout", "stderr"] as const)("clears the progress before text on %s", (stream) => {
    const { written, session } = onTerminal();
    session.progress.report(STEP);
    session.io[stream].write("text\n");
    session.io[stream].write("more\n");
    expect(written.slice(1)).toEqual([CLEAR_LINE, "text\n", "more\n"]);
  });

  it("shows the progress again after the text", () => {
    const { written, session } = onTerminal();
    session.progress.report(STEP);
    session.io.stdout.write("text\n");
    session.progress.report({ ...STEP, phase: "more", label: "the next" });
    expect(written.at(-1)).toContain("the next");
  });
});
