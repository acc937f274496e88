import { describe, expect, it } from "vitest";
import type {
  ArtifactGpu,
  ArtifactLaunch,
  OperatorsSection,
} from "../../../src/artifact/artifact.js";
import { present } from "../../../src/core/invariant.js";
import { explainOperators } from "../../../src/report/explanation.js";
import { renderGpuExplained } from "../../../src/report/gpu-explained.js";
import { SECTION } from "../../support/artifacts.js";

const NO_USE = { capacity: [], arithmetic: [], bandwidth: [] };

function launch(
  operator: string,
  stream: number,
  [startNs, endNs]: readonly [number, number],
  rest: Partial<ArtifactLaunch> = {},
): ArtifactLaunch {
  const aloneNs = endNs - startNs;
  return { operator, stream, waits: [], record: false, startNs, endNs, aloneNs, ...rest };
}

function sectionOf(
  launches: readonly ArtifactLaunch[],
  boundsNs: Partial<ArtifactGpu["boundsNs"]>,
  usePercent: ArtifactGpu["usePercent"] = NO_USE,
): OperatorsSection {
  const bounds = { criticalPath: 0, capacity: 0, arithmetic: 0, bandwidth: 0, ...boundsNs };
  const gpu = { launchGapNs: 1000, eventNs: 3000, boundsNs: bounds, usePercent };
  return { ...SECTION, streams: 3, launches, gpu };
}

function verdictOf(section: OperatorsSection): string {
  const { gpu, latencyNs } = present(explainOperators(section, 1), "explanation");
  const lines = renderGpuExplained(gpu ?? expect.fail(), latencyNs, { width: 80, style: "ascii" });
  return lines.slice(lines.lastIndexOf("") + 1).join("\n");
}

describe("what the end waits for on a GPU", () => {
  it("is what let an operator go last, not what ended last", () => {
    // c may start 1 us after b on its stream (20 us), but 3 us after a on the other: at 21 us.
    const section = sectionOf(
      [
        launch("a", 1, [0, 18_000]),
        launch("b", 0, [0, 19_000]),
        launch("c", 0, [21_000, 30_000], { waits: ["a"] }),
      ],
      { criticalPath: 28_000 },
    );
    const { criticalPath, gpu } = present(explainOperators(section, 1), "explanation");
    expect(criticalPath.map(({ operator }) => operator)).toEqual(["a", "c"]);
    expect(gpu?.chain).toEqual({
      aloneNs: 27_000,
      slowedNs: 0,
      launchGapsNs: 0,
      eventsNs: 3000,
      roomNs: 0,
    });
  });
});

describe("why a schedule on a GPU is not shorter", () => {
  it("does not blame gaps that the longest path has as well", () => {
    // The longest path is a, b, c with its two gaps of 1 us; only that b was slowed down is lost.
    const section = sectionOf(
      [
        launch("a", 0, [0, 2000]),
        launch("b", 0, [3000, 5500], { aloneNs: 2000 }),
        launch("c", 0, [6500, 8500]),
      ],
      { criticalPath: 8000 },
    );
    expect(verdictOf(section)).toBe(
      "94.1 % of the time is the longest path of operators, with its gaps:\n  only quicker or fewer operators on that path would help, no schedule\n" +
        "5.9 % is more than that:\n  most is lost to operators slowed by concurrent ones (5.9 %)",
    );
  });

  it("says what events cost beyond gaps", () => {
    const section = sectionOf(
      [launch("a", 1, [0, 2000]), launch("b", 0, [5000, 9000], { waits: ["a"] })],
      { criticalPath: 7000 },
    );
    expect(verdictOf(section)).toContain(
      "22.2 % is more than that:\n  most is lost to events, which take longer than gaps within a stream (22.2 %)",
    );
  });

  it("says when room is empty where room is the largest bound", () => {
    const capacity = [100, 100, 100, 100, 100, 100, 40, 100];
    const section = sectionOf(
      [launch("a", 0, [0, 80_000])],
      { capacity: 72_000 },
      {
        ...NO_USE,
        capacity,
      },
    );
    expect(verdictOf(section)).toContain(
      "10.0 % is more than that:\n  7.5 % of the room is empty (least from 60.0 us to 70.0 us: 40.0 % used)\n  2.5 % is held longer because operators slow each other down",
    );
  });

  it("says when bandwidth is not used where it is the largest bound", () => {
    const bandwidth = [100, 20, 100, 100, 100, 100, 100, 100];
    const section = sectionOf(
      [launch("a", 0, [0, 80_000])],
      { bandwidth: 72_000 },
      {
        ...NO_USE,
        bandwidth,
      },
    );
    expect(verdictOf(section)).toContain(
      "10.0 % is more than that:\n  the memory bandwidth is not always used in full (least from 10.0 us to 20.0 us: 20.0 % used)",
    );
  });

  it("says that nothing is left to gain", () => {
    const section = sectionOf([launch("a", 0, [0, 8000])], { criticalPath: 8000 });
    expect(verdictOf(section)).toContain("the schedule is as short as that allows");
  });
});
