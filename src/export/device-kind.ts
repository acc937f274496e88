import type { ScheduleArtifact } from "../artifact/artifact.js";

/** What the devices of a schedule are; `unknown`: of a placement that does not say. */
export type DeviceKind = "cpu" | "gpu" | "unknown";

/** What the devices of a schedule are: by the option that it was made with. */
export function deviceKindOf({ provenance, device }: ScheduleArtifact): DeviceKind {
  const { device: option } = provenance.options;
  if (option === undefined) {
    return device === undefined ? "unknown" : "cpu";
  }
  return option === "cpu" ? "cpu" : "gpu";
}
