import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DEVICE_MODELS } from "../../src/cost/device-models/catalog.js";
import { runCli } from "../support/run-cli.js";
import { tinyModel } from "../support/tiny-model.js";

const MODEL = "fixtures/models/squeezenet.onnx";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "top-compile-bad-devices-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function written(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function deviceFile(name: string, change: object): string {
  const head = { format: "top-compile/device-model", version: 1 };
  return written(name, JSON.stringify({ ...head, ...DEVICE_MODELS[0], ...change }));
}

async function compile(model: string, ...options: readonly string[]) {
  return runCli([model, "-o", join(folder, "out.json"), "--quiet", ...options]);
}

describe("a device model of one's own", () => {
  it("compiles as the one it was copied from", async () => {
    const own = deviceFile("own.json", { name: "own", product: "Our own GPU" });
    expect(await compile(MODEL, "--device", own)).toMatchObject({ status: 0, stderr: "" });
    const ours = JSON.parse(readFileSync(join(folder, "out.json"), "utf8"));
    expect(ours.device.name).toBe("Our own GPU");
    expect((await compile(MODEL, "--device", DEVICE_MODELS[0]?.name ?? "")).status).toBe(0);
    const theirs = JSON.parse(readFileSync(join(folder, "out.json"), "utf8"));
    expect(ours.operators).toEqual(theirs.operators);
  });

  it.each([
    ["a missing figure", { sms: undefined }, "at /sms"],
    ["a missing source", { sources: { sms: "data sheet" } }, "at /sources"],
    ["a figure of the wrong kind", { sms: "many" }, "at /sms"],
    ["no SMs", { sms: 0 }, "at /sms"],
    ["infinite bandwidth", { memoryBandwidth: 1e300 }, "at /memoryBandwidth"],
    ["a negative gap", { launchGapNs: -1 }, "at /launchGapNs"],
    ["another format", { format: "top-compile/profile" }, "at /format"],
    ["a later version", { version: 2 }, "at /version"],
  ])("is refused with %s", async (_what, change, place) => {
    const run = await compile(MODEL, "--device", deviceFile("bad.json", change));
    expect(run.status).toBe(1);
    expect(run.stderr).toContain("error[device-model-invalid]");
    expect(run.stderr).toContain(place);
  });

  it.each([
    ["device-model-not-json", written, "{ sms: 132 }"],
    ["device-model-invalid", written, "[]"],
    ["device-model-invalid", written, "null"],
  ])("is refused with %s when it is no model at all", async (code, write, text) => {
    const run = await compile(MODEL, "--device", write("odd.json", text));
    expect(run.status).toBe(1);
    expect(run.stderr).toContain(`error[${code}]`);
  });

  it("is refused when it is not there, or not known by name", async () => {
    const missing = await compile(MODEL, "--device", join(folder, "nowhere.json"));
    expect(missing.stderr).toContain("error[file-unreadable]");
    const unknown = await compile(MODEL, "--device", "h9000");
    expect(unknown.stderr).toContain("error[device-unknown]");
    expect(unknown.stderr).toContain("h200");
  });
});

describe("operators of unknown type", () => {
  const dims = [4, 4];
  const model = () => {
    const path = join(folder, "unknown.onnx");
    const nodes = [
      { type: "Relu", inputs: ["x"], outputs: ["h"] },
      { type: "Frobnicate", inputs: ["h"], outputs: ["y"] },
    ];
    const value = { inputs: [{ name: "x", dims }], outputs: [{ name: "y", dims }] };
    writeFileSync(path, tinyModel({ nodes, ...value }));
    return path;
  };

  it("are refused by name, or estimated by their bytes when asked", async () => {
    const refused = await compile(model(), "--device", "h200");
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain("error[operators-unknown]");
    expect(refused.stderr).toContain("Frobnicate_1");
    const estimated = await compile(model(), "--device", "h200", "--estimate-unsupported");
    expect(estimated).toMatchObject({ status: 0, stderr: "" });
    const { provenance } = JSON.parse(readFileSync(join(folder, "out.json"), "utf8"));
    expect(provenance.options["estimate-unsupported"]).toBe(true);
  });
});
