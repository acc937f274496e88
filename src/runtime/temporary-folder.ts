/**
 * Folders for temporary files, which do not outlive the run that made them.
 *
 * The name of a folder holds the process that made it. When that process was killed so hard that
 * nothing could clean up after it, the next run that makes such a folder removes what it finds.
 */
import { mkdirSync, readdirSync, readlinkSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { sha256 } from "../core/digest.js";
import { fileProblem } from "../core/error-text.js";
import type { Failures } from "../core/failure.js";
import { fail, ok, type Result } from "../core/result.js";
import { linkStatusAt } from "../core/status-at.js";
import { trace } from "../core/traces.js";
import { temporaryFolderFull, temporaryFolderRefused } from "./failures.js";

/** A folder that is there until it is removed or the run ends. */
export interface TemporaryFolder {
  readonly path: string;
  /** Removes it with all that is in it. Never throws. */
  remove(): void;
}

/** Process, machine, and something random, after the purpose. */
const NAME = /^(?:top-compile|building)(?:-[a-z]+)?-(\d+)-([0-9a-f]{8})-[0-9a-f]+$/;

/** Folders that this process has looked through for leftovers. */
const swept = new Set<string>();

/**
 * A new folder that only this user may look into, in the system's folder for temporary files or in
 * `parent`; first removes what killed runs left there.
 *
 * Requires: `purpose` is `top-compile-NAME` or `building`. Fails: `temporary-folder-refused`.
 */
export function temporaryFolder(purpose: string, parent?: string): Result<TemporaryFolder> {
  const within = resolve(parent ?? tmpdir());
  if (!swept.has(within)) {
    swept.add(within);
    sweep(within);
  }
  const random = crypto.randomUUID().replaceAll("-", "").slice(0, 12);
  const path = join(within, `${purpose}-${process.pid}-${machine()}-${random}`);
  trace({ kind: "making", path });
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (cause) {
    trace({ kind: "removed", path });
    return fail([temporaryFolderRefused(within, cause)]);
  }
  return ok({ path, remove: () => removeFolder(path) });
}

/** Bytes written to test for room: more than a full disk keeps for names. */
const PROBE_BYTES = 1 << 16;

/**
 * The failure to report when something that writes to a temporary folder failed, possibly for want of
 * room: if so a failure that names the reason, else the original one.
 *
 * `neededBytes`: what was to be written, about. Leaves nothing.
 */
export function orNoRoom(failures: Failures, folder: string, neededBytes: number): Failures {
  const problem = roomProblem(folder, neededBytes);
  return problem === undefined ? failures : [temporaryFolderFull(dirname(folder), problem)];
}

function roomProblem(folder: string, neededBytes: number): string | undefined {
  const probe = join(folder, "room");
  try {
    writeFileSync(probe, new Uint8Array(PROBE_BYTES));
    const { bavail, bsize } = statfsSync(folder);
    const free = bavail * bsize;
    return free < neededBytes
      ? `${free} bytes are free, about ${neededBytes} are needed`
      : undefined;
  } catch (cause) {
    return fileProblem(cause);
  } finally {
    rmSync(probe, { force: true });
  }
}

/**
 * Removes the folders in `within` that runs of this user on this machine made and could not remove,
 * because they were killed. Never throws.
 */
export function sweep(within: string): void {
  for (const name of namesIn(within)) {
    const [, pid, where] = NAME.exec(name) ?? [];
    const path = join(within, name);
    if (where === machine() && !isAlive(Number(pid)) && isOwnFolder(path)) {
      removeFolder(path);
    }
  }
}

function removeFolder(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true, maxRetries: 3 });
    trace({ kind: "removed", path });
  } catch {
    // Whoever cleans up after the run tries again.
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Returns whether a process runs; one that runs as another user counts. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function isOwnFolder(path: string): boolean {
  const there = linkStatusAt(path);
  return there?.isDirectory() === true && there.uid === process.getuid?.();
}

/**
 * Where process numbers mean what they mean here: a folder for temporary files may be shared by
 * machines, and by containers whose processes do not see each other.
 */
function machine(): string {
  return sha256(`${hostname()} ${processNamespace()}`).slice(0, 8);
}

function processNamespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return "";
  }
}
