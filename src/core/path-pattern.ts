import { isGlob, matchesGlob } from "./glob.js";

/** The part of a pattern that stands for any number of folders. */
export const ANY_FOLDERS = "**";

/**
 * Whether one part of a pattern, between two `/`, takes a name: `*` and `?` as in `matchesGlob`, but
 * never the dot that a hidden name begins with.
 */
export function takesName(part: string, name: string): boolean {
  const isHidden = name.startsWith(".") && !part.startsWith(".");
  return !isHidden && (isGlob(part) ? matchesGlob(name, part) : part === name);
}

/** Whether a path whose parts are separated by `/` fits a pattern; `**` is any number of folders. */
export function matchesPath(path: string, pattern: string): boolean {
  return takesParts(path.split("/"), pattern.split("/"));
}

/** Cost: O(parts of the path x parts of the pattern). */
function takesParts(names: readonly string[], parts: readonly string[]): boolean {
  // Row by row: which beginnings of the path the parts so far take.
  let taken = [true, ...names.map(() => false)];
  for (const part of parts) {
    const next = [part === ANY_FOLDERS && taken[0] === true];
    for (const [at, name] of names.entries()) {
      next.push(
        part === ANY_FOLDERS
          ? taken[at + 1] === true || (next[at] === true && !name.startsWith("."))
          : taken[at] === true && takesName(part, name),
      );
    }
    taken = next;
  }
  return taken.at(-1) === true;
}
