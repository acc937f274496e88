import { describe, expect, it } from "vitest";
import { withShortArguments } from "../../src/cli/echoed-arguments.js";
import { runCli } from "../support/run-cli.js";

const LONG = [
  "t".repeat(40_000),
  "t|a ".repeat(10_000),
  `${"x,".repeat(20_000)}=3`,
  "\n".repeat(9_000),
];
const SHAPE = ["search", "--shape", "v", "--devices", "4"];

const CASES: readonly (readonly [what: string, argv: readonly string[], option: string])[] = [
  ["a layout", ["search", "--preset", "megatron", "--layers", "8", "--devices", "4"], "--layout"],
  ["a shape", ["search", "--devices", "4"], "--shape"],
  ["a size", SHAPE, "--memory"],
  ["a number", SHAPE, "--micro-batches"],
  ["a choice", SHAPE, "--algorithm"],
  ["a device", ["compile", "fixtures/models/two-branch.onnx"], "--device"],
  ["a rate", ["launch", "fixtures/models/two-branch.onnx", "--device", "h200"], "--rate"],
  ["a dim", ["compile", "fixtures/models/two-branch.onnx", "--device", "h200"], "--dim"],
];

describe("long arguments", () => {
  it.each(CASES)("are cut in messages of %s", async (_, argv, option) => {
    for (const value of LONG) {
      for (const given of [[option, value], [`${option}=${value}`]]) {
        for (const json of [[], ["--json"]]) {
          const run = await runCli([...argv, ...given, ...json]);
          expect(run.status).not.toBe(0);
          expect(run.stderr).toContain(option);
          expect(run.stderr.length).toBeLessThan(7_000);
        }
      }
    }
  });

  it("are cut as commands, options and files", async () => {
    for (const value of LONG) {
      for (const argv of [[value], [`--${value}`], [`${value}.onnx`], ["verify", value]]) {
        const run = await runCli(argv);
        expect(run.status).not.toBe(0);
        expect(run.stderr.length).toBeLessThan(7_000);
      }
    }
  });

  it("are shown whole up to 300 characters, beginning and end of longer ones", () => {
    const [whole, longer] = ["/a".repeat(150), `${"/a".repeat(150)}b`];
    const shorten = withShortArguments(["verify", whole, `--out=${longer}`]);
    expect(shorten(`${whole}: cannot be read`)).toBe(`${whole}: cannot be read`);
    const shown = shorten(`--out ${longer}: cannot be written`);
    expect(shown).toMatch(/^--out \/a[/a]+\.\.\.[/a]+b: cannot be written$/);
    expect(shown.length).toBeLessThan(150);
  });
});
