/** Exports that come with a model: for ONNX Runtime and Triton; and hints. */
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ScheduleArtifact } from "../../src/artifact/artifact.js";
import { readArtifact } from "../../src/artifact/read-artifact.js";
import { makeFolder } from "../../src/core/make-folder.js";
import { SKIP_REASON } from "../support/onnx-runtime.js";
import { runCli } from "../support/run-cli.js";
import { repositoryProblems } from "../support/triton-repository.js";
import { value } from "../support/values.js";

const folder = mkdtempSync(join(tmpdir(), "top-compile-export-"));
const at = (name: string): string => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

const MODEL = resolve("fixtures/models/two-branch.onnx");
const PROFILE = resolve("fixtures/profiles/cpu-example/two-branch.profile.json");

beforeAll(async () => {
  const onGpu = [MODEL, "--device", "h200"];
  const made = [
    [MODEL, "--profile", PROFILE, "--algorithm", "nimble", "-o", at("cpu.json")],
    [...onGpu, "-o", at("gpu.json")],
    [...onGpu, "--concurrency", "2", "-o", at("tasks.json")],
    [...onGpu, "--devices", "2", "-o", at("pipeline.json")],
    ["search", "--shape", "v", "--devices", "2", "-o", at("search.json")],
    ["launch", ...onGpu, "--rate", "two-branch=400", "--samples", "1", "-o", at("policy.json")],
  ];
  for (const argv of made) {
    expect(await runCli([...argv, "--quiet"])).toMatchObject({ status: 0 });
  }
});

function readArtifactFile(path: string): ScheduleArtifact {
  return value(readArtifact(path));
}

function exported(name: string, format: string, ...more: readonly string[]) {
  return runCli(["export", at(name), "--to", format, "--model", MODEL, ...more]);
}

describe.skipIf(SKIP_REASON !== undefined)("export --to ort", () => {
  it("writes a folder with the model, its plans and session options", async () => {
    const run = await exported("cpu.json", "ort");
    expect(run).toMatchObject({ status: 0, stderr: "" });
    expect(run.stdout).toContain("exactly the order of the launches");
    expect(readdirSync(at("cpu.ort")).sort()).toEqual([
      "two-branch.order.json",
      "two-branch.ort.onnx",
      "two-branch.ort.weights",
      "two-branch.parallel.session.json",
      "two-branch.session.json",
      "two-branch.streams.json",
    ]);
    const { streams, type } = JSON.parse(
      readFileSync(at("cpu.ort/two-branch.streams.json"), "utf8"),
    );
    expect([type, streams.length]).toEqual(["DeviceBasedPartitioner", 2]);
  });

  it("replaces an earlier export, and no file of another kind", async () => {
    const to = ["-o", at("again")];
    expect(await exported("cpu.json", "ort", ...to)).toMatchObject({ status: 0, stderr: "" });
    expect(await exported("gpu.json", "ort", ...to)).toMatchObject({ status: 0, stderr: "" });
    writeFileSync(at("again/two-branch.session.json"), "mine");
    const refused = await exported("gpu.json", "ort", ...to);
    expect([refused.status, refused.stderr]).toEqual([
      1,
      expect.stringContaining("error[file-exists]"),
    ]);
    expect(await exported("gpu.json", "ort", ...to, "--force")).toMatchObject({ status: 0 });
  });

  it("gives the same bytes again", async () => {
    for (const to of ["one", "two"]) {
      expect(await exported("gpu.json", "ort", "-o", at(to))).toMatchObject({ status: 0 });
    }
    for (const name of readdirSync(at("one"))) {
      expect(readFileSync(at(`two/${name}`)).equals(readFileSync(at(`one/${name}`)))).toBe(true);
    }
    expect(readdirSync(at("two"))).toEqual(readdirSync(at("one")));
  });

  it("puts operators that one launch computes on its stream", async () => {
    const googlenet = resolve("fixtures/models/googlenet.onnx");
    const compiled = [
      googlenet,
      "--device",
      "h200",
      "--merge-convolutions",
      "--math",
      "ieee",
      "--fuse",
      "none",
      "-o",
      at("merged.json"),
    ];
    expect(await runCli([...compiled, "--quiet"])).toMatchObject({ status: 0 });
    const run = await runCli(["export", at("merged.json"), "--to", "ort", "--model", googlenet]);
    expect(run).toMatchObject({ status: 0, stderr: "" });
    const { operators } = readArtifactFile(at("merged.json"));
    const { streams }: { readonly streams: readonly (readonly string[])[] } = JSON.parse(
      readFileSync(at("merged.ort/googlenet.streams.json"), "utf8"),
    );
    const streamOf = new Map(streams.flatMap((names, at) => names.map((name) => [name, at])));
    expect(streams.length).toBe(operators?.streams);
    expect(operators?.merges?.length).toBeGreaterThan(0);
    for (const { operators: members } of operators?.merges ?? []) {
      expect(new Set(members.map((name) => streamOf.get(name))).size).toBe(1);
    }
    const byStream = new Map<number, Set<number | undefined>>();
    for (const { operator, stream } of operators?.launches ?? []) {
      byStream.set(stream, (byStream.get(stream) ?? new Set()).add(streamOf.get(operator)));
    }
    expect([...byStream.values()].every((found) => found.size === 1)).toBe(true);
  });

  it("leaves no temporary files", () => {
    const left = readdirSync(tmpdir()).filter((name) =>
      name.startsWith(`top-compile-export-${process.pid}-`),
    );
    expect(left).toEqual([]);
  });

  it("refuses tasks in flight, and pipelines without a model", async () => {
    const tasks = await exported("tasks.json", "ort");
    expect(tasks.stderr).toContain("error[export-tasks-in-flight]");
    const search = await runCli(["export", at("search.json"), "--to", "ort"]);
    expect(search.stderr).toContain("error[export-model-missing]");
    expect(existsSync(at("search.ort"))).toBe(false);
  });
});

describe("export --to triton", () => {
  it.each(["pipeline", "policy"])("writes a repository of a %s", async (name) => {
    const run = await exported(`${name}.json`, "triton", "--quiet");
    expect(run).toMatchObject({ status: 0, stderr: "" });
    const models = readdirSync(at(`${name}.triton`));
    const config = (model: string): string =>
      readFileSync(at(`${name}.triton/${model}/config.pbtxt`), "utf8");
    expect(repositoryProblems(new Map(models.map((model) => [model, config(model)])))).toEqual([]);
    const served = models.filter((model) => !config(model).includes("ensemble"));
    expect(served.length).toBe(name === "pipeline" ? 2 : 1);
    for (const model of served) {
      expect(existsSync(at(`${name}.triton/${model}/1/model.onnx`))).toBe(true);
    }
    // Again: what is there is of the same kind.
    expect(await exported(`${name}.json`, "triton", "--quiet")).toMatchObject({
      status: 0,
      stderr: "",
    });
  });
});

describe("export --to triton, into the repository that the model is in", () => {
  it("never overwrites the model", async () => {
    makeFolder(at("repository/model/1"));
    const model = at("repository/model/1/model.onnx");
    copyFileSync(MODEL, model);
    const launched = ["launch", model, "--device", "h200", "--rate", "model=400", "--samples", "1"];
    const policy = at("repository/model.policy.json");
    expect(await runCli([...launched, "-o", policy, "--quiet"])).toMatchObject({ status: 0 });
    const to = ["--to", "triton", "-o", at("repository"), "--force"];
    for (const named of [model, at("repository/model/1")]) {
      const run = await runCli(["export", policy, ...to, "--model", named]);
      expect(run.stderr).toContain("error[output-is-input]");
    }
    expect(readFileSync(model).equals(readFileSync(MODEL))).toBe(true);
  });
});

describe("export --to hints", () => {
  it("prints what it writes", async () => {
    const run = await exported("gpu.json", "hints");
    const written = readFileSync(at("gpu.hints.txt"), "utf8");
    expect(run.stdout).toBe(`wrote ${at("gpu.hints.txt")}\n${written}`);
    expect(written).toMatch(/^TensorRT: trtexec --maxAuxStreams=\d+, /);
  });

  it("says why there are none", async () => {
    const cpu = await exported("cpu.json", "hints");
    expect(cpu.stdout).toContain("TensorRT: none, for the schedule is of a CPU.");
    const tasks = await exported("tasks.json", "hints");
    expect(tasks.stdout).toContain("TensorRT: none, for the schedule is of tasks in flight.");
    const pipeline = await exported("pipeline.json", "hints");
    expect(pipeline.stdout).toContain("vLLM, SGLang, Megatron-LM: none, for the names of");
    const search = await runCli(["export", at("search.json"), "--to", "hints"]);
    expect(search.stdout).toContain("there is no model whose stages these are");
  });
});
