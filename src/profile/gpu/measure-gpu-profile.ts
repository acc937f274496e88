import { basename } from "node:path";
import { ok, type Result } from "../../core/result.js";
import { levelsOf } from "../../ir/levels.js";
import type { OperatorGraph } from "../../ir/operator-graph.js";
import type { Precision } from "../../kernels/precision.js";
import type { FusionList } from "../../onnx/kernel-groups.js";
import type { LoweredModel } from "../../onnx/lowered-model.js";
import type { LibraryReport, ProbeResult } from "../../runtime/cuda/client/devices.js";
import type { DeviceSession } from "../../runtime/cuda/session/device-session.js";
import { modelDigest, sizesInKey } from "../profile-key.js";
import type { OnProgress } from "../progress.js";
import type { GpuOperatorTiming, GpuProfile, GpuProfileKey } from "./gpu-profile.js";
import { oneStream } from "./measure-gpu-schedules.js";
import { measureNodes, measurePairs } from "./measure-nodes.js";
import { measuredDeviceModel } from "./measured-device-model.js";

/** Raised whenever the method of measuring changes what the figures mean. */
export const GPU_METHOD_VERSION = 4;

/** Options of a profile besides its measurements. */
export interface GpuProfileOptions {
  readonly probe: ProbeResult;
  readonly precision: Precision;
  readonly fuse: FusionList;
  readonly onProgress?: OnProgress;
}

/**
 * Measures launch costs, every operator alone, and the heaviest pairs of independent operators.
 * Schedules are measured later (`measureGpuSchedules`).
 *
 * Fails: what the helper refuses.
 */
export async function measureGpuProfile(
  session: DeviceSession,
  options: GpuProfileOptions,
): Promise<Result<GpuProfile>> {
  const { lowered } = session.program.model;
  const work = session.scheduleOf(oneStream(lowered.graph));
  const before = await session.clockMhz(work);
  if (!before.ok) {
    return before;
  }
  const nodes = await measureNodes(session, options.onProgress);
  if (!nodes.ok) {
    return nodes;
  }
  const pairs = await measurePairs(session, pairsOf(lowered.graph, nodes.value.operators));
  if (!pairs.ok) {
    return pairs;
  }
  const after = await session.clockMhz(work);
  if (!after.ok) {
    return after;
  }
  const { device } = session;
  return ok({
    key: gpuProfileKeyOf(lowered, device.name, options),
    model: basename(lowered.model.path),
    device: {
      name: device.name,
      source: "measured",
      capability: device.capability.join("."),
      multiprocessors: device.multiprocessors,
      clockMhzBefore: Math.round(before.value),
      clockMhzAfter: Math.round(after.value),
      connections: session.connections,
    },
    isVerified: session.program.model.estimated.length === 0,
    launchCosts: nodes.value.launchCosts,
    deviceModel: measuredDeviceModel(device, nodes.value.launchCosts),
    operators: nodes.value.operators,
    pairs: pairs.value,
  });
}

/** The key of a model's figures on a GPU. */
export function gpuProfileKeyOf(
  lowered: LoweredModel,
  gpu: string,
  { probe, precision, fuse }: Pick<GpuProfileOptions, "probe" | "precision" | "fuse">,
): GpuProfileKey {
  return {
    method: GPU_METHOD_VERSION,
    modelSha256: modelDigest(lowered),
    dims: sizesInKey(lowered),
    precision,
    isFused: fuse !== "none",
    fuse,
    gpu,
    driver: probe.driverVersion ?? "unknown",
    libraries: Object.entries(probe.libraries).flatMap(([name, report]: [string, LibraryReport]) =>
      report.found ? [`${name} ${report.version ?? "unknown"}`] : [],
    ),
  };
}

/** The two longest operators of every level, which never depend on each other; longest pairs first. */
function pairsOf(
  graph: OperatorGraph,
  timings: readonly GpuOperatorTiming[],
): readonly (readonly [number, number])[] {
  const time = (operator: number): number =>
    (timings[operator]?.nodes ?? []).reduce((sum, { medianNs }) => sum + medianNs, 0);
  const levels = new Map<number, number[]>();
  for (const [operator, level] of levelsOf(graph).entries()) {
    if (time(operator) > 0) {
      levels.set(level, [...(levels.get(level) ?? []), operator]);
    }
  }
  const pairs = [...levels.values()].flatMap((members): (readonly [number, number])[] => {
    const [a, b] = members.sort((x, y) => time(y) - time(x) || x - y);
    return a === undefined || b === undefined ? [] : [[a, b]];
  });
  const shorter = ([a, b]: readonly [number, number]) => Math.min(time(a), time(b));
  return pairs.sort((x, y) => shorter(y) - shorter(x) || x[0] - y[0]);
}
