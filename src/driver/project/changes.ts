import type { FileDigests, ReadFile } from "./file-digests.js";
import type { Finding } from "./finding.js";
import type { LockedOutput } from "./lock-format.js";
import type { BuildJob } from "./plan.js";

/** The changes of an output since it was made; `unrecorded`: there is no record of how it was made. */
export type Changes = readonly Finding[] | "unrecorded";

/** Compares an output with the record of how it was made; `undefined`: there is none. */
export function changesOf(
  job: BuildJob,
  entry: LockedOutput | undefined,
  digests: FileDigests,
  tool: string,
): Changes {
  const { out } = job;
  const there = digests.of(out);
  if (there === undefined) {
    return [{ kind: "missing", out, message: "is not there" }];
  }
  if (entry === undefined) {
    return "unrecorded";
  }
  const stale = [
    ...(entry.tool === tool ? [] : [`was made by ${entry.tool}, this is ${tool}`]),
    ...inputChanges(entry.inputs, digests.readBy(job)),
  ];
  const foreign = wordChanges(entry.command, job.words);
  return [
    ...(there === entry.sha256
      ? []
      : [{ kind: "edited", out, message: "was changed since it was made" } as const]),
    ...(foreign === undefined ? [] : [{ kind: "foreign", out, message: foreign } as const]),
    ...stale.map((message) => ({ kind: "stale", out, message }) as const),
  ];
}

/** What became of the files that an output was made from, one text each. */
export function inputChanges(
  before: readonly ReadFile[],
  now: readonly (Omit<ReadFile, "sha256"> & { readonly sha256?: string })[],
): readonly string[] {
  const known = new Map(before.map(({ path, sha256 }) => [path, sha256]));
  const present = new Map(now.map(({ path, sha256 }) => [path, sha256]));
  const changed = now.flatMap(({ path, sha256 }) => {
    if (sha256 === undefined) {
      return [`${path}, which it is made from, is not there`];
    }
    if (!known.has(path)) {
      return [`was made without ${path}`];
    }
    return known.get(path) === sha256 ? [] : [`${path} has changed since it was made`];
  });
  const gone = before.flatMap(({ path }) =>
    present.has(path) ? [] : [`was made from ${path}, which is no longer read`],
  );
  return [...changed, ...gone];
}

/** How one command line differs from another; `undefined`: it does not. */
function wordChanges(before: readonly string[], now: readonly string[]): string | undefined {
  if (before.length === now.length && before.every((word, at) => word === now[at])) {
    return undefined;
  }
  const was = before.filter((word) => !now.includes(word));
  const is = now.filter((word) => !before.includes(word));
  if (was.length > 0 && is.length > 0) {
    return `was made with ${was.join(" ")}, the configuration says ${is.join(" ")}`;
  }
  return was.length > 0
    ? `was made with ${was.join(" ")}, which the configuration does not say`
    : `was made ${is.length > 0 ? `without ${is.join(" ")}` : "by other words"}, which the configuration says`;
}
