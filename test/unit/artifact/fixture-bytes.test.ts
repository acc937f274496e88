import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { encodeArtifact, parseArtifact } from "../../../src/artifact/artifact-format.js";
import type { Result } from "../../../src/core/result.js";
import { encodePlacement, parsePlacement } from "../../../src/placement/parse-placement.js";
import { encodeProfile, parseProfile } from "../../../src/profile/profile-format.js";

const FIXTURES = resolve(import.meta.dirname, "../../../fixtures");

type Again = (text: string) => string | undefined;

/** Reads a text and writes it again; `undefined`: it is refused. */
function again<T>(
  parse: (text: string, file: string) => Result<T>,
  encode: (read: T) => string,
): Again {
  return (text) => {
    const read = parse(text, "x.json");
    return read.ok ? encode(read.value) : undefined;
  };
}

/** Options that version 0.1.0 wrote under other names are written under their long names. */
function withLongNames(text: string): string {
  return text.replace(/"options": \{[^}]*\}/, (options) =>
    options.replaceAll(/"[a-z]+[A-Z]\w*":/g, (name) =>
      name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
    ),
  );
}

const FOLDERS: readonly (readonly [string, Again])[] = [
  ["artifacts/0.1.0", again(parseArtifact, encodeArtifact)],
  ["placements", again(parsePlacement, encodePlacement)],
  ["profiles/cpu-example", again(parseProfile, encodeProfile)],
];

const FILES = FOLDERS.flatMap(([folder, reencoded]) =>
  readdirSync(join(FIXTURES, folder))
    .filter((name) => name.endsWith(".json"))
    .map((name) => [join(folder, name), reencoded] as const),
);

describe("fixtures", () => {
  it.each(FILES)("%s is written again byte for byte", (file, reencoded) => {
    const text = readFileSync(join(FIXTURES, file), "utf8");
    expect(reencoded(text)).toBe(withLongNames(text));
  });
});
