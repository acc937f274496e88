import { describe, expect, it } from "vitest";
import { renderChoice, renderCompiled } from "../../../src/report/compiled.js";
import { ARTIFACT, SECTION } from "../../support/artifacts.js";

describe("renderCompiled", () => {
  it("sets candidates and baselines side by side, and says what was chosen", () => {
    expect(renderCompiled(ARTIFACT, SECTION, 80)).toBe(
      [
        "device  a CPU (times measured)",
        "dims    batch=8",
        "",
        "schedule                 streams  predicted  measured  speed-up",
        "opara                          2    6.00 ms   6.30 ms     1.60x",
        "nimble                         2    6.00 ms  as opara",
        "sequential                     1    10.0 ms   10.1 ms     1.00x",
        "ONNX Runtime, all cores                       7.00 ms     1.44x",
        "",
        "chosen  opara on 2 streams: the fastest measured, by more than the noise of 1.2 %",
        "bound   of one-thread operators over worker threads no schedule is predicted faster than 5.00 ms; this one: at most 20.0 % above it",
      ].join("\n"),
    );
  });

  it("escapes control characters that a name may hold", () => {
    const device = { name: "\u001b[31mred\n", source: "measured" } as const;
    const text = renderCompiled({ ...ARTIFACT, device }, SECTION, 80);
    expect(text).toContain("device  \\u001b[31mred\\u000a (times");
  });
});

describe("renderChoice", () => {
  it.each([
    ["fastest-predicted", "the fastest predicted; nothing was measured"],
    ["best-worst-case", "predicted to gain most at worst; nothing was measured"],
    ["nothing-beats-sequential", "no candidate beat it by more than the noise of 1.2 %"],
    ["asked-for", "asked for"],
  ] as const)("words %s", (reason, words) => {
    const decision = { ...SECTION.decision, reason };
    expect(renderChoice({ ...SECTION, decision })).toContain(words);
  });

  it("says with how many threads inside each operator ONNX Runtime was faster", () => {
    const decision = { ...SECTION.decision, reason: "all-cores-fastest" } as const;
    expect(renderChoice({ ...SECTION, threadsPerStream: 4, decision })).toContain(
      "4 threads inside each operator: faster than every candidate",
    );
  });

  it("does not speak of noise where nothing was measured", () => {
    const decision = { reason: "nothing-beats-sequential" } as const;
    expect(renderChoice({ ...SECTION, decision })).toMatch(
      /no candidate is predicted more than 1\.0 % faster$/,
    );
  });
});
