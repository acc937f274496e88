/**
 * Options as an artifact records them: by long name, as they are typed, in one order.
 *
 * Everything that writes or reads an artifact's options gets the names from here.
 */
import type { Json } from "../core/stable-json.js";
import { FUSION_LISTS, type FusionList } from "../onnx/kernel-groups.js";
import type { Provenance } from "./artifact.js";

/** Options that influence a schedule, in the order in which they are written. */
const KEYS = [
  "device",
  "math",
  "estimateUnsupported",
  "fuse",
  "mergeConvolutions",
  "tensorLayout",
  "verified",
  "shape",
  "preset",
  "layers",
  "devices",
  "chunks",
  "layout",
  "chains",
  "mode",
  "forward",
  "backward",
  "weight",
  "embedding",
  "head",
  "mtp",
  "latency",
  "layerMemory",
  "backwardRatio",
  "weightRatio",
  "parameterCopies",
  "tensorEfficiency",
  "linkBandwidth",
  "linkLatency",
  "memory",
  "microBatches",
  "method",
  "fineTune",
  "algorithm",
  "pipelineAlgorithm",
  "effort",
  "objective",
  "maxNodes",
  "batch",
  "maxStreams",
  "progress",
  "rate",
  "ratesScale",
  "samples",
  "trainSteps",
  "dim",
  "input",
] as const;

/** An option that artifacts record, as a key of a record. */
export type RecordedKey = (typeof KEYS)[number];

/** The long name of an option, without dashes in front: `micro-batches` of the key `microBatches`. */
export function longName(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** Long names of all options that artifacts record. */
export const RECORDED_NAMES: readonly string[] = KEYS.map(longName);

/** Options to record; those without a value are not. */
export type GivenOptions = Readonly<Partial<Record<RecordedKey, Json | undefined>>>;

/** The options of an artifact, by long name. */
export function recordedOptions(options: GivenOptions): Provenance["options"] {
  return Object.fromEntries(
    KEYS.flatMap((key) => {
      const value = options[key];
      return value === undefined ? [] : [[longName(key), value] as const];
    }),
  );
}

/** A switch as it is recorded: only where it is on. */
export function recordedSwitch(isOn: boolean | undefined): true | undefined {
  return isOn === true ? true : undefined;
}

/**
 * The kernel list that options record; `undefined`: no list. Until 0.1.0 a switch was recorded, for
 * element-wise chains, and nothing without it.
 */
export function recordedList({ fuse }: Provenance["options"]): FusionList | undefined {
  if (fuse === undefined || fuse === true) {
    return fuse === true ? "elements" : "none";
  }
  return FUSION_LISTS.find((list) => list === fuse);
}

/** What version 0.1.0 called some options. */
const FORMER_NAMES: Readonly<Record<string, string>> = {
  precision: "math",
  estimateUnsupported: "estimate-unsupported",
  mergeConvolutions: "merge-convolutions",
  microBatches: "micro-batches",
  maxNodes: "max-nodes",
};

/** Recorded options under their names of today. A name of today beside the former one is kept: both stay. */
export function withPresentNames(options: Provenance["options"]): Provenance["options"] {
  return Object.fromEntries(
    Object.entries(options).map(([name, value]) => {
      const present = Object.hasOwn(FORMER_NAMES, name) ? FORMER_NAMES[name] : undefined;
      return [present === undefined || Object.hasOwn(options, present) ? name : present, value];
    }),
  );
}
