/** Compares the placement of an artifact with the one that its provenance names. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Provenance, ScheduleArtifact } from "../artifact/artifact.js";
import { sha256 } from "../core/digest.js";
import { readText } from "../core/files.js";
import { limitMemory } from "../placement/limit-memory.js";
import {
  MAX_PLACEMENT_BYTES,
  parsePlacement,
  placementDifference,
} from "../placement/parse-placement.js";
import type { Placement } from "../placement/placement.js";
import { buildShape, type ShapeOptions } from "../placement/shapes/build-shape.js";

/** The result of checking a placement's origin. */
export interface PlacementOrigin {
  /** Contradictions, in words that begin with the place. */
  readonly problems: readonly string[];
  /** Sentences about what could not be checked. */
  readonly notes: readonly string[];
}

const NUMBERS = ["devices", "forward", "backward", "weight", "chunks", "latency"] as const;

/**
 * Builds a named shape again and compares; a placement that came from a file is compared with the
 * file if that is still in the folder of the artifact in `file`, unchanged.
 *
 * The placement of a model is left to the check of its stages.
 */
export function placementProblems(
  { provenance: { inputs, options }, imported }: ScheduleArtifact,
  placement: Placement,
  file: string,
): PlacementOrigin {
  if (inputs.some(({ role }) => role === "model")) {
    return { problems: [], notes: [] };
  }
  const { shape, memory } = options;
  if (shape !== undefined) {
    return { problems: shapeProblems(String(shape), options, placement), notes: [] };
  }
  const isLimited = placement.devices.every(
    (device) => device.isLink === true || device.memory === memory,
  );
  const problems =
    memory === undefined || isLimited
      ? []
      : ["/pipeline/placement/devices do not have the memory of /provenance/options"];
  const input = inputs.find(({ role }) => role === "placement");
  if (input === undefined) {
    return { problems: ["/provenance names neither a shape nor a placement"], notes: [] };
  }
  const isSame = isOfFile(join(dirname(file), input.name), input.sha256, {
    options,
    placement,
    isTimed: imported?.blocks !== undefined,
  });
  return {
    problems: isSame === false ? ["/pipeline/placement is not that of its file"] : problems,
    notes:
      isSame === undefined
        ? [
            `its placement was not compared with "${input.name}", which is not in the folder of the schedule`,
          ]
        : [],
  };
}

/** A placement to compare with a file; `isTimed`: measured durations stand in the place of the file's. */
interface PlacementOfFile {
  readonly options: Provenance["options"];
  readonly placement: Placement;
  readonly isTimed: boolean;
}

/** Whether a placement is that of a file; `undefined`: the file is missing or was changed. */
function isOfFile(
  path: string,
  digest: string,
  { options: { memory }, placement, isTimed }: PlacementOfFile,
): boolean | undefined {
  if (!existsSync(path)) {
    return undefined;
  }
  const text = readText(path, MAX_PLACEMENT_BYTES);
  if (!text.ok || sha256(text.value) !== digest) {
    return undefined;
  }
  const limit = typeof memory === "number" ? memory : undefined;
  const read = parsePlacement(text.value, path, limit);
  const plain = isTimed ? untimed : (whole: Placement) => whole;
  return read.ok && placementDifference(plain(read.value), plain(placement)) === undefined;
}

function untimed(placement: Placement): Placement {
  const blocks = placement.blocks.map((block) => ({ ...block, duration: 1 }));
  return { ...placement, timeUnit: "ns", blocks };
}

function shapeProblems(
  shape: string,
  options: Provenance["options"],
  placement: Placement,
): readonly string[] {
  const given = NUMBERS.filter((key) => options[key] !== undefined);
  const { mode, memory } = options;
  const asked = {
    ...Object.fromEntries(given.map((key) => [key, options[key]])),
    ...(mode === undefined ? {} : { mode }),
  } as unknown as ShapeOptions;
  const isSound =
    given.every((key) => Number.isSafeInteger(options[key])) &&
    (memory === undefined || (Number.isSafeInteger(memory) && Number(memory) >= 0)) &&
    (mode === undefined || mode === "train" || mode === "infer");
  const built = isSound ? buildShape(shape, asked) : undefined;
  const limited = built?.ok
    ? limitMemory(built.value, shape, memory === undefined ? undefined : Number(memory))
    : built;
  const isSame =
    limited?.ok === true && placementDifference(limited.value, placement) === undefined;
  return isSame
    ? []
    : [`/pipeline/placement is not the shape "${shape}" with the options of /provenance`];
}
