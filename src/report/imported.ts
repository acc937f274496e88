import { formatName, formatNs, formatShare } from "../core/format.js";
import { textTable } from "../core/text-table.js";
import type { GpuProfile } from "../profile/gpu/gpu-profile.js";
import type { MatchedParts } from "../profile/import/match-parts.js";
import type { ImportRecord } from "../profile/import-record.js";
import type { Profile } from "../profile/profile.js";

const SLOWEST = 10;

/** What an import found, for people: who measured, how much of it fits, the slowest operators. */
export function renderImported(
  profile: Profile | GpuProfile,
  record: ImportRecord,
  { unnamed, unmatched }: MatchedParts,
): string {
  const times = profile.operators.map((each) => ({ name: nameOf(each), ns: timeOf(each) }));
  const total = times.reduce((sum, { ns }) => sum + ns, 0);
  const timed = times.filter(({ ns }) => ns > 0).length;
  const lost = unmatched.slice(0, 3).map(({ label, ns }) => `${formatName(label)} ${formatNs(ns)}`);
  return [
    `by      ${formatName(record.measuredBy)}, ${record.files.map(({ name }) => formatName(name)).join(", ")}`,
    `device  ${formatName(profile.device.name)}`,
    `run     operators add up to ${formatNs(total)}`,
    `covered ${formatShare(record.coverage)} of the time, matched by ${record.matchedBy}`,
    `timed   ${timed} of ${times.length} operators; the others are computed with these, ${unnamed} unnamed`,
    ...(lost.length === 0 ? [] : [`left    of no operator: ${lost.join(", ")}`]),
    `assumed ${record.notMeasured.join(", ")}`,
    "",
    slowestTable(times, total),
  ].join("\n");
}

type Timed = Profile["operators"][number] | GpuProfile["operators"][number];

/** With the first of the operators that were timed as one, where the time stands with a later one. */
function nameOf({ name, fusedWith, ...timing }: Timed): string {
  return "nodes" in timing && fusedWith !== undefined
    ? `${formatName(fusedWith)} to ${formatName(name)}`
    : formatName(name);
}

function timeOf(operator: Timed): number {
  return "nodes" in operator
    ? operator.nodes.reduce((sum, { medianNs }) => sum + medianNs, 0)
    : operator.medianNs;
}

function slowestTable(
  times: readonly { readonly name: string; readonly ns: number }[],
  total: number,
): string {
  const rows = [...times]
    .sort((a, b) => b.ns - a.ns || (a.name < b.name ? -1 : 1))
    .slice(0, SLOWEST)
    .map(({ name, ns }) => [name, formatNs(ns), formatShare(total === 0 ? 0 : ns / total)]);
  return textTable(["slowest operators", "median", "share"], rows, ["left", "right", "right"]);
}
