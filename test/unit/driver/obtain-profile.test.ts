/** What is kept, what is said of it, and what is not: with the machine's load given, not asked for. */
import { existsSync, mkdtempSync, rmSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import type { DriverContext } from "../../../src/driver/context.js";
import { obtainProfile, withMeasuredSchedules } from "../../../src/driver/obtain-profile.js";
import { profilePath, writeProfile } from "../../../src/profile/profile-store.js";
import { baselinesWith, fittingProfile } from "../../support/fitting-profile.js";
import { loweredTinyModel, tinyModel } from "../../support/tiny-model.js";

vi.mock("../../../src/profile/warm-up.js", () => import("../../support/brief-warm-up.js"));
vi.mock("../../../src/profile/timed-run.js", () => import("../../support/brief-timed-run.js"));

const folder = mkdtempSync(join(tmpdir(), "top-compile-obtain-"));
afterAll(() => rmSync(folder, { recursive: true }));

const { lowered: MODEL, remove } = await loweredTinyModel(
  tinyModel({
    nodes: [
      { type: "Relu", inputs: ["x"], outputs: ["a"] },
      { type: "Neg", inputs: ["a"], outputs: ["y"] },
    ],
    inputs: [{ name: "x", dims: [2, 2] }],
    outputs: [{ name: "y", dims: [2, 2] }],
  }),
);
afterAll(remove);

function contextIn(name: string, load: number): { notes: string[]; context: DriverContext } {
  const notes: string[] = [];
  const context: DriverContext = {
    signal: new AbortController().signal,
    onProgress: () => undefined,
    compute: async (work) => work(),
    onNote: (text) => void notes.push(text),
    startHelper: () => {
      throw new Error("no helper is needed");
    },
    machineLoad: () => ({ load, cores: 2 }),
    profileFolder: join(folder, name),
    tool: "top-compile 0.0.0",
  };
  return { notes, context };
}

describe("a kept profile", () => {
  it("is named with its day and its noise when it is used", async () => {
    const { notes, context } = contextIn("kept", 0);
    const profile = await fittingProfile(MODEL, baselinesWith(0.0123));
    const path = profilePath(context.profileFolder, profile.key);
    expect(writeProfile(path, profile).ok).toBe(true);
    const day = new Date("2025-11-29T12:00:00Z");
    utimesSync(path, day, day);
    const obtained = await obtainProfile(MODEL, { kind: "kept" }, { seed: 1 }, context);
    expect(obtained).toMatchObject({ ok: true, value: { profile, input: undefined } });
    expect(notes).toEqual([
      `times of 2025-11-29, noise 1.2 %, kept in ${path}; --remeasure takes new ones`,
    ]);
  });

  it("is measured again where its noise is large", async () => {
    const { notes, context } = contextIn("noisy", 0);
    const profile = await fittingProfile(MODEL, baselinesWith(0.679));
    writeProfile(profilePath(context.profileFolder, profile.key), profile);
    const obtained = await obtainProfile(MODEL, { kind: "kept" }, { seed: 1 }, context);
    expect(notes[0]).toBe("measuring again: the kept profile has noise 67.9 %");
    expect(obtained.ok && obtained.value.load).toEqual({ load: 0, cores: 2 });
  });
});

describe("times of a busy machine", () => {
  it("are named and not kept", async () => {
    const { notes, context } = contextIn("busy", 18);
    const obtained = await obtainProfile(MODEL, { kind: "kept" }, { seed: 1 }, context);
    if (!obtained.ok) {
      throw new Error(obtained.error[0].message);
    }
    const source = { source: { kind: "kept" }, inputs: { seed: 1 } } as const;
    const measured = await withMeasuredSchedules(MODEL, obtained.value, [], source, context);
    expect(measured.ok && measured.value.measurement?.baselines.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["sequential", "sequential-again"]),
    );
    // A chain is not raced in parallel mode.
    expect(
      measured.ok && measured.value.measurement?.baselines.map(({ name }) => name),
    ).not.toContain("parallel");
    expect(notes.join("\n")).toMatch(
      /^machine busy \(load 18\.0 on 2 cores\)(, noise [\d.]+ %)?: the times are not to be trusted, and not kept$/m,
    );
    expect(existsSync(context.profileFolder)).toBe(false);
  });

  it("have operators that add up to a run of the whole model", async () => {
    const { context } = contextIn("sum", 18);
    const obtained = await obtainProfile(MODEL, { kind: "fresh" }, { seed: 1 }, context);
    if (!obtained.ok) {
      throw new Error(obtained.error[0].message);
    }
    const { operators, method } = obtained.value.profile;
    const total = operators.reduce((sum, { medianNs }) => sum + medianNs, 0);
    expect(Math.abs(total - method!.run.medianNs)).toBeLessThanOrEqual(operators.length);
  });
});
