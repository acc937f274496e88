import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Ajv2020 from "ajv/dist/2020.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCli } from "../support/run-cli.js";

const MODEL = "fixtures/models/two-branch.onnx";
const PROFILE = "fixtures/profiles/cpu-example/two-branch.profile.json";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "top-compile-cli-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function at(name: string): string {
  return join(folder, name);
}

const schema = JSON.parse(readFileSync("docs/schema/schedule.schema.json", "utf8"));
const validate = new Ajv2020.default({ allowUnionTypes: true }).compile(schema);

describe("compile", () => {
  it("gives the same bytes twice from a recorded profile, and they verify", async () => {
    for (const name of ["one.json", "two.json"]) {
      const run = await runCli([MODEL, "--profile", PROFILE, "-o", at(name), "--quiet"]);
      expect(run).toMatchObject({ status: 0, stderr: "" });
    }
    const text = readFileSync(at("one.json"), "utf8");
    expect(readFileSync(at("two.json"), "utf8")).toBe(text);
    expect(validate(JSON.parse(text)), JSON.stringify(validate.errors)).toBe(true);
    expect(text).not.toContain(folder);
    const verified = await runCli(["verify", at("one.json"), "--model", MODEL]);
    expect(verified).toMatchObject({ status: 0, stderr: "" });
    expect(verified.stdout).toContain("every dependency kept");
    const explained = await runCli(["explain", at("one.json"), "--ascii"]);
    expect(explained.status).toBe(0);
  });

  it("prints the artifact and nothing else with --json", async () => {
    const out = at("json.json");
    const argv = [MODEL, "--profile", PROFILE, "-o", out, "--json", "--quiet"];
    const { stdout, stderr } = await runCli(argv);
    expect(stderr).toBe("");
    expect(stdout).toBe(readFileSync(out, "utf8"));
  });

  it.each(["sequential", "top-compile", "opara", "nimble", "wavefront"])(
    "takes the schedule of %s when asked for it",
    async (algorithm) => {
      const out = at(`${algorithm}.json`);
      const argv = [MODEL, "--profile", PROFILE, "--algorithm", algorithm, "-o", out, "--quiet"];
      expect((await runCli(argv)).status).toBe(0);
      const { operators } = JSON.parse(readFileSync(out, "utf8"));
      expect(operators).toMatchObject({ algorithm, decision: { reason: "asked-for" } });
    },
  );

  it.each(["h200", "h100", "a100-pcie-40gb", "v100", "rtx-2080-super"])(
    "estimates for %s, the same twice, never above sequential",
    async (device) => {
      const model = "fixtures/models/squeezenet.onnx";
      const texts: string[] = [];
      for (const name of ["a", "b"]) {
        const out = at(`${device}.${name}.json`);
        expect((await runCli([model, "--device", device, "-o", out, "--quiet"])).status).toBe(0);
        texts.push(readFileSync(out, "utf8"));
        expect((await runCli(["verify", out, "--model", model])).status).toBe(0);
      }
      expect(texts[0]).toBe(texts[1]);
      const artifact = JSON.parse(texts[0] ?? "");
      expect(validate(artifact), JSON.stringify(validate.errors)).toBe(true);
      expect(artifact.device.source).toBe("estimated");
      const { latencyNs, lowerBoundNs } = artifact.operators;
      expect(latencyNs.predicted).toBeLessThanOrEqual(latencyNs.sequentialPredicted);
      expect(latencyNs.predicted).toBeGreaterThanOrEqual(lowerBoundNs);
    },
  );
});

describe("verify", () => {
  it("finds what was changed in a schedule", async () => {
    const out = at("good.json");
    await runCli([MODEL, "--profile", PROFILE, "--algorithm", "opara", "-o", out, "--quiet"]);
    const good = JSON.parse(readFileSync(out, "utf8"));
    const launches = good.operators.launches as { operator: string; waits: string[] }[];
    const waiting = launches.findIndex(({ waits }) => waits.length > 0);
    const changed = (change: (copy: typeof good) => void): string => {
      const copy = structuredClone(good);
      change(copy);
      writeFileSync(at("bad.json"), JSON.stringify(copy));
      return at("bad.json");
    };
    const changes: readonly (readonly [string, (copy: typeof good) => void])[] = [
      ["missing operator", (copy) => copy.operators.launches.pop()],
      ["repeated operator", (copy) => copy.operators.launches.push(copy.operators.launches[0])],
      ["does not have", (copy) => (copy.operators.launches[0].operator = "nobody")],
      ["unmet dependency", (copy) => (copy.operators.launches[waiting].waits = [])],
      ["/operators/streams", (copy) => (copy.operators.streams = "two")],
      ["unknown field", (copy) => (copy.operators.extra = 1)],
      ["SHA-256", (copy) => (copy.provenance.inputs[0].sha256 = "0".repeat(64))],
    ];
    for (const [words, change] of changes) {
      const run = await runCli(["verify", changed(change), "--model", MODEL]);
      expect(run.status, words).toBe(1);
      expect(run.stderr).toContain(words);
    }
  });
});

describe("bad input", () => {
  const googlenet = readFileSync("fixtures/models/googlenet.onnx");
  const cases: readonly (readonly [string, () => string[], number, string])[] = [
    ["a missing model", () => [at("none.onnx")], 1, "model-unreadable"],
    ["an empty model", () => [made("empty.onnx", "")], 1, "model-other-format"],
    [
      "a truncated model",
      () => [made("cut.onnx", googlenet.subarray(0, 20_000))],
      1,
      "model-malformed",
    ],
    ["text", () => [made("text.onnx", "hello\n")], 1, "model-other-format"],
    ["a page", () => [made("page.onnx", "<!DOCTYPE html>")], 1, "model-other-format"],
    ["a folder", () => [`${folder}/`], 1, "model-unreadable"],
    [
      "absurd dims",
      () => ["inspect", "fixtures/models/bert-base.onnx", "--dim", "batch=999999999999"],
      1,
      "tensor-too-large",
    ],
    [
      "an unknown dim",
      () => ["inspect", "fixtures/models/bert-base.onnx", "--dim", "x=1"],
      2,
      "dim-unknown",
    ],
    ["a folder that is not there", () => [MODEL, "-o", at("no/such/x.json")], 1, "file-unwritable"],
    ["somebody else's file", () => [MODEL, "-o", made("notes.txt", "mine")], 1, "file-exists"],
    [
      "a profile of another model",
      () => ["fixtures/models/squeezenet.onnx", "--profile", PROFILE, "-o", at("p.json")],
      1,
      "profile-stale",
    ],
    [
      "a profile that is none",
      () => [MODEL, "--profile", made("p.txt", "{"), "-o", at("p.json")],
      1,
      "profile-invalid",
    ],
    ["a schedule that is none", () => ["verify", made("s.json", "[]")], 1, "schedule-invalid"],
    ["an unknown device", () => [MODEL, "--device", "tpu"], 2, "device-unknown"],
    [
      "an algorithm of another device",
      () => [MODEL, "--algorithm", "ios"],
      2,
      "option-not-applicable",
    ],
    ["a seed that is no number", () => [MODEL, "--seed", "x"], 2, "usage"],
  ];

  function made(name: string, content: string | Uint8Array): string {
    writeFileSync(at(name), content);
    return at(name);
  }

  it.each(cases)(
    "refuses %s in one line, with its code, and writes nothing",
    async (_what, argv, status, code) => {
      const run = await runCli([...argv(), "--quiet"]);
      expect(run.stdout).toBe("");
      expect(run.stderr).toMatch(new RegExp(`^error\\[${code}\\] [^\\n]+\\n`));
      expect(run.status).toBe(status);
      expect(readdirSync(folder).filter((name) => name.endsWith(".partial"))).toEqual([]);
      expect(readdirSync(folder)).not.toContain("p.json");
    },
  );
});

describe("wrong input says what it is, or what was meant", () => {
  const bert = "fixtures/models/bert-base.onnx";
  it.each([
    ["a profile for a model", [PROFILE], "is a CPU profile, not an ONNX model"],
    ["a model for a schedule", ["explain", MODEL], "it is a binary file, such as an ONNX model"],
    ["a profile for a schedule", ["verify", PROFILE], "the file is a CPU profile, not a schedule"],
    ["a device in capitals", [MODEL, "--device", "H200"], "did you mean h200?"],
    ["a misspelt choice", [MODEL, "--algorithm", "opera"], "Did you mean opara?"],
    [
      "a dim of a model without any",
      ["inspect", MODEL, "--dim", "nosuch=1"],
      'has no dynamic dims: there is no dim "nosuch" to give a size; leave out --dim',
    ],
    [
      "a misspelt dim",
      ["inspect", bert, "--dim", "Sequense=1"],
      'has no dynamic dim "Sequense"; it has "batch", "sequence"; did you mean --dim sequence=VALUE?',
    ],
  ])("%s", async (_what, argv, words) => {
    const { stderr } = await runCli(argv);
    expect(stderr).toContain(words);
  });
});
