/** Pipeline search from a placement alone: read or build it, search, verify, write. */
import type { ProvenanceInput, ScheduleArtifact } from "../artifact/artifact.js";
import { encodeArtifact } from "../artifact/artifact-format.js";
import { inputOf } from "../artifact/input-of.js";
import { type PipelineSection, writtenOut } from "../artifact/pipeline-section.js";
import { pipelineSectionOf } from "../artifact/pipeline-section-of.js";
import { type GivenOptions, recordedOptions } from "../artifact/recorded-options.js";
import { mayWrite, readText, writeText } from "../core/files.js";
import { invariant } from "../core/invariant.js";
import { fail, ok, type Result } from "../core/result.js";
import { limitMemory } from "../placement/limit-memory.js";
import { isPlain, statedMicroBatches } from "../placement/micro-batches.js";
import { MAX_PLACEMENT_BYTES, parsePlacement } from "../placement/parse-placement.js";
import type { Placement } from "../placement/placement.js";
import { buildPreset, type PresetOptions } from "../placement/presets/build-preset.js";
import type { TriedLayout } from "../placement/presets/tried-layout.js";
import { buildShape, type ShapeOptions } from "../placement/shapes/build-shape.js";
import type { PipelineAlgorithm } from "../schedule/pipeline-algorithm-names.js";
import type { Effort } from "../schedule/pipeline-efforts.js";
import type { Objective } from "../schedule/pipeline-objectives.js";
import { verifyPeriodicSchedule } from "../schedule/verify-periodic-schedule.js";
import { verifyPipelineSchedule } from "../schedule/verify-pipeline-schedule.js";
import { type PipelineSearchOptions, searchPipeline } from "../search/pipeline/algorithms.js";
import { sharesOf } from "../search/pipeline/effort.js";
import { algorithmTooPlain } from "../search/pipeline/instances/failures.js";
import { type ParetoPoint, type ParetoProgress, paretoFront } from "../search/pipeline/pareto.js";
import type { PipelineProgress } from "../search/pipeline/progress.js";
import { USUAL_MICRO_BATCHES } from "../staging/pipeline-usual.js";
import { chooseLayout, type LayoutRequest } from "./choose-layout.js";
import { chooseVersions } from "./choose-versions.js";

/** The source of a placement. */
export type PlacementSource =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "shape"; readonly name: string; readonly options: ShapeOptions }
  | {
      readonly kind: "preset";
      readonly name: string;
      readonly options: PresetOptions;
      /** Searches the layout too; that of `options` is not there. */
      readonly layouts?: LayoutSearch | undefined;
    };

/** How a layout is searched. */
export type LayoutSearch = Pick<LayoutRequest, "predictions" | "against" | "onLayout">;

/** Called with the progress of a search. */
export type OnPlacementSearch = (progress: PipelineProgress, placement: Placement) => void;

/** Hears of a search for every amount of memory at work. */
export type OnParetoSearch = (progress: ParetoProgress, placement: Placement) => void;

/** An effort as it is recorded: only where it is not the usual one. */
export function recordedEffort(effort: Effort | undefined): Effort | undefined {
  return effort === "default" ? undefined : effort;
}

/** A request to search a placement's schedule. */
export interface SearchRequest {
  readonly source: PlacementSource;
  /** Replaces the limit of every device. */
  readonly memory: number | undefined;
  /** `undefined`: as many as the placement states, else the usual number. */
  readonly microBatches: number | undefined;
  readonly algorithm: PipelineAlgorithm;
  /** The effort of `top-compile`; `undefined`: `default`. */
  readonly effort?: Effort | undefined;
  /** What the whole schedule of `top-compile` is to be least in; `undefined`: `makespan`. */
  readonly objective?: Objective | undefined;
  readonly seed: number;
  /** Nodes in the algorithm's own unit; `undefined`: its usual limit. */
  readonly maxNodes?: number | undefined;
  /** Ends the search early with what it has. */
  readonly shouldStop?: (() => boolean) | undefined;
  readonly onProgress?: OnPlacementSearch | undefined;
  readonly onLeftOut?: PipelineSearchOptions["onLeftOut"];
  /** Writes every instance, also where there are many. */
  readonly allInstances?: boolean | undefined;
  /** The path of the artifact; `undefined`: it is not written. */
  readonly out: string | undefined;
  readonly force: boolean;
}

/** A searched placement. */
export interface SearchedPlacement {
  readonly placement: Placement;
  readonly artifact: ScheduleArtifact;
  /** A limit ended the search before it had a proof. */
  readonly isCutShort: boolean;
  /** Where the layout was searched: what was tried, best first. */
  readonly layouts?: readonly TriedLayout[];
}

const FORMAT = "top-compile/schedule";

/**
 * Searches a placement's pipeline schedule and writes the artifact if the request names a file.
 *
 * Fails: as reading or building the placement, the algorithm and writing do. After a failure nothing
 * is written.
 */
export function searchPlacement(request: SearchRequest, tool: string): Result<SearchedPlacement> {
  const inputs = request.source.kind === "file" ? [request.source.path] : [];
  const overwrite = { force: request.force, format: FORMAT, inputs };
  const may = request.out === undefined ? ok(undefined) : mayWrite(request.out, overwrite);
  if (!may.ok) {
    return may;
  }
  const laid = withLayout(request);
  if (!laid.ok) {
    return laid;
  }
  const { request: settled, layouts } = laid.value;
  const read = placementOf(settled);
  if (!read.ok) {
    return read;
  }
  const microBatches =
    settled.microBatches ?? statedMicroBatches(read.value) ?? USUAL_MICRO_BATCHES;
  const placement = chosenFor(read.value, { ...settled, microBatches });
  const searched = searchedPipeline(placement, { ...settled, microBatches });
  if (!searched.ok) {
    return searched;
  }
  const { section, isCutShort } = searched.value;
  const artifact: ScheduleArtifact = {
    provenance: provenanceOf({ ...settled, microBatches }, tool),
    pipeline: section,
  };
  const found = { placement, artifact, isCutShort, ...(layouts && { layouts }) };
  if (request.out === undefined) {
    return ok(found);
  }
  const written = writeText(request.out, encodeArtifact(artifact), overwrite);
  return written.ok ? ok(found) : written;
}

/** The request with the layout that was searched for it, where one was asked for. */
function withLayout(request: SearchRequest): Result<{
  readonly request: SearchRequest;
  readonly layouts?: readonly TriedLayout[];
}> {
  const { source, memory, microBatches = USUAL_MICRO_BATCHES, seed, shouldStop } = request;
  if (source.kind !== "preset" || source.layouts === undefined) {
    return ok({ request });
  }
  const { name, options, layouts } = source;
  const search = { seed, shouldStop };
  const wanted = { preset: name, options, memory, microBatches, search, ...layouts };
  const chosen = chooseLayout(wanted);
  if (!chosen.ok) {
    return chosen;
  }
  const { layout, tried } = chosen.value;
  const settled = { kind: "preset", name, options: { ...options, layout } } as const;
  return ok({ request: { ...request, source: settled }, layouts: tried });
}

/** The placement with the options of its choices that a quick search by the algorithm finds best. */
function chosenFor(
  placement: Placement,
  { algorithm, microBatches, seed, shouldStop }: PlacementSearchOptions,
): Placement {
  const quick = { effort: "quick" as const, seed, shouldStop };
  return chooseVersions(
    placement,
    (each) => searchPipeline(algorithm, each, microBatches, quick),
    shouldStop,
  );
}

/** Options of a search besides its placement. */
export type PlacementSearchOptions = Pick<SearchRequest, "algorithm"> & {
  readonly microBatches: number;
} & Partial<
    Pick<
      SearchRequest,
      | "effort"
      | "objective"
      | "seed"
      | "maxNodes"
      | "shouldStop"
      | "onProgress"
      | "onLeftOut"
      | "allInstances"
    >
  >;

/**
 * The `pipeline` section of an algorithm's schedule for a placement, verified. Fails: as
 * `searchPipeline`.
 */
export function searchedSection(
  placement: Placement,
  request: PlacementSearchOptions,
): Result<PipelineSection> {
  const searched = searchedPipeline(placement, request);
  return searched.ok ? ok(searched.value.section) : searched;
}

function searchedPipeline(
  placement: Placement,
  { algorithm, microBatches, onProgress, allInstances, ...rest }: PlacementSearchOptions,
): Result<{ readonly section: PipelineSection; readonly isCutShort: boolean }> {
  const found = searchPipeline(algorithm, placement, microBatches, {
    ...rest,
    onProgress: onProgress && ((progress) => onProgress(progress, placement)),
  });
  if (!found.ok) {
    return found;
  }
  const whole = verifyPipelineSchedule(placement, found.value.whole);
  const periodic = verifyPeriodicSchedule(placement, found.value.periodic);
  invariant(whole.length === 0, `the schedule verifies: ${JSON.stringify(whole[0])}`);
  invariant(periodic.length === 0, `the repetend verifies: ${JSON.stringify(periodic[0])}`);
  const section = pipelineSectionOf(placement, found.value);
  const written = allInstances === true ? writtenOut(section) : section;
  return ok({ section: written, isCutShort: found.value.isCutShort });
}

/**
 * The least period of a placement for each memory limit. Fails: as reading or building the
 * placement does.
 */
export function searchPareto(
  request: Pick<SearchRequest, "source" | "effort" | "seed" | "maxNodes" | "shouldStop"> & {
    readonly onProgress?: OnParetoSearch;
  },
): Result<{ readonly placement: Placement; readonly points: readonly ParetoPoint[] }> {
  const read = placementOf({ ...request, memory: undefined });
  if (!read.ok) {
    return read;
  }
  const { effort, seed, maxNodes, shouldStop, onProgress } = request;
  const placement = read.value;
  if (!isPlain(placement) || placement.choices !== undefined) {
    return fail([algorithmTooPlain("--pareto", placement, "search with several --memory")]);
  }
  const { period } = sharesOf(effort ?? "default", read.value, maxNodes);
  const stop = shouldStop === undefined ? {} : { shouldStop };
  return ok({
    placement: read.value,
    points: paretoFront(placement, {
      seed,
      maxNodes: period,
      ...stop,
      onProgress: onProgress && ((progress) => onProgress(progress, placement)),
    }),
  });
}

function placementOf({
  source,
  memory,
}: Pick<SearchRequest, "source" | "memory">): Result<Placement> {
  if (source.kind === "preset") {
    const built = buildPreset(source.name, source.options, memory);
    return built.ok ? ok(built.value.placement) : built;
  }
  if (source.kind === "shape") {
    const built = buildShape(source.name, source.options);
    return built.ok ? limitMemory(built.value, `--shape ${source.name}`, memory) : built;
  }
  const text = readText(source.path, MAX_PLACEMENT_BYTES);
  return text.ok ? parsePlacement(text.value, source.path, memory) : text;
}

function provenanceOf(request: SearchRequest, tool: string): ScheduleArtifact["provenance"] {
  const { source, memory, microBatches, algorithm, seed, maxNodes } = request;
  const effort = recordedEffort(request.effort);
  const objective = request.objective === "makespan" ? undefined : request.objective;
  const inputs: ProvenanceInput[] =
    source.kind === "file" ? [inputOf("placement", source.path)] : [];
  return {
    tool,
    inputs,
    seed,
    options: recordedOptions({
      ...ofSource(source),
      memory,
      microBatches,
      algorithm,
      effort,
      objective,
      maxNodes,
    }),
  };
}

/** Options of where a placement comes from. */
function ofSource(source: PlacementSource): GivenOptions {
  switch (source.kind) {
    case "file":
      return {};
    case "shape":
      return { shape: source.name, ...ofShape(source.options) };
    case "preset":
      return { preset: source.name, ...source.options };
  }
}

/** Options of shapes that a command line has. */
function ofShape(options: ShapeOptions): GivenOptions {
  const { devices, mode, forward, backward, weight, chunks, latency } = options;
  return { devices, mode, forward, backward, weight, chunks, latency };
}
