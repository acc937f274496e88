import { describe, expect, it } from "vitest";
import type { GpuLaunchCosts, GpuProfile } from "../../../src/profile/gpu/gpu-profile.js";
import { parseGpuProfile } from "../../../src/profile/gpu/gpu-profile-format.js";
import { renderGpuProfiled } from "../../../src/report/gpu-profiled.js";
import { GPU_PROFILE } from "../../support/gpu-profile.js";

const parsed = parseGpuProfile(JSON.stringify(GPU_PROFILE), "p.json");
const PROFILE = parsed.ok ? parsed.value : undefined;

describe("what launching costs, in print", () => {
  const rendered = (more: Partial<GpuProfile>): readonly string[] =>
    PROFILE === undefined ? [] : renderGpuProfiled({ ...PROFILE, ...more }, 80).split("\n");
  const linesOf = (launchCosts: Partial<GpuLaunchCosts>): readonly string[] =>
    rendered({ launchCosts: launchCosts as GpuLaunchCosts }).slice(2, 6);

  it("divides a step into kernel and gap where they were measured", () => {
    expect(linesOf(PROFILE?.launchCosts ?? {})).toEqual([
      "launch  3.00 us a kernel on one stream, 4.00 us from stream to stream",
      "        of these 1.20 us inside of it, 1.79 us up to the next",
      "        kernels start 90 ns apart",
      "        a fork and a join of 2 take 11.0 us in all",
    ]);
    expect(rendered({})[1]).toBe("with    CUDA 12.4, cudnn 9, tf32, 32 hardware queues");
    expect(rendered({})[6]).toBe("layout  channels last 5.10 us on one stream, rows 5.90 us");
    const layouts = { taken: "rows", rowsNs: 5000, channelsLastNs: 5900 } as const;
    expect(rendered({ layouts })[6]).toBe(
      "layout  rows 5.00 us on one stream, channels last 5.90 us",
    );
    expect(
      linesOf({ chainNs: 3000, hopNs: 4000 })
        .filter((line) => !line.startsWith("layout"))
        .slice(0, 2),
    ).toEqual([
      "launch  3.00 us a kernel on one stream, 4.00 us from stream to stream",
      "run     operators add up to 10.0 us, 2.00 of the one-stream graph",
    ]);
  });
});
