/**
 * Damaged inputs that are used: whatever is not refused with a coded failure has to give a schedule
 * that `verify` accepts.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseArtifact } from "../../src/artifact/artifact-format.js";
import { H200 } from "../../src/cost/device-models/hopper.js";
import { encodePlacement } from "../../src/placement/parse-placement.js";
import { buildShape } from "../../src/placement/shapes/build-shape.js";
import { encodeServingProfile } from "../../src/profile/serving/serving-profile-format.js";
import { servingKeyOf } from "../../src/profile/serving/serving-profile-key.js";
import { loadModel } from "../../src/runtime/load-model.js";
import { modelLoader, servedModelLoader } from "../../src/verify/load-model-of-artifact.js";
import { verifyArtifact } from "../../src/verify/verify-artifact.js";
import { traceOf } from "../support/pytorch-files.js";
import { runCli } from "../support/run-cli.js";
import { servingProfile } from "../support/serving-profiles.js";
import { tinyModel } from "../support/tiny-model.js";
import { mutateCells, mutateJson, randomOf } from "./mutations.js";

/** A case here is a whole run of the program: a tenth as many as of inputs that are only read. */
const CASES = Math.ceil(Number(process.env["FUZZ_CASES"] ?? 1000) / 10);
const SEED = Number(process.env["FUZZ_SEED"] ?? 1);

let folder = "";
let model = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "top-compile-fuzz-used-"));
  model = join(folder, "tiny.onnx");
  const dims = [64, 64];
  const nodes = ["a", "b"].map((name) => ({
    type: "MatMul",
    inputs: ["x", "w"],
    outputs: [name],
  }));
  writeFileSync(
    model,
    tinyModel({
      nodes: [...nodes, { type: "Add", inputs: ["a", "b"], outputs: ["y"] }],
      inputs: [{ name: "x", dims }],
      outputs: [{ name: "y", dims }],
      weights: [{ name: "w", dims }],
    }),
  );
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Arguments of `launch` besides the model. */
const SERVED = ["--rate", "tiny=100", "--samples", "1"];

const MEASURED = "fixtures/models/two-branch.onnx";
const PROFILE = "fixtures/profiles/cpu-example/two-branch.profile.json";

const SMALL = "fixtures/models/small/unsorted.onnx";

/** Arguments of `launch` for a CPU whose times are in a file. */
async function servedOnCpu(): Promise<readonly string[]> {
  const path = join(folder, "serving.json");
  const loaded = await loadModel(SMALL, { dims: new Map() });
  const key = loaded.ok ? await servingKeyOf(loaded.value, [1]) : loaded;
  writeFileSync(path, encodeServingProfile(servingProfile(key.ok ? { key: key.value } : {})));
  const rate = ["--rate", "unsorted=300", "--samples", "1"];
  return ["launch", SMALL, ...rate, "--device", "cpu", "--profile", path];
}

/** A placement that small mutations keep possible. */
function placement(shape: string, mode: "infer" | "train"): string {
  const built = buildShape(shape, { devices: 4, mode, memory: 8 });
  return built.ok ? encodePlacement(built.value) : "";
}

/** Runs the program on a damaged file; what it writes has to verify. Gives whether it wrote. */
async function isUsed(argv: readonly string[], modelPath: string | undefined): Promise<boolean> {
  const out = join(folder, "out.json");
  const run = await runCli([...argv, "-o", out, "--force", "--quiet"]);
  expect([0, 1, 2, 3, 4], run.stderr).toContain(run.status);
  if (run.status !== 0) {
    expect(run.stderr).toMatch(/^error\[[a-z0-9-]+\] /m);
    return false;
  }
  const named = modelPath === undefined ? [] : ["--model", modelPath];
  const verified = await runCli(["verify", out, ...named]);
  expect(verified).toMatchObject({ status: 0, stderr: "" });
  return true;
}

async function eachCase(run: (index: number) => Promise<boolean>): Promise<number> {
  let used = 0;
  for (let index = 0; index < CASES; index++) {
    try {
      used += (await run(index)) ? 1 : 0;
    } catch (error) {
      throw new Error(`case ${index} of seed ${SEED}`, { cause: error });
    }
  }
  return used;
}

describe("damaged inputs that are used", () => {
  it.each([
    ["placement of a V", placement("v", "train"), "quick"],
    ["placement of a K", placement("k", "infer"), "greedy"],
    ["placement of an M", readFileSync("fixtures/placements/m-4-infer.json", "utf8"), "modulo"],
  ])("give a schedule that verifies or a failure: %s", async (_what, text, algorithm) => {
    const file = join(folder, "placement.json");
    const used = await eachCase((index) => {
      writeFileSync(file, mutateJson(text, randomOf(SEED, index)));
      const argv = ["search", file, "--algorithm", algorithm, "--micro-batches", "3"];
      return isUsed(argv, undefined);
    });
    expect(used).toBeGreaterThan(0);
  });

  it("give a schedule that verifies or a failure: rows of PyTorch", async () => {
    const file = join(folder, "rows.csv");
    const text = readFileSync("fixtures/imports/zb-v-2.csv", "utf8");
    const used = await eachCase((index) => {
      writeFileSync(file, mutateCells(text, randomOf(SEED, index)));
      return isUsed(["import", file], undefined);
    });
    expect(used).toBeGreaterThan(0);
  });

  it("give a schedule that verifies or a failure: traces of PyTorch", async () => {
    const file = join(folder, "trace.json");
    const cells = ["0F0", "0F1", "0B0", "0I1", "0W1"];
    const step = cells.map((cell, at) => ({ cell, start: at * 1000, end: at * 1000 + 900 }));
    const text = traceOf([
      step,
      step.map((each) => ({ ...each, start: each.start + 1e4, end: each.end + 1e4 })),
    ]);
    const used = await eachCase((index) => {
      writeFileSync(file, mutateJson(text, randomOf(SEED, index)));
      return isUsed(["import", file], undefined);
    });
    expect(used).toBeGreaterThan(0);
  });

  it("give a schedule that verifies or a failure: traces of ours", async () => {
    const [schedule, file] = [join(folder, "own.json"), join(folder, "own.trace.json")];
    await runCli([
      "search",
      "--shape",
      "v",
      "--devices",
      "2",
      "--micro-batches",
      "3",
      "-o",
      schedule,
    ]);
    await runCli(["export", schedule, "--to", "chrome-trace", "-o", file]);
    const text = readFileSync(file, "utf8");
    let read = 0;
    await eachCase(async (index) => {
      writeFileSync(file, mutateJson(text, randomOf(SEED, index)));
      const run = await runCli([
        "import",
        file,
        "-o",
        join(folder, "out.json"),
        "--force",
        "--quiet",
      ]);
      expect([0, 1, 2], run.stderr).toContain(run.status);
      read += run.status === 0 ? 1 : 0;
      return run.status === 0;
    });
    expect(read).toBeGreaterThan(0);
  });

  it("give a schedule that verifies or a failure: device model", async () => {
    const file = join(folder, "gpu.json");
    const text = JSON.stringify({ format: "top-compile/device-model", version: 1, ...H200 });
    const used = await eachCase((index) => {
      writeFileSync(file, mutateJson(text, randomOf(SEED, index)));
      return isUsed([model, "--device", file], model);
    });
    expect(used).toBeGreaterThan(0);
  });

  it("give a schedule that verifies or a failure: profile", async () => {
    const file = join(folder, "profile.json");
    const text = readFileSync(PROFILE, "utf8");
    await eachCase((index) => {
      writeFileSync(file, mutateJson(text, randomOf(SEED, index)));
      return isUsed([MEASURED, "--profile", file], MEASURED);
    });
  });

  it("give a verdict: artifact with policies for a CPU", async () => {
    const file = join(folder, "cpu.json");
    const launched = await runCli([...(await servedOnCpu()), "-o", file, "--quiet", "--force"]);
    expect([launched.stderr, launched.status]).toEqual(["", 0]);
    const text = readFileSync(file, "utf8");
    const load = { model: modelLoader(file, SMALL), served: servedModelLoader(file, SMALL) };
    await eachCase(async (index) => {
      const artifact = parseArtifact(mutateJson(text, randomOf(SEED, index)), file);
      const verified = artifact.ok ? await verifyArtifact(artifact.value, file, load) : artifact;
      if (!verified.ok) {
        expect(verified.error.map(({ exit }) => exit)).not.toContain(70);
        expect(verified.error[0].code).toMatch(/^[a-z0-9-]+$/);
      }
      return verified.ok;
    });
  });

  it.each([
    ["operators", ["--device", "h200"]],
    ["tasks", ["--device", "v100", "--concurrency", "2", "--progress", "0,0.4"]],
    ["stages", ["--device", "v100", "--devices", "2", "--micro-batches", "3"]],
    ["launcher", SERVED],
  ])("give a verdict: artifact with %s", async (what, options) => {
    const file = join(folder, "artifact.json");
    const command = what === "launcher" ? ["launch"] : [];
    const argv = [...command, model, ...options, "-o", file, "--quiet", "--force"];
    expect((await runCli(argv)).status).toBe(0);
    const text = readFileSync(file, "utf8");
    const load = { model: modelLoader(file, model), served: servedModelLoader(file, folder) };
    await eachCase(async (index) => {
      const artifact = parseArtifact(mutateJson(text, randomOf(SEED, index)), file);
      const verified = artifact.ok ? await verifyArtifact(artifact.value, file, load) : artifact;
      if (!verified.ok) {
        for (const { code, message, exit } of verified.error) {
          expect(code).toMatch(/^[a-z0-9-]+$/);
          expect(message.length).toBeGreaterThan(0);
          expect(exit).toBe(1);
        }
      }
      return verified.ok;
    });
  });
});
