/**
 * The file `top-compile.lock.json` beside a configuration: of every output that `build` made its
 * digest, the command line, and the digests of the files that it read. What is made now can so be told
 * from what was, without making it again.
 */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { readText, writeText } from "../../core/files.js";
import { list, object } from "../../core/json-containers.js";
import {
  type DocumentKind,
  defineDocument,
  encodeDocument,
  parseDocument,
} from "../../core/json-document.js";
import { type Shape, text, textLike } from "../../core/json-shape.js";
import { ok, type Result } from "../../core/result.js";
import { lockInvalid } from "./failures.js";
import type { ReadFile } from "./file-digests.js";

/** What is known of one output. */
export interface LockedOutput {
  readonly out: string;
  readonly sha256: string;
  /** Name and version of the tool that made it. */
  readonly tool: string;
  /** The command line, without the output. */
  readonly command: readonly string[];
  /** In order of their paths. */
  readonly inputs: readonly ReadFile[];
}

/** A lock file. */
export interface BuildLock {
  /** In order of their paths. */
  readonly outputs: readonly LockedOutput[];
}

const MAX_LOCK_BYTES = 64 * 2 ** 20;

const PATH = text(2000);
const SHA256 = textLike(/^[0-9a-f]{64}$/, "must be a SHA-256 in lower-case hexadecimal");

const INPUT: Shape<ReadFile> = object<ReadFile>({ path: PATH, sha256: SHA256 });

/** The lock file as a kind of document. */
export const LOCK_KIND: DocumentKind<BuildLock> = defineDocument<BuildLock>(
  {
    format: "top-compile/lock",
    version: 1,
    description: "What `top-compile build` made, written by it; see docs/build.md.",
  },
  {
    outputs: list(
      object<LockedOutput>({
        out: PATH.describe("The output; all paths are relative to the folder of the file."),
        sha256: SHA256.describe("Digest of the output."),
        tool: text(200).describe("Name and version of the tool that made it."),
        command: list(text(65_536), 10_000, 1).describe("The command line, without the output."),
        inputs: list(INPUT).describe("The files that it was made from."),
      }),
    ).describe("In the order of their paths."),
  },
);

/** The lock file of a configuration: beside it, under its name. */
export function lockFileOf(config: string): string {
  const name = /([^/\\]*?)(?:\.config)?\.json$/.exec(config)?.[1] ?? "top-compile";
  return join(dirname(config), `${name}.lock.json`);
}

/** Reads a lock file; one that is not there is empty. Fails: `lock-invalid`, and as `readText`. */
export function readLock(file: string): Result<BuildLock> {
  if (!existsSync(file)) {
    return ok({ outputs: [] });
  }
  const source = readText(file, MAX_LOCK_BYTES);
  if (!source.ok) {
    return source;
  }
  return parseDocument(source.value, LOCK_KIND, (lock) => lock, {
    notJson: (reason) => lockInvalid(file, `is not JSON: ${reason}`),
    invalid: ({ pointer, message }) => lockInvalid(file, `${pointer} ${message}`.trim()),
  });
}

/** Writes a lock file, whole or not at all; one that is the same stays. Fails: as `writeText`. */
export function writeLock(file: string, outputs: readonly LockedOutput[]): Result<void> {
  const sorted = outputs.toSorted((a, b) => (a.out < b.out ? -1 : 1));
  const lock = encodeDocument({ outputs: sorted }, LOCK_KIND);
  const there = existsSync(file) ? readText(file, MAX_LOCK_BYTES) : undefined;
  if (there?.ok === true && there.value === lock) {
    return ok(undefined);
  }
  return writeText(file, lock, { force: false, format: LOCK_KIND.format });
}
