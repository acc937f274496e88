import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { present } from "../../../src/core/invariant.js";
import { explainOperators } from "../../../src/report/explanation.js";
import { arbitraryArtifact } from "../../support/arbitrary-artifacts.js";
import { SECTION } from "../../support/artifacts.js";

describe("explainOperators", () => {
  it("adds up what each stream does", () => {
    expect(present(explainOperators(SECTION, 3), "explanation").streams).toEqual([
      { stream: 0, operators: 3, waits: 1, busyNs: 6_000_000 },
      { stream: 1, operators: 1, waits: 1, busyNs: 2_800_000 },
    ]);
  });

  it("follows what the end waits for back to the start", () => {
    const { criticalPath, latencyNs } = present(explainOperators(SECTION, 3), "explanation");
    expect(criticalPath.map(({ operator }) => operator)).toEqual(["a", "b", "d"]);
    expect(latencyNs).toBe(6_000_000);
  });

  it("goes over to another stream where that one ended last, and counts the gap", () => {
    const launches = SECTION.launches.map((each) =>
      each.operator === "b" ? { ...each, endNs: 3_000_000 } : each,
    );
    expect(
      present(explainOperators({ ...SECTION, launches }, 3), "explanation").criticalPath,
    ).toEqual([
      { operator: "a", stream: 0, durationNs: 1_000_000, gapNs: 0 },
      { operator: "c", stream: 1, durationNs: 2_800_000, gapNs: 200_000 },
      { operator: "d", stream: 0, durationNs: 1_000_000, gapNs: 1_000_000 },
    ]);
  });

  it("lists the slowest operators, longest first", () => {
    expect(present(explainOperators(SECTION, 2), "explanation").slowest).toEqual([
      { operator: "b", durationNs: 4_000_000 },
      { operator: "c", durationNs: 2_800_000 },
    ]);
  });

  it("says something of any section that the format allows", () => {
    let explained = 0;
    fc.assert(
      fc.property(arbitraryArtifact, ({ operators }) => {
        if (operators !== undefined) {
          const { streams, criticalPath } = present(explainOperators(operators, 5), "explanation");
          expect(streams.length).toBe(operators.streams);
          expect(criticalPath.length).toBeLessThanOrEqual(operators.launches.length);
          explained++;
        }
      }),
    );
    expect(explained).toBeGreaterThan(10);
  });
});
