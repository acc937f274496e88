import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";
import { InternalError } from "../../../src/core/invariant.js";
import { encodeProfile, parseProfile } from "../../../src/profile/profile-format.js";
import { PROFILE } from "../../support/profiles.js";

const SCHEMA = JSON.parse(
  readFileSync(new URL("../../../docs/schema/profile.schema.json", import.meta.url), "utf8"),
);
const validate = new Ajv2020({ strict: true }).compile(SCHEMA);

/** The profile file as a mutable value. */
// biome-ignore lint/suspicious/noExplicitAny: a test edits JSON in places that types forbid
function file(): any {
  return JSON.parse(encodeProfile(PROFILE));
}

function problemsOf(value: unknown): readonly (string | undefined)[] {
  const result = parseProfile(JSON.stringify(value), "p.json");
  return result.ok ? [] : result.error.map((failure) => failure.where);
}

describe("profile files", () => {
  it("read back as what was written, and write the same bytes again", () => {
    const text = encodeProfile(PROFILE);
    const back = parseProfile(text, "p.json");
    expect(back).toEqual({ ok: true, value: PROFILE });
    expect(back.ok && encodeProfile(back.value)).toBe(text);
  });

  it.each([
    ["a fraction of a nanosecond", { operators: [{ ...PROFILE.operators[0], medianNs: 0.5 }] }],
    ["a name twice", { operators: [PROFILE.operators[0], PROFILE.operators[0]] }],
    ["a missing slowdown", { workers: { ...PROFILE.workers, slowdown: [1] } }],
  ])("are not written when they would be refused: %s", (_, wrong) => {
    expect(() => encodeProfile({ ...PROFILE, ...wrong } as unknown as typeof PROFILE)).toThrow(
      InternalError,
    );
  });

  it("do not depend on the order of a record's keys", () => {
    const { operators, ...rest } = PROFILE;
    const turned = operators.map((o) => Object.fromEntries(Object.entries(o).reverse()));
    const shuffled = { operators: turned as unknown as typeof operators, ...rest };
    expect(encodeProfile(shuffled)).toBe(encodeProfile(PROFILE));
  });

  it("satisfy the published schema, with and without a measurement", () => {
    expect(validate(file()), JSON.stringify(validate.errors)).toBe(true);
    const { measurement: _, ...without } = PROFILE;
    expect(validate(JSON.parse(encodeProfile(without)))).toBe(true);
    expect(parseProfile(encodeProfile(without), "p.json").ok).toBe(true);
  });

  it.each([
    ["an unknown field", (p: ReturnType<typeof file>) => (p.extra = 1), "p.json at /extra"],
    ["a missing field", (p: ReturnType<typeof file>) => delete p.workers, "p.json at /workers"],
    ["another version", (p: ReturnType<typeof file>) => (p.version = 2), "p.json at /version"],
    [
      "a negative time",
      (p: ReturnType<typeof file>) => (p.operators[1].medianNs = -1),
      "p.json at /operators/1/medianNs",
    ],
    [
      "a fraction of a nanosecond",
      (p: ReturnType<typeof file>) => (p.operators[0].p90Ns = 1.5),
      "p.json at /operators/0/p90Ns",
    ],
    [
      "a speed-up by busy neighbours",
      (p: ReturnType<typeof file>) => (p.workers.slowdown[1] = 0.5),
      "p.json at /workers/slowdown/1",
    ],
  ])("with %s are refused by reader and schema at the same place", (_, edit, where) => {
    const edited = file();
    edit(edited);
    expect(problemsOf(edited)).toEqual([where]);
    expect(validate(edited)).toBe(false);
  });

  it("whose operators repeat, or whose slowdowns are too few, are refused", () => {
    const edited = file();
    edited.operators[1].name = "conv";
    edited.workers.slowdown = [1];
    expect(problemsOf(edited)).toEqual([
      "p.json at /operators/1/name",
      "p.json at /workers/slowdown",
    ]);
  });

  it.each(["", "{", "[]", "null", "3"])("with the text %j are refused", (text) => {
    expect(parseProfile(text, "p.json")).toMatchObject({
      ok: false,
      error: [{ code: "profile-invalid", exit: 1 }],
    });
  });
});
