import { readdirSync } from "node:fs";
import { join } from "node:path";
import { isGlob } from "./glob.js";
import { ANY_FOLDERS, takesName } from "./path-pattern.js";
import { linkStatusAt, statusAt } from "./status-at.js";

/** Folders that `**` does not look into: what is in them is nobody's source. */
const NOT_ENTERED = ["node_modules"];

/**
 * The files below a folder whose path fits a pattern (`path-pattern.ts`), relative to it, separated by
 * `/`, in the order of their characters' codes.
 *
 * `**` enters neither hidden folders, nor links to folders, nor `node_modules`. What this user cannot
 * look into counts as empty. Cost: a look at every folder that the pattern may lead through.
 */
export function findFiles(folder: string, pattern: string): readonly string[] {
  const found = new Set<string>();
  walk({ root: folder, parts: pattern.split("/"), seen: new Set(), found }, "", 0);
  return [...found].sort();
}

interface Walk {
  readonly root: string;
  readonly parts: readonly string[];
  /** Folders with the part of the pattern that was looked for there. */
  readonly seen: Set<string>;
  readonly found: Set<string>;
}

function walk(search: Walk, folder: string, at: number): void {
  const part = search.parts[at];
  const state = `${at} ${folder}`;
  if (part === undefined || search.seen.has(state)) {
    return;
  }
  search.seen.add(state);
  const isLast = at === search.parts.length - 1;
  if (part === ANY_FOLDERS) {
    walk(search, folder, at + 1);
    for (const name of namesIn(search, folder).filter((each) => isEntered(search, folder, each))) {
      walk(search, below(folder, name), at);
    }
    return;
  }
  const names = isGlob(part)
    ? namesIn(search, folder).filter((name) => takesName(part, name))
    : [part];
  for (const name of names) {
    const path = below(folder, name);
    if (!isLast) {
      walk(search, path, at + 1);
    } else if (statusAt(join(search.root, path))?.isFile() === true) {
      search.found.add(path);
    }
  }
}

function below(folder: string, name: string): string {
  if (name === "." || name === "") {
    return folder;
  }
  return folder === "" ? name : `${folder}/${name}`;
}

function isEntered({ root }: Walk, folder: string, name: string): boolean {
  return (
    !name.startsWith(".") &&
    !NOT_ENTERED.includes(name) &&
    linkStatusAt(join(root, folder, name))?.isDirectory() === true
  );
}

function namesIn({ root }: Walk, folder: string): readonly string[] {
  try {
    return readdirSync(join(root, folder));
  } catch {
    return [];
  }
}
