import { realpathSync, type Stats } from "node:fs";
import { dirname, resolve } from "node:path";
import { linkStatusAt } from "./status-at.js";

/** Permission to write for the group or for all users. */
const OTHERS_WRITE = 0o022;
const EVERYBODY_WRITES = 0o002;
/** The sticky bit: only the owner of a file in such a folder may remove or rename it. */
const STICKY = 0o1000;

/**
 * The reason why a file or folder may come from another user; `undefined` when it is the user's own
 * (or the system's), or nothing is there that this user can reach.
 *
 * The last `own` parts of the path must belong to `user` or to root, and no one else may write to
 * them. The same holds for any part above them in a folder that all users may write to, such as the
 * one for temporary files; that part must not be a link, and a folder with the sticky bit is
 * accepted there. `user` is `undefined` where files have no owners.
 */
export function untrustedPart(
  path: string,
  user: number | undefined,
  own: number = 0,
): string | undefined {
  if (user === undefined) {
    return undefined;
  }
  const named = resolve(path);
  return problemOf(named, user, own) ?? problemOf(realOf(named), user, own);
}

function realOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function problemOf(path: string, user: number, own: number): string | undefined {
  let left = own;
  for (let at = path; dirname(at) !== at; at = dirname(at), left--) {
    const there = linkStatusAt(at);
    const above = linkStatusAt(dirname(at));
    const isCommon = ((above?.mode ?? 0) & EVERYBODY_WRITES) !== 0;
    if (there === undefined || (left <= 0 && !isCommon)) {
      continue;
    }
    const problem = partProblem(there, user, { isCommon, isOwn: left > 0 });
    if (problem !== undefined) {
      return `${at} ${problem}`;
    }
  }
  return undefined;
}

function partProblem(
  there: Stats,
  user: number,
  { isCommon, isOwn }: { readonly isCommon: boolean; readonly isOwn: boolean },
): string | undefined {
  const { uid, mode } = there;
  if (uid !== user && uid !== 0) {
    return "belongs to another user";
  }
  if (there.isSymbolicLink()) {
    return isCommon ? "is a link in a folder where everybody may write" : undefined;
  }
  const isShared = (mode & OTHERS_WRITE) !== 0 && (isOwn || (mode & STICKY) === 0);
  return isShared ? "may be written to by others" : undefined;
}
