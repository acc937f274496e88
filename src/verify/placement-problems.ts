/** Compares the placement of an artifact with the one that its provenance names. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Provenance, ScheduleArtifact } from "../artifact/artifact.js";
import { sha256 } from "../core/digest.js";
import { readText } from "../core/files.js";
import { limitMemory } from "../placement/limit-memory.js";
import {
  choose,
  MAX_PLACEMENT_BYTES,
  parsePlacement,
  placementDifference,
} from "../placement/parse-placement.js";
import type { Placement } from "../placement/placement.js";
import { buildPreset, type PresetOptions } from "../placement/presets/build-preset.js";
import { buildShape, type ShapeOptions } from "../placement/shapes/build-shape.js";

/** The result of checking a placement's origin. */
export interface PlacementOrigin {
  /** Contradictions, in words that begin with the place. */
  readonly problems: readonly string[];
  /** Sentences about what could not be checked. */
  readonly notes: readonly string[];
}

const SHAPE_NUMBERS = ["devices", "forward", "backward", "weight", "chunks", "latency"] as const;

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
  const { shape, preset, memory } = options;
  if (shape !== undefined) {
    return { problems: shapeProblems(String(shape), options, placement), notes: [] };
  }
  if (preset !== undefined) {
    return { problems: presetProblems(String(preset), options, placement), notes: [] };
  }
  const isLimited = placement.devices.every(
    ({ isLink, memory: room, reserved = 0 }) =>
      isLink === true || (room !== undefined && room + reserved === memory),
  );
  const problems =
    memory === undefined || isLimited
      ? []
      : ["/pipeline/placement/devices do not have the memory of /provenance/options"];
  const input = inputs.find(({ role }) => role === "placement");
  if (input === undefined) {
    return { problems: ["/provenance names neither a shape, a preset nor a placement"], notes: [] };
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
  const chosen = read.ok && withChosen(read.value, placement);
  return chosen !== false && placementDifference(plain(chosen), plain(placement)) === undefined;
}

/** A placement of a file with the options that another has chosen; `false`: it has no such. */
function withChosen(placement: Placement, { choices = [] }: Placement): Placement | false {
  if (placement.choices?.length !== choices.length) {
    return placement.choices === undefined && choices.length === 0 && placement;
  }
  const chosen = choose(
    placement,
    choices.map(({ chosen: name }) => name),
  );
  return chosen.ok && chosen.value;
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
  const asked = recorded(options, SHAPE_NUMBERS);
  const built = asked && buildShape(shape, asked.values as unknown as ShapeOptions);
  const limited = built?.ok ? limitMemory(built.value, shape, asked?.memory) : built;
  const isSame =
    limited?.ok === true && placementDifference(limited.value, placement) === undefined;
  return isSame
    ? []
    : [`/pipeline/placement is not the shape "${shape}" with the options of /provenance`];
}

/** Options of presets with the key of the record that each becomes. */
const PRESET_NUMBERS = {
  layers: "layers",
  devices: "devices",
  chunks: "chunks",
  forward: "forward",
  backward: "backward",
  weight: "weight",
  embedding: "embedding",
  head: "head",
  mtp: "mtp",
  latency: "latency",
  "layer-memory": "layerMemory",
} as const satisfies Record<string, keyof PresetOptions>;

function presetProblems(
  preset: string,
  options: Provenance["options"],
  placement: Placement,
): readonly string[] {
  const asked = recorded(options, Object.keys(PRESET_NUMBERS));
  const { layout } = options;
  const values = Object.fromEntries(
    Object.entries(asked?.values ?? {}).map(([name, value]) => [
      PRESET_NUMBERS[name as keyof typeof PRESET_NUMBERS] ?? name,
      value,
    ]),
  );
  const built =
    asked &&
    (layout === undefined || typeof layout === "string") &&
    buildPreset(
      preset,
      { ...values, ...(layout === undefined ? {} : { layout }) } as unknown as PresetOptions,
      asked.memory,
    );
  const isSame =
    typeof built === "object" &&
    built.ok &&
    placementDifference(built.value.placement, placement) === undefined;
  return isSame
    ? []
    : [`/pipeline/placement is not the preset "${preset}" with the options of /provenance`];
}

/** What a placement was asked for. */
interface Recorded {
  readonly values: Readonly<Record<string, unknown>>;
  readonly memory: number | undefined;
}

/** The recorded options of a placement: the numbers that are there, and the mode; `undefined`: they are no such options. */
function recorded(
  options: Provenance["options"],
  numbers: readonly string[],
): Recorded | undefined {
  const given = numbers.filter((key) => options[key] !== undefined);
  const { mode, memory } = options;
  const isSound =
    given.every((key) => Number.isSafeInteger(options[key])) &&
    options["devices"] !== undefined &&
    (memory === undefined || (Number.isSafeInteger(memory) && Number(memory) >= 0)) &&
    (mode === undefined || mode === "train" || mode === "infer");
  return isSound
    ? {
        values: {
          ...Object.fromEntries(given.map((key) => [key, options[key]])),
          ...(mode === undefined ? {} : { mode }),
        },
        memory: memory === undefined ? undefined : Number(memory),
      }
    : undefined;
}
