import { describe, expect, it } from "vitest";
import { progressLine, progressOn } from "../../../src/cli/progress.js";

const PLAIN = { error: (text: string) => text, note: (text: string) => text };

function progress(isTTY: boolean, isQuiet = false, columns = 40) {
  const lines: string[] = [];
  const sink = { write: (text: string) => lines.push(text), isTTY, columns };
  const reporter = progressOn({ stdout: sink, stderr: sink, env: {} }, PLAIN, isQuiet);
  return { lines, reporter };
}

const STEP = { phase: "operators", done: 1, total: 4, label: "measuring operators" };

describe("progressOn", () => {
  it("writes a line a phase where the line cannot be rewritten", () => {
    const { lines, reporter } = progress(false);
    reporter.report(STEP);
    reporter.report({ ...STEP, done: 2 });
    reporter.report({ ...STEP, phase: "workers", label: "measuring workers" });
    reporter.end();
    expect(lines).toEqual(["measuring operators\n", "measuring workers\n"]);
  });

  it("writes a line a part of a long phase where the line cannot be rewritten", () => {
    const { lines, reporter } = progress(false);
    const part = (name: string, label: string) => ({ ...STEP, part: name, label });
    reporter.report(part("a 0", "a begins"));
    reporter.report(part("a 0", "a goes on"));
    reporter.report(part("b 0", "b begins"));
    reporter.report(part("a 0", "a goes on"));
    reporter.report(part("a 1", "a is further"));
    reporter.report({ ...STEP, phase: "workers", label: "measuring workers" });
    reporter.report(part("a 1", "a again"));
    reporter.end();
    expect(lines).toEqual(
      ["a begins", "b begins", "a is further", "measuring workers", "a again"].map(
        (line) => `${line}\n`,
      ),
    );
  });

  it("rewrites one line on a terminal, keeps it within the width and clears it at the end", () => {
    const { lines, reporter } = progress(true);
    reporter.report({ ...STEP, label: "x".repeat(100) });
    reporter.end();
    reporter.end();
    expect(lines.length).toBe(2);
    expect(lines[0]).toBe(`\r\u001b[K 25 % ${"x".repeat(33)}`);
    expect(lines[1]).toBe("\r\u001b[K");
  });

  it("clears the line before a note", () => {
    const { lines, reporter } = progress(true);
    reporter.report(STEP);
    reporter.note("batch=1");
    expect(lines.slice(1)).toEqual(["\r\u001b[K", "batch=1\n"]);
  });

  it("says nothing when quiet", () => {
    const { lines, reporter } = progress(true, true);
    reporter.report(STEP);
    reporter.note("batch=1");
    reporter.end();
    expect(lines).toEqual([]);
  });
});

describe("progressLine", () => {
  it.each([
    [{ ...STEP, done: 1 }, 2000, " 25 % measuring operators, about 6 s left"],
    [{ ...STEP, done: 0 }, 2000, "  0 % measuring operators"],
    [{ ...STEP, done: 4 }, 2000, "100 % measuring operators"],
    [{ ...STEP, done: 9 }, 2000, "100 % measuring operators"],
    [{ ...STEP, total: 0, done: 0 }, 2000, "      measuring operators"],
    [{ ...STEP, done: 3 }, 10, " 75 % measuring operators, about 1 s left"],
  ])("words %o", (step, elapsedMs, line) => {
    expect(progressLine(step, elapsedMs)).toBe(line);
  });
});
