import { describe, expect, it } from "vitest";
import { adaptiveLines } from "../../../src/report/adaptive-lines.js";

const STILL = { steps: [], fill: 0, dueNs: 0, atLeast: 1, busy: 0, holdNs: 0 };

describe("a launcher that reacts, in words", () => {
  it("has a table of its steps and a line for each model that does more", () => {
    const step = { waiting: 12, variant: "narrow", batch: 16, concurrency: 3, periodNs: 2500 };
    const reacting = {
      ...STILL,
      steps: [step, { ...step, waiting: 30, periodNs: 0 }],
      fill: 0.8,
      dueNs: 4000,
      atLeast: 8,
      busy: 1,
      holdNs: 1_500_000,
    };
    const adaptive = { kind: "reactive", models: [reacting, STILL] } as const;
    const text = adaptiveLines(adaptive, ["a", "b"], 80).join("\n");
    expect(text).toContain(
      "looks at every launch at what waits\nfrom so many waiting requests on:",
    );
    expect(text).toMatch(/a +12 +narrow +16 +3 +2\.5/);
    expect(text).toMatch(/a +30 +narrow +16 +3 +-/);
    expect(text.split("\n").at(-1)).toMatch(
      /^a: fills at least 80 % of a batch; waits up to 1\.5\d* ms for 8 requests while 1 task or more are in flight; gives way to requests up to 4\D.* younger$/,
    );
  });

  it("has no table where nothing depends on how many wait", () => {
    const adaptive = { kind: "reactive", models: [{ ...STILL, fill: 1 }, STILL] } as const;
    expect(adaptiveLines(adaptive, ["a", "b"], 80)).toEqual([
      "looks at every launch at what waits",
      "a: fills at least 100 % of a batch",
    ]);
  });
});
