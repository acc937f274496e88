import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Ajv2020 from "ajv/dist/2020.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ScheduleArtifact } from "../../src/artifact/artifact.js";
import { present } from "../../src/core/invariant.js";
import { runCli } from "../support/run-cli.js";

const MODEL = "fixtures/models/squeezenet.onnx";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "top-compile-tasks-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const schema = JSON.parse(readFileSync("docs/schema/schedule.schema.json", "utf8"));
const validate = new Ajv2020.default({ allowUnionTypes: true }).compile(schema);

function operatorsOf(path: string) {
  const artifact = JSON.parse(readFileSync(path, "utf8")) as ScheduleArtifact;
  expect(validate(artifact), JSON.stringify(validate.errors)).toBe(true);
  return present(artifact.operators, "operators section");
}

async function compiled(name: string, ...options: readonly string[]) {
  const out = join(folder, name);
  const run = await runCli([MODEL, "--device", "v100", "-o", out, "--quiet", ...options]);
  expect(run).toMatchObject({ status: 0, stderr: "" });
  const verified = await runCli(["verify", out, "--model", MODEL]);
  expect(verified).toMatchObject({ status: 0, stderr: "" });
  return { out, operators: operatorsOf(out) };
}

describe("--concurrency and --progress", () => {
  it("schedule what is left of all tasks together, and the artifact says which", async () => {
    const one = await compiled("one.json");
    const two = await compiled("two.json", "--concurrency", "2", "--progress", "0,0.5");
    const { tasks = [], launches } = two.operators;
    expect(tasks.map(({ name, progress }) => [name, progress])).toEqual([
      ["t0", 0],
      ["t1", 0.5],
    ]);
    const count = one.operators.launches.length;
    const done = tasks[1]?.done ?? 0;
    expect(done).toBeGreaterThan(0);
    expect(done).toBeLessThan(count);
    expect(launches.length).toBe(2 * count - done);
    const names = new Set(launches.map(({ operator }) => operator));
    for (const { operator } of one.operators.launches) {
      expect(names.has(`t0:${operator}`)).toBe(true);
    }
    for (const { operator, waits } of launches) {
      const task = operator.slice(0, 3);
      expect(waits.every((waited) => waited.startsWith(task))).toBe(true);
    }
    // Two tasks that share the GPU take less than one after the other, and not less than one.
    const { predicted, sequentialPredicted } = two.operators.latencyNs;
    expect(predicted).toBeGreaterThanOrEqual((one.operators.latencyNs.predicted ?? 0) * 0.99);
    expect(predicted).toBeLessThan(sequentialPredicted);

    const explained = await runCli(["explain", two.out, "--ascii"]);
    expect(explained.stdout).toContain("operators left");
    const json = JSON.parse((await runCli(["explain", two.out, "--json"])).stdout);
    expect(json.tasks).toMatchObject([
      { task: "t0", operators: count },
      { task: "t1", operators: count - done },
    ]);
  });

  it("are checked by verify", async () => {
    const { out } = await compiled("checked.json", "--concurrency", "2", "--progress", "0,0.3");
    const text = readFileSync(out, "utf8");
    const broken: readonly (readonly [string, string])[] = [
      [text.replace(/"done": 0/, '"done": 3'), "operators left"],
      [text.replaceAll('"t1:', '"t2:'), "which the model does not have"],
    ];
    for (const [changed, message] of broken) {
      expect(changed).not.toBe(text);
      const path = join(folder, "broken.json");
      writeFileSync(path, changed);
      const run = await runCli(["verify", path, "--model", MODEL]);
      expect(run.status).toBe(1);
      expect(run.stderr).toContain("schedule-broken");
      expect(run.stderr).toContain(message);
    }
  });

  it.each([
    ["option-not-applicable", ["--device", "cpu", "--concurrency", "2"]],
    ["progress-mismatch", ["--concurrency", "3", "--progress", "0,0.5"]],
    ["usage", ["--progress", "0,1"]],
    ["usage", ["--progress", "0,,0.5"]],
    ["usage", ["--concurrency", "0"]],
    ["usage", ["--concurrency", "65"]],
    ["usage", ["--batch", "0"]],
  ])("refuse with %s: %j", async (code, options) => {
    const out = join(folder, "refused.json");
    const run = await runCli([MODEL, "--device", "v100", "-o", out, ...options]);
    expect(run.status).toBe(2);
    expect(run.stderr).toContain(`error[${code}]`);
  });
});

describe("--batch", () => {
  it("compiles for a batch whose first dim the file fixes to 1", async () => {
    const one = await compiled("b1.json");
    const eight = await compiled("b8.json", "--batch", "8");
    expect(one.operators.batch).toBeUndefined();
    expect(eight.operators.batch).toBe(8);
    expect(eight.operators.launches.length).toBe(one.operators.launches.length);
    const ratio =
      eight.operators.latencyNs.sequentialPredicted / one.operators.latencyNs.sequentialPredicted;
    expect(ratio).toBeGreaterThan(1.2);
    expect(ratio).toBeLessThan(8);
  });

  it("sets a dynamic dim like --dim", async () => {
    const model = "fixtures/models/bert-base.onnx";
    const texts: string[] = [];
    for (const [name, ...options] of [
      ["batch.json", "--batch", "4"],
      ["dim.json", "--dim", "batch=4"],
    ]) {
      const out = join(folder, name ?? "");
      const base = [model, "--device", "h200", "--algorithm", "opara", "-o", out, "--quiet"];
      expect((await runCli([...base, ...options])).status).toBe(0);
      const { launches } = operatorsOf(out);
      texts.push(JSON.stringify(launches));
      expect((await runCli(["verify", out, "--model", model])).status).toBe(0);
    }
    expect(texts[0]).toBe(texts[1]);
  });

  it.each([
    ["dlrm", "h200", "is fixed to 26"],
    ["t5-small", "h200", "cannot be reshaped"],
    ["squeezenet", "cpu", "is fixed to 1"],
  ])("refuses %s on %s", async (name, device, message) => {
    const out = join(folder, "refused.json");
    const model = `fixtures/models/${name}.onnx`;
    const run = await runCli([model, "--device", device, "--batch", "4", "-o", out]);
    expect(run.status).toBe(1);
    expect(run.stderr).toContain("error[batch-impossible]");
    expect(run.stderr).toContain(message);
  });
});
