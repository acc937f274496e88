import { describe, expect, it } from "vitest";
import {
  encodeServingProfile,
  parseServingProfile,
} from "../../../../src/profile/serving/serving-profile-format.js";
import { servingProfile, timingOf } from "../../../support/serving-profiles.js";

const PROFILE = servingProfile();

function problems(change: (document: Record<string, unknown>) => void): readonly string[] {
  const document = JSON.parse(encodeServingProfile(PROFILE)) as Record<string, unknown>;
  change(document);
  const parsed = parseServingProfile(JSON.stringify(document), "p.json");
  return parsed.ok ? [] : parsed.error.map(({ code, where }) => `${code} ${where}`);
}

describe("serving profiles", () => {
  it("are read as they were written, byte for byte", () => {
    const text = encodeServingProfile(PROFILE);
    const parsed = parseServingProfile(text, "p.json");
    expect(parsed).toEqual({ ok: true, value: PROFILE });
    expect(parsed.ok && encodeServingProfile(parsed.value)).toBe(text);
  });

  it("are refused where figures contradict each other", () => {
    expect(problems(() => {})).toEqual([]);
    expect(problems((each) => (each["timings"] = [timingOf(1, 1, 100)]))).toEqual([
      "profile-invalid p.json at /timings",
    ]);
    expect(problems((each) => (each["timings"] = [...PROFILE.timings].reverse()))).toEqual([
      "profile-invalid p.json at /timings",
    ]);
    expect(problems((each) => (each["batches"] = PROFILE.batches.slice(1)))).toContain(
      "profile-invalid p.json at /batches",
    );
    const [first, ...rest] = PROFILE.timings;
    const [record, ...others] = first!.records;
    for (const change of [
      { usualNs: [...record!.usualNs].reverse() },
      { slowAt: [41, 40] },
      { slowAt: [40, 100] },
      { slowNs: [5] },
    ]) {
      const broken = { ...first!, records: [{ ...record!, ...change }, ...others] };
      expect(problems((each) => (each["timings"] = [broken, ...rest]))).toEqual([
        "profile-invalid p.json at /timings/0/records/0",
      ]);
    }
    const lacking = { ...first!, records: others };
    expect(problems((each) => (each["timings"] = [lacking, ...rest]))).toEqual([
      "profile-invalid p.json at /timings/0/records",
    ]);
    const twice = { ...first!, busy: [first!.busy[0]!, first!.busy[0]!] };
    expect(problems((each) => (each["timings"] = [twice, ...rest]))).toContain(
      "profile-invalid p.json at /timings/0/busy",
    );
  });

  it("of version 1, which had no records, are refused", () => {
    expect(problems((each) => (each["version"] = 1))[0]).toMatch(/^profile-\S+ p\.json/);
  });
});
