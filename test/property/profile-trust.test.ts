/**
 * A study of profiles: every field of a real one is changed in every way, one at a time. What is
 * still read compiles to a schedule that `verify` takes, whatever is chosen.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { compileModel } from "../../src/driver/compile.js";
import type { DriverContext } from "../../src/driver/context.js";
import { parseProfile } from "../../src/profile/profile-format.js";
import { verifySchedule } from "../../src/verify/verify-schedule.js";
import { fieldChanges } from "../support/field-changes.js";

const folder = mkdtempSync(join(tmpdir(), "top-compile-profiles-"));
afterAll(() => rmSync(folder, { recursive: true }));

const MODEL = "fixtures/models/two-branch.onnx";
const PROFILE = "fixtures/profiles/cpu-example/two-branch.profile.json";

const original = JSON.parse(readFileSync(PROFILE, "utf8"));
const words = { name: ["sequential", "sequential-again", "all-cores", "parallel"] };
const changes = [...fieldChanges(original, { words, extras: [] })];

function isRead(document: unknown): boolean {
  return parseProfile(JSON.stringify(document), "p.json").ok;
}

const context: DriverContext = {
  signal: new AbortController().signal,
  onProgress: () => undefined,
  compute: async (work) => work(),
  onNote: () => undefined,
  startHelper: () => {
    throw new Error("no helper is needed");
  },
  profileFolder: folder,
  tool: "top-compile 0.0.0",
};

/** Compiles with a profile; the words of `verify`, or why nothing was compiled. */
async function outcome(document: unknown): Promise<string> {
  const path = join(folder, "p.json");
  const out = join(folder, "s.json");
  writeFileSync(path, JSON.stringify(document));
  const compiled = await compileModel(
    {
      model: MODEL,
      out,
      force: true,
      dims: new Map(),
      seed: 1,
      algorithm: undefined,
      profile: { kind: "file", path },
    },
    context,
  );
  if (!compiled.ok) {
    return compiled.error[0].code;
  }
  const verified = await verifySchedule(out, MODEL);
  return verified.ok ? "valid" : verified.error[0].message;
}

/** What the change of one field leads to, by JSON pointer: refused with this pointer. */
const REFUSED: readonly (readonly [string, (profile: typeof original) => void, string])[] = [
  ["no baselines", (p) => (p.measurement.baselines = []), "/measurement/baselines"],
  [
    "a baseline of 0 ns",
    (p) => (p.measurement.baselines[0].latency = { medianNs: 0, p10Ns: 0, p90Ns: 0, samples: 15 }),
    "/measurement/baselines/0/latency/medianNs",
  ],
  ["p10 above p90", (p) => (p.operators[3].p10Ns = 1e9), "/operators/3"],
  ["1e15 samples", (p) => (p.operators[0].samples = 1e15), "/operators/0/samples"],
  [
    "outputs that differ by 1e15",
    (p) => (p.measurement.schedules[0].outputs.maxAbsolute = 1e15),
    "/measurement/schedules/0/outputs/maxAbsolute",
  ],
  ["another noise", (p) => (p.measurement.noiseRatio = 0.5), "/measurement/noiseRatio"],
  [
    "identical outputs that differ",
    (p) => (p.measurement.schedules[1].outputs.identical = true),
    "/measurement/schedules/1/outputs",
  ],
];

describe("a profile", () => {
  it.each(REFUSED)("with %s is refused at its place", (_, change, pointer) => {
    const document = structuredClone(original);
    change(document);
    const read = parseProfile(JSON.stringify(document), "p.json");
    expect(read.ok ? [] : read.error.map(({ code, where }) => [code, where])).toContainEqual([
      "profile-invalid",
      `p.json at ${pointer}`,
    ]);
  });

  // Every change would take minutes: of each kind of field some, by their position.
  it.each([0, 1, 2, 3])("that is read compiles to what verify takes (part %i)", async (part) => {
    const read = changes.filter(({ document }, at) => at % 4 === part && isRead(document));
    const step = Math.ceil(read.length / 40);
    const wrong: string[] = [];
    for (const { pointer, what, document } of read.filter((_, at) => at % step === 0)) {
      const found = await outcome(document);
      if (!["valid", "profile-stale", "profile-invalid"].includes(found)) {
        wrong.push(`${pointer} ${what}: ${found}`);
      }
    }
    expect(read.length).toBeGreaterThan(40);
    expect(wrong).toEqual([]);
  });

  it("decides by intervals and medians that agree: not by the one against the other", async () => {
    const document = structuredClone(original);
    const allCores = document.measurement.baselines[2];
    allCores.latency = { medianNs: 90_000_000, p10Ns: 80_000_000, p90Ns: 95_000_000, samples: 15 };
    expect(await outcome(document)).toBe("valid");
  });
});
