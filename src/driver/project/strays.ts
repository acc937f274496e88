import { join } from "node:path";
import { readText } from "../../core/files.js";
import { findFiles } from "../../core/find-files.js";
import type { Finding } from "./finding.js";
import type { Project } from "./project.js";

/** Formats of what `build` writes. */
const MADE = ["top-compile/schedule", "top-compile/placement"];

/** Largest file that is looked at. */
const MOST_BYTES = 512 * 2 ** 20;

/** A file of ours begins with its format, in this many characters. */
const HEAD = 200;

const DELETE = "delete it if it is not needed, or add what makes it to the configuration";

/**
 * Files that look like outputs of the configuration and that nothing in it makes: recorded ones, and
 * schedules and placements where a target says that its outputs go. In order of their paths.
 */
export function strays({ folder, plan, lock, digests }: Project): readonly Finding[] {
  const known = new Set(plan.jobs.flatMap(({ out, reads }) => [out, ...reads]));
  const recorded = lock.outputs.map(({ out }) => out).filter((out) => digests.of(out));
  const found = plan.patterns
    .flatMap((pattern) => findFiles(folder, pattern))
    .filter((path) => !known.has(path) && isMade(join(folder, path)));
  return [...new Set([...recorded, ...found])]
    .filter((path) => !known.has(path))
    .sort()
    .map((out) => ({
      kind: "foreign",
      out,
      message: "is made by nothing in the configuration",
      hint: DELETE,
    }));
}

function isMade(file: string): boolean {
  const source = readText(file, MOST_BYTES);
  return source.ok && MADE.some((format) => source.value.slice(0, HEAD).includes(format));
}
