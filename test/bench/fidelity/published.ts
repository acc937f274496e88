import type { GpuAlgorithm } from "../../../src/schedule/algorithm-names.js";
import { gpuMakespan } from "../../../src/schedule/simulate-gpu.js";
import { searchGpuSchedules } from "../../../src/search/operator/gpu/gpu-candidates.js";
import { searchSequential } from "../../../src/search/operator/sequential.js";
import { deviceOf, table } from "./measured.js";
import {
  type KernelSource,
  kernelsOfSystem,
  type Network,
  problemOf,
  type SystemKernels,
} from "./networks.js";

/** A published figure beside ours: microseconds of a network, or a speed-up over one stream. */
export interface Published {
  readonly device: string;
  readonly network: Network;
  readonly by: string;
  readonly measured: number;
  readonly predicted: number;
}

/** Times of whole networks on one stream. */
export async function networkTimes(source?: KernelSource): Promise<Published[]> {
  const rows = table("models");
  return Promise.all(
    rows.map(async (row) => {
      const problem = await problemOf(
        networkOf(row),
        deviceOf(row["device"] ?? ""),
        kernelsOfRow(row),
        source,
      );
      const predicted = gpuMakespan(problem.work, searchSequential(problem)) / 1000;
      return published(row, row["note"], row["us"], predicted);
    }),
  );
}

/** Speed-ups over one stream by the schedules of published algorithms. */
export async function speedUps(source?: KernelSource): Promise<Published[]> {
  const found: Published[] = [];
  for (const row of table("speed-ups")) {
    const problem = await problemOf(
      networkOf(row),
      deviceOf(row["device"] ?? ""),
      kernelsOfRow(row),
      source,
    );
    const algorithm = row["algorithm"] as GpuAlgorithm;
    const { ranked } = searchGpuSchedules(problem, { algorithms: [algorithm] });
    const ns = (name: GpuAlgorithm): number =>
      ranked.find((each) => each.algorithm === name)?.predictedNs ?? Number.NaN;
    found.push(published(row, row["system"], row["speedup"], ns("sequential") / ns(algorithm)));
  }
  return found;
}

type Row = Readonly<Record<string, string>>;

function networkOf(row: Row): Network {
  return { model: row["model"] ?? "", side: Number(row["side"]), batch: Number(row["batch"]) };
}

function kernelsOfRow(row: Row): SystemKernels {
  return kernelsOfSystem(row["system"] ?? row["note"] ?? "");
}

function published(row: Row, by: string = "", measured: string = "", predicted: number): Published {
  return {
    device: row["device"] ?? "",
    network: networkOf(row),
    by,
    measured: Number(measured),
    predicted,
  };
}
