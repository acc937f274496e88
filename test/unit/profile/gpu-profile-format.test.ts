import { describe, expect, it } from "vitest";
import { InternalError } from "../../../src/core/invariant.js";
import { encodeGpuProfile, parseGpuProfile } from "../../../src/profile/gpu/gpu-profile-format.js";
import { GPU_PROFILE } from "../../support/gpu-profile.js";

describe("GPU profile files", () => {
  const parsed = parseGpuProfile(JSON.stringify(GPU_PROFILE), "p.json");

  it("read back as what was written", () => {
    expect(parsed.ok && JSON.parse(encodeGpuProfile(parsed.value))).toEqual(GPU_PROFILE);
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
