import { readdirSync, readFileSync } from "node:fs";

/** Bytes of a page of memory, on every Linux that this runs on. */
const PAGE = 4096;

/** Bytes that a process and all that it started hold in memory; 0 where there is no `/proc`. */
export function treeBytes(root: number): number {
  const parents = new Map<number, number>();
  const bytes = new Map<number, number>();
  for (const entry of folders()) {
    const pid = Number(entry);
    try {
      const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
        .replace(/^.*\) /s, "")
        .split(" ");
      parents.set(pid, Number(fields[1]));
      bytes.set(pid, Number(fields[21]) * PAGE);
    } catch {
      // It has ended since the folder was listed.
    }
  }
  const isInside = (pid: number): boolean =>
    pid === root || (parents.has(pid) && isInside(parents.get(pid) ?? 0));
  return [...bytes].reduce((sum, [pid, size]) => sum + (isInside(pid) ? size : 0), 0);
}

function folders(): readonly string[] {
  try {
    return readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}
