import type { ArtifactDevice, ProvenanceInput } from "../artifact/artifact.js";
import type { DeviceModel } from "../cost/device-model.js";
import type { MathMode } from "../cost/kernels/product-kernels.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import { estimatedProblem } from "../schedule/estimated-problem.js";

/** What lies between two devices. */
export interface Link {
  readonly bytesPerSecond: number;
  readonly latencyNs: number;
}

/** Costs of one model. */
export interface ModelCosts {
  readonly device: ArtifactDevice;
  readonly profileInput: ProvenanceInput | undefined;
  /** On one device of speed 1 while no other works; by operator id. */
  readonly durationNs: Float64Array;
  /** Operators that share a number must not be cut apart. */
  readonly groupOf: Int32Array;
  /** Fixed cost of running one stage for one micro-batch. */
  readonly stageNs: number;
  /** How many times longer work takes while this many devices are busy. */
  readonly slowdown: (busy: number) => number;
  /** What the reader of a tensor pays for taking it over, where nothing else is said about links. */
  readonly receive: Link;
  /** The link between devices where the user gives none and transfers go beside the computation. */
  readonly link: Link | undefined;
  /** From the end of a stage to the start of one on another device that waited for it. */
  readonly signalNs: number;
}

/** A PCIe 4.0 x16 link as it is reached in practice, for GPUs whose link is not given. */
const USUAL_LINK: Link = { bytesPerSecond: 25e9, latencyNs: 10_000 };

/** The costs of a model on a GPU by its data sheet. Requires: operators that a graph can capture. */
export function estimatedCosts(
  lowered: LoweredModel,
  device: DeviceModel,
  math: MathMode,
): ModelCosts {
  return {
    device: { name: device.product, source: "estimated" },
    profileInput: undefined,
    durationNs: estimatedProblem(lowered, device, math).costs.durationNs,
    groupOf: Int32Array.from(lowered.graph.operators, (_, at) => at),
    stageNs: device.launchGapNs,
    slowdown: () => 1,
    receive: USUAL_LINK,
    link: USUAL_LINK,
    signalNs: 0,
  };
}
