/** What is written is what was chosen. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { runCli } from "../support/run-cli.js";
import { tinyModel } from "../support/tiny-model.js";

const folder = mkdtempSync(join(tmpdir(), "top-compile-chosen-"));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);

const MODEL = "fixtures/models/two-branch.onnx";
const PROFILE = "fixtures/profiles/cpu-example/two-branch.profile.json";

async function compiled(name: string, ...rest: readonly string[]) {
  const out = at(name);
  const run = await runCli([MODEL, "--profile", PROFILE, "-o", out, "--quiet", ...rest]);
  expect(run).toMatchObject({ status: 0, stderr: "" });
  return { out, run, operators: JSON.parse(readFileSync(out, "utf8")).operators };
}

describe("a schedule with ONNX Runtime's own threads", () => {
  it("has the measurement of that run, and no prediction, bound or timeline of another", async () => {
    const { out, run, operators } = await compiled("all.json");
    expect(operators.decision.reason).toBe("all-cores-fastest");
    expect(operators.threadsPerStream).toBe(2);
    expect(operators.latencyNs.measured).toBe(29_769_128);
    expect(operators.latencyNs.predicted).toBeUndefined();
    expect(operators.lowerBoundNs).toBeUndefined();
    expect(operators.status).toBe("heuristic");
    for (const launch of operators.launches) {
      expect(Object.keys(launch)).toEqual(["operator", "stream", "waits", "record"]);
    }
    expect(run.stdout).not.toContain("bound");
    const verified = await runCli(["verify", out, "--model", MODEL]);
    expect(verified).toMatchObject({ status: 0, stderr: "" });
    const explained = await runCli(["explain", out]);
    expect(explained.stdout).toMatch(
      /no timeline: times with 2 threads inside each operator are not predicted\n$/,
    );
    const machine = await runCli(["explain", out, "--json"]);
    expect(JSON.parse(machine.stdout)).toEqual({ isPredicted: false });
  });
});

describe("a schedule on one stream", () => {
  it("is predicted to take the sum of its operators", async () => {
    const { operators } = await compiled("one.json", "--algorithm", "sequential");
    const profile = JSON.parse(readFileSync(PROFILE, "utf8"));
    const sum = profile.operators.reduce(
      (total: number, { medianNs }: { medianNs: number }) => total + medianNs,
      0,
    );
    expect(operators.latencyNs.predicted).toBe(sum);
    expect(operators.launches[0].startNs).toBe(0);
  });

  it("is not bounded above what was measured", async () => {
    const slow = JSON.parse(readFileSync(PROFILE, "utf8"));
    for (const operator of slow.operators) {
      for (const key of ["medianNs", "p10Ns", "p90Ns"]) {
        operator[key] *= 4;
      }
    }
    writeFileSync(at("slow.profile.json"), JSON.stringify(slow));
    const out = at("slow.json");
    const argv = [MODEL, "--profile", at("slow.profile.json"), "-o", out, "--quiet"];
    const run = await runCli([...argv, "--algorithm", "sequential"]);
    const { operators } = JSON.parse(readFileSync(out, "utf8"));
    // Two workers cannot do 236 ms of work in less than 118 ms, says the profile; 58 ms were measured.
    expect(operators.lowerBoundNs).toBeUndefined();
    expect(run.stdout).not.toMatch(/bound|proved optimal/);
    expect(await runCli(["verify", out, "--model", MODEL])).toMatchObject({ status: 0 });
  });
});

describe("artifacts of versions with other algorithms", () => {
  it.each(["opara", "nimble", "wavefront"])("verify without %s", async (name) => {
    const { out } = await compiled("fewer.json");
    const artifact = JSON.parse(readFileSync(out, "utf8"));
    const { candidates } = artifact.operators;
    artifact.operators.candidates = candidates.filter(
      (each: { algorithm: string }) => each.algorithm !== name,
    );
    writeFileSync(out, JSON.stringify(artifact));
    expect(await runCli(["verify", out, "--model", MODEL])).toMatchObject({ status: 0 });
  });
});

describe("a GPU by its data sheet", () => {
  it("refuses a tensor that its memory cannot hold", async () => {
    const dims = [2 ** 20, 2 ** 20];
    const nodes = [{ type: "Relu", inputs: ["x"], outputs: ["y"] }];
    const inputs = [{ name: "x", dims }];
    writeFileSync(at("huge.onnx"), tinyModel({ nodes, inputs, outputs: [{ name: "y", dims }] }));
    for (const argv of [
      ["--device", "h200"],
      ["--device", "h200", "--devices", "2"],
    ]) {
      const run = await runCli([at("huge.onnx"), ...argv, "-o", at("huge.json"), "--quiet"]);
      expect(run).toMatchObject({ status: 1, stdout: "" });
      expect(run.stderr).toMatch(
        /^error\[device-memory-exceeded\] .*tensor "[xy]" has 4398046511104 bytes; NVIDIA H200 SXM 141GB has 151397597184/,
      );
    }
  });

  it("gets no more streams than asked for, and a CPU does not take the option", async () => {
    const out = at("two.json");
    const argv = ["fixtures/models/googlenet.onnx", "--device", "h200", "--max-streams", "2"];
    expect(await runCli([...argv, "-o", out, "--quiet"])).toMatchObject({ status: 0 });
    const { operators, provenance } = JSON.parse(readFileSync(out, "utf8"));
    expect(provenance.options["max-streams"]).toBe(2);
    for (const { streams } of operators.candidates) {
      expect(streams).toBeLessThanOrEqual(2);
    }
    const model = ["--model", "fixtures/models/googlenet.onnx"];
    expect(await runCli(["verify", out, ...model])).toMatchObject({ status: 0 });
    const cpu = await runCli([MODEL, "--profile", PROFILE, "--max-streams", "2", "-o", out]);
    expect(cpu.status).toBe(2);
    expect(cpu.stderr).toContain("error[option-not-applicable]");
  });
});
