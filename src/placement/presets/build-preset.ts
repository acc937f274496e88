/**
 * The placement that a training framework makes of its users' figures: layers, ranks, virtual stages, times.
 *
 * Stage s is on rank s modulo the number of ranks. A stage takes the sum of what its parts take, forward and backward; it holds
 * the activations of its layers from its forward block to the end of its last one.
 */
import { fail, ok, type Result } from "../../core/result.js";
import { presetInvalid, presetUnknown } from "../failures.js";
import { limitMemory } from "../limit-memory.js";
import type { Placement } from "../placement.js";
import { buildPlacement, type ShapeStep } from "../shapes/shape-builder.js";
import { type Layout, type LayoutPart, layersIn, layoutText, parseLayout } from "./layout.js";
import {
  deepspeedLayout,
  type LayoutRule,
  megatronLayout,
  torchtitanLayout,
} from "./stage-layouts.js";

/** The figures of a user; absent: as `USUAL` and the framework have them. */
export interface PresetOptions {
  /** Ranks of the pipeline. */
  readonly devices: number;
  /** Stages on each rank. */
  readonly chunks?: number;
  /** Layers of the model; with a `layout` it has to have as many. */
  readonly layers?: number;
  /** In Megatron's syntax; absent: as the framework spreads the layers. */
  readonly layout?: string;
  readonly mode?: "train" | "infer";
  /** Of a layer. */
  readonly forward?: number;
  readonly backward?: number;
  /** Of a layer: the gradients of its weights as blocks of their own. */
  readonly weight?: number;
  /** Forward times of the embedding, the head, and a layer of multi-token prediction. */
  readonly embedding?: number;
  readonly head?: number;
  readonly mtp?: number;
  readonly latency?: number;
  /** Activations of a layer for one micro-batch. */
  readonly layerMemory?: number;
}

/** A placement of a preset. */
export interface BuiltPreset {
  readonly placement: Placement;
  readonly layout: Layout;
}

/** A framework whose figures presets take. */
interface Preset {
  readonly layout: LayoutRule;
}

const PRESETS: ReadonlyMap<string, Preset> = new Map([
  ["megatron", { layout: megatronLayout }],
  ["torchtitan", { layout: torchtitanLayout }],
  ["deepspeed", { layout: deepspeedLayout }],
]);

/** Names of all presets. */
export const PRESET_NAMES: readonly string[] = [...PRESETS.keys()];

/** The same limit as for a placement file. */
const MAX_BLOCKS = 4096;

/** Blocks of a stage at most. */
const BLOCKS_PER_STAGE = 3;

/**
 * The placement of a preset, in the unit of its times.
 *
 * Fails: `preset-unknown`, `preset-invalid`; `block-too-large` under a memory limit.
 */
export function buildPreset(
  name: string,
  options: PresetOptions,
  memory?: number,
): Result<BuiltPreset> {
  const layout = layoutOfPreset(name, options);
  if (!layout.ok) {
    return layout;
  }
  const timesOf = partTimes(options);
  const steps = layout.value.map(
    (parts, stage): ShapeStep => ({
      devices: [stage % options.devices],
      after: stage === 0 ? [] : [stage - 1],
      memory: parts.filter(isLayer).length * (options.layerMemory ?? 1),
      ...sumOf(parts.map(timesOf)),
    }),
  );
  const idle = steps.findIndex(({ forward }) => forward === 0);
  if (idle >= 0) {
    const message = `stage ${idle} (${layout.value[idle]?.join("")}) takes no time`;
    return fail([presetInvalid(name, "", message, "give --embedding or --head its time")]);
  }
  const placement = buildPlacement(steps, {
    devices: options.devices,
    mode: options.mode ?? "train",
    latency: options.latency ?? 0,
    memory: undefined,
    memoryRelease: "end",
  });
  const limited = limitMemory(placement, `--preset ${name}`, memory);
  return limited.ok ? ok({ placement: limited.value, layout: layout.value }) : limited;
}

function isLayer(part: LayoutPart): boolean {
  return part === "t" || part === "m";
}

/**
 * The layout of a preset: that of its options, which a command line says as `option`, or that of its framework.
 *
 * Fails: `preset-unknown`, `preset-invalid`.
 */
export function layoutOfPreset(
  name: string,
  options: PresetOptions,
  option: "--layout" | "--against" = "--layout",
): Result<Layout> {
  const preset = PRESETS.get(name);
  if (preset === undefined) {
    return fail([presetUnknown(name, PRESET_NAMES)]);
  }
  const { devices, layers, layout: text } = options;
  const refuse = (where: string, message: string, hint: string): Result<never> =>
    fail([presetInvalid(name, where, message, hint)]);
  const chunks = options.chunks ?? 1;
  const layout =
    text === undefined
      ? layers === undefined
        ? "needs --layers N, or --layout"
        : preset.layout({ layers, devices, chunks })
      : parseLayout(text);
  if (typeof layout === "string") {
    return text === undefined
      ? refuse(layers === undefined ? "" : `--layers ${layers}`, layout, SPREAD_HINT)
      : refuse(`${option} ${text}`, layout, "such as Et*2|(t*2|)*6,t*2L");
  }
  if (text !== undefined) {
    const wrong = misfit(layout, options);
    if (wrong !== undefined) {
      return refuse(`${option} ${layoutText(layout)}`, wrong, "let the figures agree");
    }
  }
  return layout.length * BLOCKS_PER_STAGE > MAX_BLOCKS
    ? refuse(`--devices ${devices}`, `gives ${layout.length} stages, too many`, "take fewer")
    : ok(layout);
}

const SPREAD_HINT = "say with --layout which layers each stage has, or let --layout search find it";

/** What of a layout does not fit the other figures. */
function misfit(layout: Layout, { devices, chunks, layers }: PresetOptions): string | undefined {
  const own = layersIn(layout);
  if (layers !== undefined && layers !== own) {
    return `has ${own} layers, not ${layers}`;
  }
  const stages = layout.length;
  if (stages % devices !== 0) {
    return `has ${stages} stages, which is no multiple of the ${devices} ranks`;
  }
  return chunks === undefined || stages === devices * chunks
    ? undefined
    : `has ${stages} stages, not ${devices} times ${chunks}`;
}

/** Times of a part or a stage. */
export interface PartTimes {
  readonly forward: number;
  readonly backward: number;
  /** Absent: the backward computes both gradients. */
  readonly weight?: number;
}

/** Usual times of a layer: a backward computes both gradients, or with weight blocks one of them. */
const USUAL = { forward: 1, backward: 2, backwardOfSplit: 1 };

/**
 * The times of each part. What is not a layer has a forward time alone; its others are to it as those of a layer, rounded.
 */
export function partTimes(options: PresetOptions): (part: LayoutPart) => PartTimes {
  const { forward = USUAL.forward, weight } = options;
  const usual = weight === undefined ? USUAL.backward : USUAL.backwardOfSplit;
  const backward = options.backward ?? usual * forward;
  const scaled = (own: number): PartTimes => ({
    forward: own,
    backward: Math.round((own * backward) / forward),
    ...(weight === undefined ? {} : { weight: Math.round((own * weight) / forward) }),
  });
  const layer = scaled(forward);
  const times: Readonly<Record<LayoutPart, PartTimes>> = {
    E: scaled(options.embedding ?? 0),
    t: layer,
    m: options.mtp === undefined ? layer : scaled(options.mtp),
    L: scaled(options.head ?? 0),
  };
  return (part) => times[part];
}

/** The times of all parts together; every block takes some time. */
function sumOf(parts: readonly PartTimes[]): PartTimes {
  const sum = (of: (part: PartTimes) => number): number =>
    parts.reduce((total, part) => total + of(part), 0);
  const hasWeight = parts.some(({ weight }) => weight !== undefined);
  return {
    forward: sum(({ forward }) => forward),
    backward: Math.max(
      1,
      sum(({ backward }) => backward),
    ),
    ...(hasWeight
      ? {
          weight: Math.max(
            1,
            sum(({ weight = 0 }) => weight),
          ),
        }
      : {}),
  };
}
