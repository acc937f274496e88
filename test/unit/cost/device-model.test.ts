import { readFileSync } from "node:fs";
import Ajv2020 from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";
import { parseDeviceModel } from "../../../src/cost/device-model.js";
import { DEVICE_MODELS } from "../../../src/cost/device-models/catalog.js";

const schema = JSON.parse(readFileSync("docs/schema/device-model.schema.json", "utf8"));
const validate = new Ajv2020.default({ allowUnionTypes: true }).compile(schema);
const asFile = (model: object): Record<string, unknown> => ({
  format: "top-compile/device-model",
  version: 1,
  ...model,
});

describe("device models", () => {
  it.each(DEVICE_MODELS.map((model) => [model.name, model] as const))(
    "%s reads as a file of its own and follows the schema",
    (_name, model) => {
      const file = asFile(model);
      expect(validate(file), JSON.stringify(validate.errors)).toBe(true);
      const parsed = parseDeviceModel(JSON.stringify(file), "own.json");
      expect(parsed.ok && parsed.value).toEqual(model);
    },
  );

  it.each([
    ["a missing figure", { sms: undefined }, "/sms"],
    ["an impossible figure", { sms: 0 }, "/sms"],
    ["an unknown field", { colour: "green" }, "/colour"],
    ["a bandwidth in GB/s by mistake", { memoryBandwidth: 4800 }, "/memoryBandwidth"],
    [
      "16-bit arithmetic slower than 32-bit",
      { flops: { float32: 9e12, tensorFloat32: 9e12, float16: 1e12 } },
      "/flops/float16",
    ],
    [
      "more thread blocks than warps",
      { threadBlocksPerSm: 64, threadsPerSm: 1024 },
      "/threadBlocksPerSm",
    ],
    ["an SM too small for any kernel", { threadsPerSm: 32 }, "/threadsPerSm"],
    ["an SM without registers for a kernel", { registersPerSm: 1024 }, "/registersPerSm"],
    ["an SM without shared memory for a product", { sharedBytesPerSm: 1024 }, "/sharedBytesPerSm"],
    [
      "more shared memory reserved than there is",
      { sharedBytesPerSm: 32_768, sharedBytesReservedPerBlock: 32_768 },
      "/sharedBytesPerSm",
    ],
    ["half a warp", { threadsPerSm: 1000 }, "/threadsPerSm"],
    ["events quicker than launches", { launchGapNs: 2000, eventNs: 1000 }, "/eventNs"],
  ])("refuses %s with its pointer", (_what, change, pointer) => {
    const file = JSON.parse(JSON.stringify(asFile({ ...DEVICE_MODELS[0], ...change })));
    const parsed = parseDeviceModel(JSON.stringify(file), "own.json");
    expect(parsed.ok ? [] : parsed.error.map(({ where }) => where)).toContain(
      `own.json at ${pointer}`,
    );
  });
});
