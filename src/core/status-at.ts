import { lstatSync, type Stats, statSync } from "node:fs";

/**
 * What is at a path, links followed; `undefined`: nothing that this user can get at, be it that nothing
 * is there, that a part of the path is no folder or is closed to the user, or that a name is too long.
 *
 * For questions whose answer is then the same; whoever opens the path hears the reason.
 */
export function statusAt(path: string): Stats | undefined {
  return attempt(() => statSync(path));
}

/** As `statusAt`, of a link itself where the path is one. */
export function linkStatusAt(path: string): Stats | undefined {
  return attempt(() => lstatSync(path));
}

function attempt(status: () => Stats): Stats | undefined {
  try {
    return status();
  } catch {
    return undefined;
  }
}
