import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { COMMANDS } from "../../src/cli/command-list.js";
import { parseProfile } from "../../src/profile/profile-format.js";
import { renderProfiled } from "../../src/report/profiled.js";
import { renderRan } from "../../src/report/ran.js";
import { runCli } from "../support/run-cli.js";
import { tinyModel } from "../support/tiny-model.js";

const TWO_BRANCH = "fixtures/models/two-branch.onnx";
const PROFILE = "fixtures/profiles/cpu-example/two-branch.profile.json";
const GOOGLENET = "fixtures/models/googlenet.onnx";
const WIDTHS = [60, 72, 80, 99, 140, 200];

let folder = "";
const at = (name: string): string => join(folder, name);

/** A model of which everything has a long name; its file has a short one. */
function longNamed(): string {
  const dims = [64, 64];
  const name = (part: string): string => `encoder/layers.0/${"self_attention/".repeat(6)}${part}`;
  const node = (type: string, inputs: string[], output: string) => {
    return { type, name: name(output), inputs: inputs.map(name), outputs: [name(output)] };
  };
  const model = tinyModel({
    nodes: [
      node("MatMul", ["x", "x"], "a"),
      node("MatMul", ["x", "x"], "b"),
      node("MatMul", ["x", "a"], "c"),
      node("Mul", ["a", "b"], "d"),
      node("Add", ["c", "d"], "y"),
    ],
    inputs: [{ name: name("x"), dims }],
    outputs: [{ name: name("y"), dims }],
  });
  writeFileSync(at("long.onnx"), model);
  return at("long.onnx");
}

beforeAll(async () => {
  // A short folder: paths are not shortened.
  folder = mkdtempSync(join(tmpdir(), "w-"));
  const made: readonly (readonly string[])[] = [
    [TWO_BRANCH, "--profile", PROFILE, "--algorithm", "top-compile", "-o", at("cpu.json")],
    [longNamed(), "--device", "h200", "-o", at("long.json")],
    [GOOGLENET, "--device", "h200", "--merge-convolutions", "-o", at("gpu.json")],
    [at("long.onnx"), "--devices", "2", "--device", "h200", "-o", at("pipe.json")],
    ["search", "--shape", "v", "--devices", "4", "--memory", "4", "-o", at("v.json")],
  ];
  for (const argv of made) {
    expect(await runCli([...argv, "--quiet"])).toMatchObject({ status: 0, stderr: "" });
  }
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const REPORTS: readonly (readonly [string, () => readonly string[]])[] = [
  ["compile", () => [TWO_BRANCH, "--profile", PROFILE, "-o", at("o.json")]],
  ["compile for a GPU", () => [at("long.onnx"), "--device", "h200", "-o", at("o.json")]],
  [
    "compile --compare",
    () => [at("long.onnx"), "--device", "h200", "--compare", "-o", at("o.json")],
  ],
  [
    "compile --concurrency",
    () => [at("long.onnx"), "--device", "v100", "--progress", "0,0.5", "-o", at("o.json")],
  ],
  [
    "compile --devices",
    () => [at("long.onnx"), "--device", "h200", "--devices", "3", "-o", at("o.json")],
  ],
  [
    "compile --devices with long names",
    () => [
      ...[at("long.onnx"), "--device", "h200", "-o", at("o.json")],
      ...["--devices", `${"a".repeat(90)}@16GiB,${"b".repeat(90)}`],
    ],
  ],
  [
    "partition",
    () => ["partition", at("long.onnx"), "--device", "h200", "--stages", "2", "-o", at("p.json")],
  ],
  ["inspect", () => ["inspect", at("long.onnx")]],
  ["inspect of a large model", () => ["inspect", "fixtures/models/gpt2.onnx"]],
  ["search", () => ["search", "--shape", "v", "--devices", "4", "--memory", "4"]],
  ["search --pareto", () => ["search", "--shape", "v", "--devices", "2", "--pareto"]],
  ["explain on a CPU", () => ["explain", at("cpu.json")]],
  ["explain on a GPU", () => ["explain", at("gpu.json")]],
  ["explain with long names", () => ["explain", at("long.json")]],
  ["explain of a pipeline of a model", () => ["explain", at("pipe.json")]],
  ["explain of a pipeline", () => ["explain", at("v.json")]],
  ["verify", () => ["verify", at("gpu.json"), "--model", GOOGLENET]],
  ["verify of a pipeline", () => ["verify", at("pipe.json"), "--model", at("long.onnx")]],
  ["verify of a search", () => ["verify", at("v.json")]],
];

/** Lines that are longer than they may be, but for those that name a file. */
function tooLong(text: string, columns: number): string[] {
  return text.split("\n").filter((line) => line.length > columns && !line.includes(folder));
}

describe("reports", () => {
  it.each(REPORTS)("%s fit the terminal", async (_, argv) => {
    for (const columns of WIDTHS) {
      const { status, stdout, stderr } = await runCli(argv(), { columns });
      expect(status, stderr).toBe(0);
      expect(stdout.length).toBeGreaterThan(40);
      expect(tooLong(`${stdout}${stderr}`, columns), `in ${columns} columns`).toEqual([]);
    }
  });

  it("have 80 columns where nobody says how many, and as many as --width says", async () => {
    const argv = ["explain", at("v.json")];
    const io = (await import("../../src/cli/columns.js")).columnsOf;
    expect([io({}), io({ columns: 10 }), io({ columns: 99 }), io({}, 120)]).toEqual([
      80, 40, 99, 120,
    ]);
    const wide = await runCli([...argv, "--width", "150"], { columns: 60 });
    expect(Math.max(...wide.stdout.split("\n").map((line) => line.length))).toBe(150);
  });

  it.each(WIDTHS)("of measurements fit %d columns", (columns) => {
    const profile = parseProfile(readFileSync(PROFILE, "utf8"), PROFILE);
    expect(profile.ok).toBe(true);
    const latency = { medianNs: 123_456_789, p10Ns: 123_000_000, p90Ns: 124_000_000, samples: 9 };
    const outputs = { identical: false, maxAbsolute: 1e-5, maxRelative: 1e-5 };
    const way = (name: string) => ({ name, latency, outputs });
    const ran = renderRan(
      {
        ...{
          algorithm: "top-compile",
          streams: 2,
          threadsPerStream: 1,
          compared: 1,
          noise: 0.01,
          rounds: 40,
        },
        ...{ predictedNs: 120_000_000, compiledNs: 110_000_000, schedule: way("top-compile") },
        baselines: ["sequential", "sequential-again", "all-cores", "parallel-mode"].map(way),
      },
      columns,
    );
    expect(tooLong(ran, columns)).toEqual([]);
    // The lines above the table are wrapped when they are printed.
    const table = profile.ok ? renderProfiled(profile.value, columns).split("\n\n").at(-1) : "";
    expect(tooLong(table ?? "", columns)).toEqual([]);
  });
});

describe("help", () => {
  it.each(["", ...COMMANDS.map(({ name }) => name)])("of %j fits 80 columns", async (name) => {
    for (const columns of [60, 80, 200]) {
      const argv = name === "" ? ["--help"] : [name, "--help"];
      const { stdout } = await runCli(argv, { columns });
      expect(tooLong(stdout, 80)).toEqual([]);
    }
  });
});
