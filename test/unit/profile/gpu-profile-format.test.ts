import { describe, expect, it } from "vitest";
import { InternalError } from "../../../src/core/invariant.js";
import { encodeGpuProfile, parseGpuProfile } from "../../../src/profile/gpu/gpu-profile-format.js";
import { GPU_PROFILE } from "../../support/gpu-profile.js";

describe("GPU profile files", () => {
  const parsed = parseGpuProfile(JSON.stringify(GPU_PROFILE), "p.json");

  it("read back as what was written", () => {
    expect(parsed.ok && JSON.parse(encodeGpuProfile(parsed.value))).toEqual(GPU_PROFILE);
  });

  it("may lack the names of kernels, which older drivers do not tell; an empty one is none", () => {
    const text = JSON.stringify(GPU_PROFILE);
    const empty = parseGpuProfile(text.replaceAll('"name":"relu"', '"name":""'), "p.json");
    const absent = parseGpuProfile(text.replaceAll('"name":"relu",', ""), "p.json");
    expect(empty).toEqual(absent);
    expect(absent.ok && absent.value.operators[0]?.nodes[0]?.kernels).toEqual([
      {
        grid: [64, 1, 1],
        threadBlock: [256, 1, 1],
        registersPerThread: 32,
        sharedBytesPerBlock: 0,
        residentThreadBlocks: 4,
        partNs: 5000,
      },
    ]);
    const written = absent.ok ? encodeGpuProfile(absent.value) : "";
    expect(written).not.toContain("relu");
    expect(parseGpuProfile(written, "p.json")).toEqual(absent);
  });

  it("are not written when they would be refused", () => {
    const wrong = parsed.ok && {
      ...parsed.value,
      launchCosts: { ...parsed.value.launchCosts, hopNs: 0.5 },
    };
    expect(wrong).toBeTruthy();
    expect(() => wrong && encodeGpuProfile(wrong)).toThrow(InternalError);
  });
});
