/** Searches which layers each stage of a preset has: the layouts with the best balance, each with its schedule. */
import { fail, ok, type Result } from "../core/result.js";
import { presetInvalid } from "../placement/failures.js";
import { type BalanceProblem, balancedLayouts } from "../placement/presets/balanced-layouts.js";
import {
  buildPreset,
  layoutOfPreset,
  type PresetOptions,
  partTimes,
} from "../placement/presets/build-preset.js";
import { layoutText } from "../placement/presets/layout.js";
import type { TriedLayout } from "../placement/presets/tried-layout.js";
import { type PipelineSearchOptions, searchPipeline } from "../search/pipeline/algorithms.js";

/** What a layout is searched for. */
export interface LayoutRequest {
  readonly preset: string;
  readonly options: PresetOptions;
  /** Layers of multi-token prediction. */
  readonly predictions: number;
  /** The layout to compare with; absent: that of the framework. */
  readonly against: string | undefined;
  readonly memory: number | undefined;
  readonly microBatches: number;
  readonly search: Pick<PipelineSearchOptions, "seed" | "shouldStop">;
  /** Hears of every layout once it was tried. */
  readonly onLayout?: ((done: number, total: number) => void) | undefined;
}

/** The best layout, and all that were tried. */
export interface ChosenLayout {
  readonly layout: string;
  /** Best first; those without a schedule last. */
  readonly tried: readonly TriedLayout[];
}

/**
 * The layout with the shortest schedule in a quick search of each; of equal ones the first.
 *
 * Fails: `preset-unknown`, `preset-invalid`; where none has a schedule, as building and searching the first one do.
 */
export function chooseLayout(request: LayoutRequest): Result<ChosenLayout> {
  const { preset, options, against, onLayout } = request;
  const { devices, chunks = 1, layers } = options;
  if (layers === undefined) {
    const hint = "give the number of layers of the model";
    return fail([presetInvalid(preset, "--layout search", "needs --layers N", hint)]);
  }
  const timeOf = timeOfPart(options);
  const sizes = { layers, devices, chunks };
  const problem: BalanceProblem = { ...sizes, predictions: request.predictions, timeOf };
  const found = balancedLayouts(problem).map(layoutText);
  if (found.length === 0) {
    const what = `${layers} layers are too few for ${devices * chunks} stages`;
    return fail([presetInvalid(preset, `--layers ${layers}`, what, "take fewer stages")]);
  }
  const own = ownLayout(request);
  if (!own.ok && against !== undefined) {
    return own;
  }
  const others = own.ok && own.value !== undefined ? [own.value] : [];
  const all = [...new Set([...others, ...found])];
  const tried: TriedLayout[] = [];
  let failed: Result<never> | undefined;
  for (const layout of all) {
    const makespan = quickMakespan(request, layout);
    failed ??= makespan.ok ? undefined : makespan;
    const source = others.includes(layout) ? "own" : "found";
    tried.push({ layout, source, ...(makespan.ok ? { makespan: makespan.value } : {}) });
    onLayout?.(tried.length, all.length);
  }
  const timed = ({ makespan = Number.POSITIVE_INFINITY }: TriedLayout): number => makespan;
  const sorted = tried.toSorted((a, b) => Math.sign(timed(a) - timed(b)) || 0);
  const [best] = sorted;
  return best?.makespan === undefined
    ? (failed ?? fail([presetInvalid(preset, "--layout search", "has no schedule", "")]))
    : ok({ layout: best.layout, tried: sorted });
}

/** Whole time of a part, forward and backward. */
function timeOfPart(options: PresetOptions): BalanceProblem["timeOf"] {
  const timesOf = partTimes(options);
  return (part) => {
    const { forward, backward, weight = 0 } = timesOf(part);
    return options.mode === "infer" ? forward : forward + backward + weight;
  };
}

/** The layout to compare with; `undefined`: the framework has none for these figures. */
function ownLayout({ preset, options, against, predictions }: LayoutRequest) {
  const own = layoutOfPreset(
    preset,
    against === undefined ? options : { ...options, layout: against },
    against === undefined ? "--layout" : "--against",
  );
  if (against !== undefined) {
    return own.ok ? ok(layoutText(own.value)) : own;
  }
  return ok(own.ok && predictions === 0 ? layoutText(own.value) : undefined);
}

function quickMakespan(
  { preset, options, memory, microBatches, search }: LayoutRequest,
  layout: string,
): Result<number> {
  const built = buildPreset(preset, { ...options, layout }, memory);
  if (!built.ok) {
    return built;
  }
  const quick = { ...search, effort: "quick" as const };
  const found = searchPipeline("top-compile", built.value.placement, microBatches, quick);
  return found.ok ? ok(found.value.whole.makespan) : found;
}
