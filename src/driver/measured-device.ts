import type { ArtifactDevice } from "../artifact/artifact.js";
import type { ImportRecord } from "../profile/import-record.js";

/** The device of an artifact whose times a profile has, and who measured if it was not this tool. */
export function measuredDevice({
  device,
  imported,
}: {
  readonly device: { readonly name: string };
  readonly imported?: ImportRecord;
}): ArtifactDevice {
  const { name } = device;
  return imported === undefined
    ? { name, source: "measured" }
    : { name, source: "measured", measuredBy: imported.measuredBy };
}
