import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parseArrivals } from "../../../src/arrivals/arrivals-format.js";
import { matchModels } from "../../../src/arrivals/match-models.js";
import { readArrivals } from "../../../src/arrivals/read-arrivals.js";
import { parseTrace } from "../../../src/arrivals/trace.js";
import { meanRate } from "../../../src/arrivals/workload.js";

const folder = mkdtempSync(join(tmpdir(), "top-compile-arrivals-"));
afterAll(() => rmSync(folder, { recursive: true }));

const POISSON = { kind: "poisson", ratePerSecond: 100 };
const HEAD = { format: "top-compile/arrivals", version: 1, durationSeconds: 10 };
const one = (model: object) => ({ ...HEAD, models: [{ model: "a", process: POISSON, ...model }] });

function problems(document: unknown): readonly string[] {
  const read = parseArrivals(JSON.stringify(document), "x.json");
  return read.ok
    ? []
    : read.error.map(({ code, where, message }) => `${code} ${where}: ${message}`);
}

function written(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe("an arrivals file", () => {
  it("becomes a workload", () => {
    written("d.txt", "1000\n3000\n500.5\n1500\n");
    const path = written(
      "all.json",
      JSON.stringify({
        ...HEAD,
        seed: 5,
        models: [
          { model: "a", objectiveMs: 20, batches: [1, 4], process: POISSON },
          {
            model: "b",
            process: {
              kind: "mmpp",
              states: [
                { ratePerSecond: 280, meanMs: 100 },
                { ratePerSecond: 40, meanMs: 300 },
              ],
            },
          },
          {
            model: "c",
            process: { kind: "diurnal", ratePerSecond: 50, swing: 0.5, periodSeconds: 30 },
          },
          { model: "d", process: { kind: "trace", file: "d.txt" } },
          { model: "e", process: { kind: "constant", ratePerSecond: 12.5 } },
        ],
      }),
    );
    const read = readArrivals(path);
    if (!read.ok) {
      throw new Error(JSON.stringify(read.error));
    }
    const { models, durationNs, seed } = read.value;
    expect({ durationNs, seed }).toEqual({ durationNs: 1e10, seed: 5 });
    expect(models.map(({ objectiveNs }) => objectiveNs)).toEqual([
      2e7,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    expect(models.map(({ batches }) => batches.length)).toEqual([2, 6, 6, 6, 6]);
    // (280 * 0.1 + 40 * 0.3) / 0.4 = 100; four requests in 6.0005 ms.
    expect(models.map(({ process }) => meanRate(process))).toEqual([
      100,
      100,
      50,
      4e9 / 6_000_500,
      12.5,
    ]);
  });

  it.each<readonly [string, unknown, readonly RegExp[]]>([
    ["a rate of nothing", one({ process: { ...POISSON, ratePerSecond: 0 } }), [/ratePerSecond/]],
    ["a negative rate", one({ process: { ...POISSON, ratePerSecond: -1 } }), [/ratePerSecond/]],
    [
      "a rate beyond a microsecond",
      one({ process: { ...POISSON, ratePerSecond: 2e6 } }),
      [/ratePer/],
    ],
    ["an objective of nothing", one({ objectiveMs: 0 }), [/objectiveMs: must be in/]],
    ["an unknown process", one({ process: { kind: "pareto" } }), [/kind: must be "constant" or/]],
    ["a process without a kind", one({ process: {} }), [/process\/kind: is missing/]],
    ["a process that is none", one({ process: [] }), [/process: must be an object, not an array/]],
    ["batches without 1", one({ batches: [2, 4] }), [/batches\/0: must be 1/]],
    ["batches out of order", one({ batches: [1, 4, 4] }), [/batches\/2: must be above/]],
    [
      "bursts of nothing",
      one({
        process: {
          kind: "mmpp",
          states: [
            { ratePerSecond: 0, meanMs: 1 },
            { ratePerSecond: 0, meanMs: 1 },
          ],
        },
      }),
      [/states: has no state with requests/],
    ],
    [
      "a swing below nothing",
      one({ process: { kind: "diurnal", ratePerSecond: 1, swing: 1.5, periodSeconds: 1 } }),
      [/swing: must be in 0 to 1/],
    ],
    [
      "more requests than are simulated",
      { ...one({}), durationSeconds: 1e6 },
      [/durationSeconds: 1000000 seconds have up to 100000000 requests/],
    ],
    [
      "states that change more often than is simulated",
      {
        ...one({
          process: {
            kind: "mmpp",
            states: [
              { ratePerSecond: 1, meanMs: 0.001 },
              { ratePerSecond: 2, meanMs: 0.001 },
            ],
          },
        }),
        durationSeconds: 10,
      },
      [/durationSeconds: 10 seconds have up to 10000000/],
    ],
    ["no models", { ...HEAD, models: [] }, [/models: must not be empty/]],
    [
      "a model twice",
      { ...HEAD, models: [one({}).models[0], one({}).models[0]] },
      [/models\/1\/model: "a" is there already/],
    ],
    ["several mistakes", one({ objectiveMs: -1, batches: [] }), [/objectiveMs/, /batches/]],
    ["another file", { format: "top-compile/placement", version: 1 }, [/the file is a placement/]],
  ])("with %s is refused", (_, document, expected) => {
    const found = problems(document);
    expect(found).toHaveLength(expected.length);
    for (const [at, pattern] of expected.entries()) {
      expect(found[at]).toMatch(/^arrivals-invalid x\.json at /);
      expect(found[at]).toMatch(pattern);
    }
  });

  it("of the documentation is read", () => {
    const page = readFileSync("docs/arrivals.md", "utf8");
    const [, example = ""] = /```json\n([\s\S]*?)```/.exec(page) ?? [];
    expect(problems(JSON.parse(example))).toEqual([]);
  });

  it("that is no JSON, or whose trace is not there, is refused", () => {
    expect(readArrivals(written("none.json", "rates: 5"))).toMatchObject({
      error: [{ code: "arrivals-not-json" }],
    });
    const path = written(
      "lost.json",
      JSON.stringify(one({ process: { kind: "trace", file: "no" } })),
    );
    expect(readArrivals(path)).toMatchObject({ error: [{ code: "file-unreadable" }] });
  });

  it("with a trace that goes round too often is refused", () => {
    written("fast.txt", "0.001\n".repeat(8));
    const path = written(
      "fast.json",
      JSON.stringify(one({ process: { kind: "trace", file: "fast.txt" } })),
    );
    expect(readArrivals(path)).toMatchObject({ error: [{ code: "trace-invalid" }] });
  });
});

describe("a trace", () => {
  it("may have fractions, empty lines and line ends of any system", () => {
    expect(parseTrace("10\r\n20.5\n\n  7 \n4\n", "t")).toMatchObject({
      value: Float64Array.from([10_000, 20_500, 7000, 4000]),
    });
  });

  it.each([
    ["words", "10\nsoon\n3\n4\n5", 'line 2 is "soon"'],
    ["negative times", "10\n-5\n3\n4\n5", 'line 2 is "-5"'],
    ["two columns", "1,2\n3\n4\n5\n6", 'line 1 is "1,2"'],
    ["exponents, which Perf Analyzer would cut off", "1e3\n3\n4\n5\n6", 'line 1 is "1e3"'],
    ["times longer than a week", "604800000001\n3\n4\n5\n6", "line 1 is"],
    ["escape sequences", "\u001b[31m\n3\n4\n5\n6", 'line 1 is "\\u001b[31m"'],
    ["too few times", "5\n6\n7", "has 3 times"],
    ["a quarter of no time", "0\n0\n5\n6\n7\n8\n9\n9", "has only times of 0"],
  ])("with %s is refused", (_, text, message) => {
    const read = parseTrace(text, "t.txt");
    expect(read).toMatchObject({ error: [{ code: "trace-invalid", where: "t.txt" }] });
    expect(read.ok ? "" : read.error[0].message).toContain(message);
  });

  it("of garbage reports some lines, not all", () => {
    const read = parseTrace("x\n".repeat(1000), "t.txt");
    expect(read.ok ? 0 : read.error.length).toBe(20);
  });
});

describe("matchModels", () => {
  const read = parseArrivals(JSON.stringify(one({ model: "resnet50" })), "x.json");
  const workload = {
    models: (read.ok ? read.value.models : []).map(({ model, batches }) => ({
      model,
      batches,
      process: { kind: "poisson", ratePerSecond: 1 } as const,
      objectiveNs: undefined,
    })),
    durationNs: 1e9,
    seed: undefined,
  };

  it("puts models in order, and names those that are unknown or missing", () => {
    expect(matchModels(workload, ["resnet50"], "x.json")).toMatchObject({ ok: true });
    expect(matchModels(workload, ["resnet-50", "bert"], "x.json")).toMatchObject({
      error: [
        {
          code: "arrivals-model-unknown",
          message: '"resnet50" is none of the models; did you mean "resnet-50"?',
        },
        { code: "arrivals-model-missing", message: 'says nothing of "resnet-50"' },
        { code: "arrivals-model-missing", message: 'says nothing of "bert"' },
      ],
    });
  });
});
