import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  findProfile,
  profilePath,
  readProfile,
  writeProfile,
} from "../../../src/profile/profile-store.js";
import { PROFILE } from "../../support/profiles.js";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "profiles-"));
});

afterEach(() => rmSync(folder, { recursive: true }));

describe("the store of profiles", () => {
  it("finds what was stored, and leaves no other file", () => {
    const deep = join(folder, "a", "b");
    expect(findProfile(deep, PROFILE.key).kind).toBe("absent");
    expect(writeProfile(profilePath(deep, PROFILE.key), PROFILE).ok).toBe(true);
    expect(findProfile(deep, PROFILE.key)).toMatchObject({ kind: "found", profile: PROFILE });
    expect(readdirSync(deep)).toHaveLength(1);
  });

  it("is the user's alone, and neither read nor written where others may have put something", () => {
    const common = join(folder, "common");
    mkdirSync(common);
    chmodSync(common, 0o1777);
    const deep = join(common, "cache", "profiles");
    const path = profilePath(deep, PROFILE.key);
    expect(writeProfile(path, PROFILE).ok).toBe(true);
    for (const made of [deep, join(common, "cache")]) {
      expect(statSync(made).mode & 0o777).toBe(0o700);
    }
    chmodSync(join(common, "cache"), 0o777);
    expect(findProfile(deep, PROFILE.key)).toMatchObject({
      kind: "refused",
      reason: { message: expect.stringContaining("may be written to by others") },
    });
    expect(writeProfile(path, PROFILE)).toMatchObject({ error: [{ code: "profile-not-stored" }] });
    chmodSync(join(common, "cache"), 0o700);
    symlinkSync("cache", join(common, "link"));
    const through = join(common, "link", "profiles");
    expect(findProfile(through, PROFILE.key)).toMatchObject({
      kind: "refused",
      reason: { message: expect.stringContaining("is a link") },
    });
  });

  it.each([
    ["in a file", "file/cache"],
    ["under a name that is too long", "n".repeat(300)],
  ])("has nothing and keeps nothing %s", (_, name) => {
    writeFileSync(join(folder, "file"), "");
    const deep = join(folder, name);
    expect(findProfile(deep, PROFILE.key).kind).toBe("absent");
    const path = profilePath(deep, PROFILE.key);
    expect(writeProfile(path, PROFILE)).toMatchObject({ error: [{ code: "profile-not-stored" }] });
  });

  it("keeps profiles with other keys apart", () => {
    writeProfile(profilePath(folder, PROFILE.key), PROFILE);
    expect(findProfile(folder, { ...PROFILE.key, logicalCores: 4 }).kind).toBe("absent");
  });

  it("refuses a damaged file with the reason", () => {
    writeFileSync(profilePath(folder, PROFILE.key), "{ damaged");
    expect(findProfile(folder, PROFILE.key)).toMatchObject({
      kind: "refused",
      reason: { code: "profile-invalid" },
    });
  });

  it("refuses a file whose content has another key than its name", () => {
    const other = { ...PROFILE, key: { ...PROFILE.key, onnxruntime: "1.0.0" } };
    writeProfile(profilePath(folder, PROFILE.key), other);
    expect(findProfile(folder, PROFILE.key)).toMatchObject({
      kind: "refused",
      reason: { code: "profile-stale" },
    });
  });

  it("says what cannot be read or written", () => {
    expect(readProfile(join(folder, "none.json"))).toMatchObject({
      error: [{ code: "profile-unreadable" }],
    });
    expect(readProfile(folder)).toMatchObject({ error: [{ code: "profile-unreadable" }] });
    writeFileSync(join(folder, "file"), "");
    expect(writeProfile(join(folder, "file", "p.json"), PROFILE)).toMatchObject({
      error: [{ code: "profile-not-stored", exit: 4 }],
    });
    mkdirSync(join(folder, "taken.json"));
    expect(writeProfile(join(folder, "taken.json"), PROFILE).ok).toBe(false);
    expect(readdirSync(folder).sort()).toEqual(["file", "taken.json"]);
  });
});
