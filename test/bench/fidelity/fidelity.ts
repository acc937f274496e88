import { type CpuRecord, readCpuRecord } from "./cpu.js";
import { measuredRows, SOURCES } from "./measured.js";
import { type Comparison, predictRow } from "./predict-row.js";
import { networkTimes, type Published, speedUps } from "./published.js";
import { type Group, groupsOf } from "./report.js";

/** All predictions beside what was measured. */
export interface Fidelity {
  readonly groups: readonly Group[];
  readonly networks: readonly Published[];
  readonly speedUps: readonly Published[];
  /** The same networks and speed-ups with the kernels of our own program, which nobody measured. */
  readonly program: Pick<Fidelity, "networks" | "speedUps">;
  /** Schedules on a CPU, measured by this project; absent: no record of them. */
  readonly cpu: CpuRecord | undefined;
}

/** Predicts everything in `fixtures/measured`. Cost: about ten seconds of processor time. */
export async function fidelity(): Promise<Fidelity> {
  const comparisons: Comparison[] = [];
  for (const row of SOURCES.flatMap(measuredRows)) {
    comparisons.push(await predictRow(row));
  }
  return {
    groups: groupsOf(comparisons),
    networks: await networkTimes(),
    speedUps: await speedUps(),
    program: { networks: await networkTimes("program"), speedUps: await speedUps("program") },
    cpu: readCpuRecord(),
  };
}
