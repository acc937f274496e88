import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { mayWrite, writeText } from "../../../src/core/files.js";

const OVERWRITE = { force: true, format: "none", option: "--html FILE" };

describe("an output that cannot be written", () => {
  it.each([
    ["a folder", tmpdir()],
    ["in a folder that is not there", join(tmpdir(), "no", "such", "page.html")],
  ])("has a hint with its own option: %s", (_, path) => {
    const failure = { code: "file-unwritable", hint: "choose another place with --html FILE" };
    const expected = { ok: false, error: [expect.objectContaining(failure)] };
    expect(mayWrite(path, OVERWRITE)).toMatchObject(expected);
    expect(writeText(path, "", OVERWRITE)).toMatchObject(expected);
  });
});

describe("an output in the place of another", () => {
  it("is refused before there is any of the two", () => {
    const place = join(tmpdir(), "top-compile-not-there.json");
    const failure = { code: "output-is-input" };
    expect(
      mayWrite(join(tmpdir(), ".", "top-compile-not-there.json"), {
        ...OVERWRITE,
        inputs: [place],
      }),
    ).toMatchObject({ ok: false, error: [failure] });
  });
});
