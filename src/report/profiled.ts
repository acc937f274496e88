import { formatCell, formatName, formatNs, formatShare } from "../core/format.js";
import { textTable } from "../core/text-table.js";
import type { Profile } from "../profile/profile.js";

const SLOWEST = 10;

/** A profile for people: the slowest operators, the costs of workers, how far to trust it. */
export function renderProfiled(profile: Profile, columns: number): string {
  const { device, method, operators, workers, measurement } = profile;
  const total = operators.reduce((sum, { medianNs }) => sum + medianNs, 0);
  const rows = [...operators]
    .sort((a, b) => b.medianNs - a.medianNs || (a.name < b.name ? -1 : 1))
    .slice(0, SLOWEST)
    .map(({ name, medianNs, p10Ns, p90Ns }) => [
      formatCell(name),
      formatNs(medianNs),
      `${formatNs(p10Ns)} to ${formatNs(p90Ns)}`,
      formatShare(total === 0 ? 0 : medianNs / total),
    ]);
  return [
    `device  ${formatName(device.name)}, ${device.logicalCores} cores, ONNX Runtime ${device.onnxruntime}`,
    ...methodLines(method, total),
    workersLine(workers),
    ...(measurement === undefined
      ? []
      : [`noise   ${formatShare(measurement.noiseRatio)} over ${measurement.rounds} rounds`]),
    "",
    textTable(
      ["slowest operators", "median", "p10 to p90", "share"],
      rows,
      ["name", "right", "right", "right"],
      columns,
    ),
  ].join("\n");
}

function workersLine({ workers, slowdown, ...costs }: Profile["workers"]): string {
  const { segmentNs, signalNs, wakeNs, requestNs, returnNs } = costs;
  const factors = slowdown.map((each) => each.toFixed(2)).join(" ");
  const ends = formatNs(requestNs + returnNs);
  return `workers ${workers}: segment ${formatNs(segmentNs)}, signal ${formatNs(signalNs)}, waking ${formatNs(wakeNs)}, request and return ${ends}, slowdown ${factors}`;
}

function methodLines(method: Profile["method"], total: number): readonly string[] {
  const sum = `operators add up to ${formatNs(total)}`;
  return method === undefined
    ? [`run     ${sum}`]
    : [
        `run     ${formatNs(method.run.medianNs)} on one thread; ${sum}`,
        `trust   ${formatShare(method.runDriftRatio)} drift between sessions, ${formatShare(method.unattributedRatio)} of the time not attributed`,
      ];
}
