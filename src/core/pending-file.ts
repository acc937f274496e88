import { randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fsyncSync,
  lstatSync,
  openSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { trace } from "./traces.js";

/**
 * Creates a new file and fails if it exists; links are not followed where the system supports that.
 */
const NEW_FILE =
  constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);

/** Bytes of one write at most: systems and Node take less than 2 GiB at a time. */
const LARGEST_WRITE_BYTES = 1 << 30;

/** Longest chain of links before it counts as a cycle, as on Linux. */
const MOST_LINKS = 40;

/**
 * A file on its way to its place: written under a name of its own in the same folder, and renamed
 * when it is whole. A reader sees the old file or the new one, and of several writers the last one
 * wins.
 *
 * A link is written through: the file that it leads to is replaced (or made), the link stays. The
 * permissions of a file that is replaced stay; a new file gets those of the umask.
 */
export class PendingFile {
  readonly #file: number;
  readonly #temporary: string;
  readonly #target: string;
  #isOpen = true;

  /** Creates the file under its temporary name. Throws what `node:fs` throws. */
  constructor(path: string) {
    this.#target = targetOf(path);
    this.#temporary = join(
      dirname(this.#target),
      `.top-compile-${randomBytes(8).toString("hex")}.partial`,
    );
    const replaced = statSync(this.#target, { throwIfNoEntry: false });
    trace({ kind: "making", path: resolve(this.#temporary) });
    this.#file = openSync(this.#temporary, NEW_FILE, replaced === undefined ? 0o666 : 0o600);
    if (replaced !== undefined) {
      this.#likeReplaced(replaced);
    }
  }

  /** Writes all bytes at `offset` of the file. Throws what `node:fs` throws. */
  write(bytes: Uint8Array, offset: number): void {
    for (let done = 0; done < bytes.length; ) {
      const length = Math.min(bytes.length - done, LARGEST_WRITE_BYTES);
      done += writeSync(this.#file, bytes, done, length, offset + done);
    }
  }

  /** Moves the file into its place. Throws what `node:fs` throws. */
  commit(): void {
    fsyncSync(this.#file);
    this.#close();
    const path = resolve(this.#temporary);
    trace({ kind: "placing", path, target: this.#target });
    renameSync(this.#temporary, this.#target);
    trace({ kind: "placed", path });
  }

  /** Removes the file unless it has been moved into its place. */
  discard(): void {
    this.#close();
    rmSync(this.#temporary, { force: true });
    trace({ kind: "removed", path: resolve(this.#temporary) });
  }

  /** Copies the permissions of the replaced file, and its owner where this user may change it. */
  #likeReplaced({ uid, gid, mode }: Stats): void {
    try {
      fchownSync(this.#file, uid, gid);
    } catch {
      // The file stays the user's own.
    }
    try {
      fchmodSync(this.#file, mode & 0o777);
    } catch (error) {
      this.discard();
      throw error;
    }
  }

  #close(): void {
    if (this.#isOpen) {
      this.#isOpen = false;
      closeSync(this.#file);
    }
  }
}

/** The target of a path once its last part is not a link; the file may not exist yet. */
function targetOf(path: string): string {
  // The system checks first: it refuses cycles, and links of other users in untrusted folders.
  const there = statSync(path, { throwIfNoEntry: false });
  if (there !== undefined) {
    return lstatSync(path).isSymbolicLink() ? realpathSync(path) : path;
  }
  let at = path;
  for (let links = 0; links < MOST_LINKS; links++) {
    if (lstatSync(at, { throwIfNoEntry: false })?.isSymbolicLink() !== true) {
      break;
    }
    at = resolve(realpathSync(dirname(at)), readlinkSync(at));
  }
  return at;
}
