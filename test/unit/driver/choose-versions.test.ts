import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseArtifact } from "../../../src/artifact/artifact-format.js";
import { searchedSection, searchPlacement } from "../../../src/driver/search-placement.js";
import { choose, encodePlacement, parsePlacement } from "../../../src/placement/parse-placement.js";
import type { Placement } from "../../../src/placement/placement.js";
import { pipelineFigures } from "../../../src/report/pipeline.js";
import { placementProblems } from "../../../src/verify/placement-problems.js";
import { verifyPipeline } from "../../../src/verify/verify-pipeline.js";

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "top-compile-choices-"));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Stages on a device each, forward 2, backward 4, kept memory 4; recomputed 1 and backward 6. */
function chain(stages: number, memory: number, change: (spec: Spec) => void = () => {}): string {
  const numbers = Array.from({ length: stages }, (_, stage) => stage);
  const spec: Spec = {
    format: "top-compile/placement",
    version: 1,
    timeUnit: "step",
    devices: numbers.map((at) => ({ name: `d${at}`, memory })),
    blocks: numbers.flatMap((at) => [
      { id: `f${at}`, kind: "forward", devices: [`d${at}`], duration: 2, memory: 4 },
      { id: `b${at}`, kind: "backward", devices: [`d${at}`], duration: 4, memory: -4 },
    ]),
    dependencies: [
      ...numbers.slice(1).flatMap((at) => [
        { from: `f${at - 1}`, to: `f${at}` },
        { from: `b${at}`, to: `b${at - 1}` },
      ]),
      { from: `f${stages - 1}`, to: `b${stages - 1}` },
    ],
    choices: numbers.map((at) => ({
      name: `stage ${at}`,
      options: [
        {
          name: "keep",
          blocks: [
            { id: `f${at}`, memory: 4 },
            { id: `b${at}`, duration: 4, memory: -4 },
          ],
        },
        {
          name: "recompute",
          blocks: [
            { id: `f${at}`, memory: 1 },
            { id: `b${at}`, duration: 6, memory: -1 },
          ],
        },
      ],
    })),
  };
  change(spec);
  return JSON.stringify(spec);
}

interface ChoiceInFile {
  name: string;
  options: { name: string; blocks: object[] }[];
  chosen?: string;
}

interface Spec {
  [key: string]: unknown;
  choices: ChoiceInFile[];
}

/** The artifact of a search of a placement file, and which options it took. */
function searched(text: string, name: string) {
  const path = join(folder, name);
  const out = join(folder, `${name}.schedule.json`);
  writeFileSync(path, text);
  const found = searchPlacement(
    {
      source: { kind: "file", path },
      memory: undefined,
      microBatches: 8,
      algorithm: "top-compile",
      seed: 1,
      out,
      force: true,
    },
    "t",
  );
  expect(found.ok ? [] : found.error).toEqual([]);
  const artifact = parseArtifact(readFileSync(out, "utf8"), out);
  const pipeline = artifact.ok ? artifact.value.pipeline : undefined;
  const verified = verifyPipeline(pipeline!, out);
  const placement = verified.ok ? verified.value.placement : undefined;
  return {
    chosen: placement?.choices?.map(({ chosen }) => chosen),
    makespan: pipeline?.makespan,
    problems: artifact.ok ? placementProblems(artifact.value, placement!, out).problems : ["none"],
    encoded: encodePlacement(placement!),
  };
}

describe("choices between versions of blocks", () => {
  it("keep where memory is no matter, and recompute where it makes devices wait", () => {
    const loose = searched(chain(2, 100), "loose.json");
    // Two stages in 1F1B: 8 times 6, and 2 + 4 for the other device.
    expect([loose.chosen, loose.makespan]).toEqual([["keep", "keep"], 54]);
    const tight = searched(chain(2, 4), "tight.json");
    // Kept on the first stage, one micro-batch at a time is in it: 2 + 6 + 4 each, 96.
    expect(tight.chosen).toEqual(["recompute", "keep"]);
    expect(tight.makespan).toBeLessThan(96);
    expect([loose.problems, tight.problems]).toEqual([[], []]);
  });

  it("are taken at their word where the file says which", () => {
    const text = chain(2, 100, ({ choices }) => {
      choices[1]!.chosen = "recompute";
    });
    expect(searched(text, "said.json").chosen).toEqual(["keep", "recompute"]);
  });

  it("leave out what does not fit", () => {
    const short = searched(chain(2, 3), "short.json");
    // Recomputed on both, with three micro-batches at most: 8 times 8, and 2 + 6 for the other device.
    expect([short.chosen, short.makespan]).toEqual([["recompute", "recompute"], 72]);
    const mixed = chain(2, 100, (spec) => {
      spec["devices"] = [
        { name: "d0", memory: 3 },
        { name: "d1", memory: 100 },
      ];
    });
    expect(searched(mixed, "mixed.json").chosen).toEqual(["recompute", "keep"]);
    const { chosen } = searched(chain(6, 3), "many-short.json");
    expect(chosen).toEqual(Array.from({ length: 6 }, () => "recompute"));
  });

  it("stay open with a limit that is given, and are read again as the same", () => {
    const read = parsePlacement(chain(2, 100), "p.json", 3);
    expect(read.ok && read.value.choices?.map(({ chosen, isOpen }) => [chosen, isOpen])).toEqual([
      ["recompute", true],
      ["recompute", true],
    ]);
    expect(read.ok && parsePlacement(encodePlacement(read.value))).toEqual(read);
  });

  it("are refused where no option fits, or the one that is said does not", () => {
    const codes = (text: string): readonly string[] => {
      const result = parsePlacement(text, "p.json");
      return result.ok ? [] : result.error.map(({ code }) => code);
    };
    expect(codes(chain(1, 0))).toEqual(["block-too-large"]);
    const said = chain(1, 3, ({ choices }) => {
      choices[0]!.chosen = "keep";
    });
    expect(codes(said)).toEqual(["block-too-large"]);
  });

  it("begin with the least memory where the first options fit one by one, but have no schedule", () => {
    // All on one device: of 9, one stage that is kept takes 4, and five recomputed ones 1 each.
    const spec = JSON.parse(chain(6, 100)) as Spec & { devices: object[]; dependencies: object[] };
    spec.devices = [{ name: "d0", memory: 9 }];
    spec["blocks"] = (spec["blocks"] as { devices: string[] }[]).map((block) => ({
      ...block,
      devices: ["d0"],
    }));
    const { chosen } = searched(JSON.stringify(spec), "together.json");
    expect(chosen?.filter((name) => name === "recompute").length).toBe(5);
  });

  it("are gone through one by one where there are many", () => {
    const { chosen, problems } = searched(chain(6, 100), "many.json");
    expect(chosen).toEqual(Array.from({ length: 6 }, () => "keep"));
    expect(problems).toEqual([]);
  });

  it("are written as they are read, with the option that is chosen", () => {
    const { encoded } = searched(chain(2, 4), "again.json");
    const read = parsePlacement(encoded);
    expect(read.ok && encodePlacement(read.value)).toBe(encoded);
    expect(read.ok && read.value.blocks.map(({ duration }) => duration)).toEqual([2, 6, 2, 4]);
  });

  it.each<[string, (spec: Spec) => void, string]>([
    [
      "an unknown option",
      ({ choices }) => {
        choices[0]!.chosen = "both";
      },
      'p.json at /choices/0/chosen | "both" is not the name of an option',
    ],
    [
      "options that change other fields",
      ({ choices }) => {
        choices[0]!.options[1]!.blocks = [{ id: "f0", memory: 1 }];
      },
      "p.json at /choices/0/options/1/blocks | do not change the same fields of the same blocks as the first",
    ],
    [
      "an unknown block",
      ({ choices }) => {
        choices[0]!.options[0]!.blocks = [{ id: "x", memory: 1 }];
      },
      'p.json at /choices/0/options/0/blocks | "x" is not the id of a block',
    ],
    [
      "a block of two choices",
      ({ choices }) => {
        choices[1]!.options = choices[0]!.options;
      },
      'p.json at /choices/1/options/0/blocks | "f0" is a block of another choice, or twice',
    ],
    [
      "two choices of one name",
      ({ choices }) => {
        choices[1]!.name = "stage 0";
      },
      'p.json at /choices/1/name | "stage 0" is there already',
    ],
  ])("are refused with %s", (_, change, problem) => {
    const result = parsePlacement(chain(2, 100, change), "p.json");
    const problems = result.ok
      ? []
      : result.error.map(({ where, message }) => `${where} | ${message}`);
    expect(problems).toContain(problem);
  });
});

describe("overlaps of blocks with versions", () => {
  /** One stage: kept, 2 and 4 with memory 4; recomputed, 2 and 6 with memory 1. */
  const overlapping = (memory: number, duration: number): string =>
    chain(1, memory, (spec) => {
      spec["overlaps"] = [{ blocks: ["f0", "b0"], duration }];
    });

  // Alone: the first forward and the last backward; seven times both together, or eight times one after the other.
  it.each<[string, number, number, string, number]>([
    ["of the first option apply to it", 100, 4, "keep", 2 + 7 * 4 + 4],
    ["of the first option do not apply to the other", 3, 4, "recompute", 8 * (2 + 6)],
    ["of the other option apply to it", 3, 6, "recompute", 2 + 7 * 6 + 6],
    ["of the other option do not apply to the first", 100, 6, "keep", 8 * (2 + 4)],
    ["weigh for the option that they suit", 100, 5, "keep", 2 + 7 * 5 + 4],
  ])("%s", (name, memory, duration, option, makespan) => {
    const found = searched(overlapping(memory, duration), `${name}.json`);
    expect([found.chosen, found.makespan, found.problems]).toEqual([[option], makespan, []]);
    const again = parsePlacement(found.encoded);
    expect(again.ok && encodePlacement(again.value)).toBe(found.encoded);
    expect(JSON.parse(found.encoded)).toMatchObject({ overlaps: [{ duration }] });
  });

  it("are told of where they do not apply", () => {
    const read = parsePlacement(overlapping(3, 4), "p.json");
    const placement = read.ok ? read.value : undefined;
    const section = searchedSection(placement!, { algorithm: "quick", microBatches: 2 });
    const figures = section.ok ? pipelineFigures(section.value, placement!) : [];
    expect(new Map(figures).get("apart")).toBe("f0 and b0: their options do not suit");
  });

  it("are the same whichever options were taken before", () => {
    const spec = JSON.parse(overlapping(100, 4)) as Spec & { blocks: object[]; overlaps: object[] };
    const [choice] = spec.choices;
    spec.blocks.push({ id: "w0", kind: "weight", devices: ["d0"], duration: 6 });
    spec.overlaps = [
      { blocks: ["w0", "b0"], duration: 8 },
      { blocks: ["f0", "b0"], duration: 4 },
      { blocks: ["w0", "f0"], duration: 7 },
    ];
    const [keep] = choice!.options;
    choice!.options.push({ ...keep!, name: "keep again" });
    const read = parsePlacement(JSON.stringify(spec), "p.json");
    expect(read.ok && read.value.overlaps).toHaveLength(3);
    const taken = (placement: Placement, name: string): Placement => {
      const chosen = choose(placement, [name]);
      expect(chosen.ok ? [] : chosen.error).toEqual([]);
      return chosen.ok ? chosen.value : placement;
    };
    const placement = read.ok ? read.value : undefined;
    const recomputed = taken(placement!, "recompute");
    expect([recomputed.overlaps?.length, recomputed.overlapsAside?.length]).toEqual([2, 1]);
    const again = taken(recomputed, "keep again");
    expect(encodePlacement(again)).toBe(encodePlacement(taken(placement!, "keep again")));
  });

  it.each<[string, (spec: Spec) => void, string]>([
    [
      "an overlap that suits no option",
      (spec) => {
        spec["overlaps"] = [{ blocks: ["f0", "b0"], duration: 8 }];
      },
      '/overlaps/0 | suits no options of "stage 0"',
    ],
    [
      "an overlap whose time does not depend on the option",
      (spec) => {
        spec["overlaps"] = [{ blocks: ["f0", "b0"], duration: 6 }];
        spec.choices[0]!.options = [
          {
            name: "keep",
            blocks: [
              { id: "f0", memory: 4 },
              { id: "b0", memory: -4 },
            ],
          },
          {
            name: "offload",
            blocks: [
              { id: "f0", memory: 1 },
              { id: "b0", memory: -1 },
            ],
          },
        ];
      },
      "/overlaps/0/duration | must be from 4, the longer of the two, to 5",
    ],
    [
      "an option on a device that is not there",
      (spec) => {
        spec.choices[0]!.options = [
          { name: "here", blocks: [{ id: "f0", devices: ["d0"] }] },
          { name: "there", blocks: [{ id: "f0", devices: ["d0", "d7"] }] },
        ];
      },
      '/choices/0/options/1/blocks/0/devices/1 | "d7" is not the name of a device',
    ],
  ])("are not taken with %s", (_, change, problem) => {
    const result = parsePlacement(chain(1, 100, change), "p.json");
    const problems = result.ok ? [] : result.error.map((each) => `${each.where} | ${each.message}`);
    expect(problems).toEqual([`p.json at ${problem}`]);
  });
});
