/** A CPU profile of imported times; what worker threads cost is taken from another profile, or assumed. */
import { basename } from "node:path";
import type { WorkerCosts } from "../../cost/operator-costs.js";
import type { LoweredModel } from "../../onnx/lowered-model.js";
import type { ImportRecord } from "../import-record.js";
import type { OperatorTiming, Profile } from "../profile.js";
import { modelDigest, PROFILE_METHOD_VERSION, sizesInKey } from "../profile-key.js";
import type { MatchedParts } from "./match-parts.js";
import { sumTimings } from "./sum-timings.js";

/** What the profile says beside the times. */
export interface ImportedCpu {
  /** Threads inside each operator while it was measured. */
  readonly threads: number;
  /** A profile of the same machine, for the costs of its workers; absent: usual ones. */
  readonly machine?: Profile;
  readonly record: ImportRecord;
}

/** What workers cost on an idle machine with two cores (docs/measuring.md). */
const USUAL_WORKERS: WorkerCosts = {
  workers: 2,
  segmentNs: 7300,
  signalNs: 1400,
  awakeNs: 20_000,
  wakeNs: 45_000,
  requestNs: 12_000,
  returnNs: 19_000,
  callerByteNs: 0.1,
  tensorNs: 1600,
  byteNs: 0.11,
  slowdown: [1, 1.02],
};

const UNKNOWN = "unknown";

/** The profile of a model whose parts are matched. Cost: O(operators + parts). */
export function cpuProfileOf(
  lowered: LoweredModel,
  matched: MatchedParts,
  { threads, machine, record }: ImportedCpu,
): Profile {
  const workers = machine?.workers ?? USUAL_WORKERS;
  const { name, logicalCores, architecture, onnxruntime } = machine?.device ?? {
    name: "a CPU that is not named",
    logicalCores: Math.max(threads, USUAL_WORKERS.workers),
    architecture: UNKNOWN,
    onnxruntime: UNKNOWN,
  };
  return {
    key: {
      method: PROFILE_METHOD_VERSION,
      modelSha256: modelDigest(lowered),
      dims: sizesInKey(lowered),
      processor: name,
      logicalCores,
      architecture,
      onnxruntime,
    },
    model: basename(lowered.model.path),
    device: { name, source: "imported", logicalCores, architecture, node: UNKNOWN, onnxruntime },
    imported: {
      ...record,
      notMeasured: [
        "software",
        ...(machine === undefined ? (["workers"] as const) : []),
        ...record.notMeasured,
      ],
    },
    operators: timingsOf(lowered, matched),
    // Operators that take all threads leave none for others.
    workers: threads > 1 ? { ...workers, workers: 1, slowdown: [1] } : workers,
  };
}

function timingsOf(
  { graph: { operators } }: LoweredModel,
  { partsOf, first }: MatchedParts,
): readonly OperatorTiming[] {
  const sizes = new Map<number, number>();
  for (const lead of first) {
    sizes.set(lead, (sizes.get(lead) ?? 0) + 1);
  }
  return operators.map(({ id, name }) => {
    const parts = partsOf.get(id) ?? [];
    const lead = first[id] ?? id;
    const none = { medianNs: 0, p10Ns: 0, p90Ns: 0, samples: 1 };
    return {
      name,
      ...(parts.length === 0 ? none : sumTimings(parts)),
      kernels: parts.length,
      shared: (sizes.get(lead) ?? 1) > 1,
      ...(lead === id ? {} : { fusedWith: operators[lead]?.name ?? name }),
    };
  });
}
