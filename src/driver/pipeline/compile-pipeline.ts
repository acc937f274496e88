/** From a model to a pipeline: cost, cut, place, search, verify, write. */
import type { Provenance, ScheduleArtifact } from "../../artifact/artifact.js";
import { encodeArtifact } from "../../artifact/artifact-format.js";
import { inputOf } from "../../artifact/input-of.js";
import type { PipelineRange } from "../../artifact/pipeline-range.js";
import type { PipelineSection } from "../../artifact/pipeline-section.js";
import type { GivenOptions } from "../../artifact/recorded-options.js";
import { blockPositions, periodicOf, wholeOf } from "../../artifact/section-schedules.js";
import { mayWriteInto } from "../../core/files.js";
import { ok, type Result } from "../../core/result.js";
import { storedModel } from "../../estimate/stored-model.js";
import type { LoweredModel } from "../../onnx/lowered-model.js";
import { encodePlacement } from "../../placement/parse-placement.js";
import type { InputSource } from "../../runtime/input-source.js";
import type { PipelineAlgorithm } from "../../schedule/pipeline-algorithm-names.js";
import type { Effort } from "../../schedule/pipeline-efforts.js";
import type { PipelineSearchOptions } from "../../search/pipeline/algorithms.js";
import type { ModelCosts } from "../../staging/model-costs.js";
import { oneDeviceTime, pipelineRange } from "../../staging/pipeline-scenarios.js";
import {
  type PlacedModel,
  type PlaceOptions,
  placeModel,
  stagesOf,
} from "../../staging/place-model.js";
import type { DriverContext } from "../context.js";
import { type ModelJob, runModelJob } from "../model-job.js";
import { modelProvenance } from "../model-provenance.js";
import { measurable } from "../runs-on-cpu.js";
import { type OnPlacementSearch, searchedSection } from "../search-placement.js";
import { sizesFrom } from "../sizes-from.js";
import { type CostSource, modelCosts } from "./model-costs.js";
import { writeStageModels } from "./write-stage-models.js";

/** A request to place a model on devices. */
export interface PlaceRequest extends ModelJob {
  readonly costs: CostSource;
  readonly place: PlaceOptions;
  /** Options that the user typed, by long name, for provenance. */
  readonly typed: GivenOptions;
}

/** A request to compile a model into a pipeline. */
export interface PipelineRequest extends PlaceRequest {
  readonly algorithm: PipelineAlgorithm;
  readonly effort?: Effort | undefined;
  /** Called with the progress of the search. */
  readonly onSearch?: OnPlacementSearch | undefined;
  readonly onLeftOut?: PipelineSearchOptions["onLeftOut"];
  /** Writes every block instance, also where there are many. */
  readonly allInstances?: boolean | undefined;
}

/** A placed model with its pipeline schedule. */
export interface CompiledPipeline {
  readonly artifact: ScheduleArtifact;
  readonly placed: PlacedModel;
  /** Predicted time of a micro-batch on one device alone, without a pipeline; nanoseconds. */
  readonly oneDeviceNs: number;
}

/**
 * Compiles a model into a pipeline schedule and writes its artifact.
 *
 * Fails: as reading, lowering, measuring, placing, searching and writing do. After a
 * failure or an interrupt nothing is written.
 */
export async function compilePipeline(
  request: PipelineRequest,
  context: DriverContext,
): Promise<Result<CompiledPipeline>> {
  const job = { ...request, ...sizesFor(request, context), alsoReads: filesReadBy(request) };
  return runModelJob(job, "top-compile/schedule", context, async (lowered) => {
    const stored = storedFor(lowered, request.costs);
    const costs = await modelCosts(stored, request.costs, inputSource(request), context);
    if (!costs.ok) {
      return costs;
    }
    const placed = await context.compute(() => placeModel(stored, costs.value, request.place));
    if (!placed.ok) {
      return placed;
    }
    placed.value.notes.forEach(context.onNote);
    const { algorithm, effort, place, onSearch: onProgress, onLeftOut, allInstances } = request;
    const { microBatches, seed } = place;
    const rest = { onProgress, onLeftOut, allInstances };
    const section = await context.compute(() =>
      searchedSection(placed.value.placement, { algorithm, microBatches, effort, seed, ...rest }),
    );
    if (!section.ok) {
      return section;
    }
    const range = rangeOf(stored, costs.value, request, placed.value, section.value);
    const artifact: ScheduleArtifact = {
      provenance: provenanceOf(request, lowered, costs.value, context.tool),
      device: costs.value.device,
      stages: stagesOf(placed.value),
      pipeline: { ...section.value, ...(range && { range }) },
    };
    const oneDeviceNs = oneDeviceTime(costs.value, placed.value.placement);
    const value = { artifact, placed: placed.value, oneDeviceNs };
    return ok({ value, text: encodeArtifact(artifact) });
  });
}

/** The range of a pipeline on GPUs; `undefined` where nothing is assumed. */
function rangeOf(
  lowered: LoweredModel,
  costs: ModelCosts,
  { place }: PlaceRequest,
  { devices, seats, partition, options, placement }: PlacedModel,
  section: PipelineSection,
): PipelineRange | undefined {
  const positionOf = blockPositions(placement);
  return pipelineRange(lowered, costs, options, {
    seated: { devices, seats, partition },
    isByHand: place.layout.kind === "file",
    periodic: periodicOf(section, positionOf),
    whole: wholeOf(section, positionOf),
  });
}

/** A request to cut a model, and the folder of the stage models. */
export interface PartitionRequest extends PlaceRequest {
  /** A folder that is there; `undefined`: stages are not written. */
  readonly stageModels: string | undefined;
}

/**
 * Places a model and writes the placement, for `search` or to be edited, and the stages as models.
 *
 * Fails: as `compilePipeline`, without searching; as `writeStageModels`.
 */
export async function partitionModel(
  request: PartitionRequest,
  context: DriverContext,
): Promise<Result<PlacedModel>> {
  const { stageModels } = request;
  const may = stageModels === undefined ? ok(undefined) : mayWriteInto(stageModels);
  if (!may.ok) {
    return may;
  }
  const job = { ...request, ...sizesFor(request, context), alsoReads: filesReadBy(request) };
  return runModelJob(job, "top-compile/placement", context, async (lowered) => {
    const stored = storedFor(lowered, request.costs);
    const costs = await modelCosts(stored, request.costs, inputSource(request), context);
    const placed = costs.ok
      ? await context.compute(() => placeModel(stored, costs.value, request.place))
      : costs;
    if (!placed.ok) {
      return placed;
    }
    placed.value.notes.forEach(context.onNote);
    if (request.stageModels !== undefined) {
      const written = writeStageModels(lowered, placed.value, request.stageModels, request.force);
      if (!written.ok) {
        return written;
      }
    }
    return ok({ value: placed.value, text: encodePlacement(placed.value.placement) });
  });
}

/** The model as estimates have it; as it is, where times were measured. */
function storedFor(lowered: LoweredModel, costs: CostSource): LoweredModel {
  return costs.kind === "model" && costs.profile === undefined
    ? storedModel(lowered, costs.math)
    : lowered;
}

function inputSource({ place, given }: PlaceRequest): InputSource {
  return { seed: place.seed, given };
}

function sizesFor(request: PlaceRequest, context: DriverContext) {
  const { costs } = request;
  if (costs.kind === "cpu") {
    return measurable(costs.profile, inputSource(request), context);
  }
  return { ...sizesFrom(costs.profile, inputSource(request)), cannotBranch: true };
}

function profileFile(costs: CostSource): readonly string[] {
  if (costs.kind === "cpu") {
    return costs.profile.kind === "file" ? [costs.profile.path] : [];
  }
  return costs.profile === undefined ? [] : [costs.profile];
}

function filesReadBy({ costs, place }: PlaceRequest): readonly string[] {
  return [
    ...profileFile(costs),
    ...(place.layout.kind === "file" ? [place.layout.path] : []),
    ...(costs.deviceFile === undefined ? [] : [costs.deviceFile]),
  ];
}

function provenanceOf(
  { model, place, typed, given, dims, costs }: PipelineRequest,
  lowered: LoweredModel,
  { profileInput, math, fuse }: ModelCosts,
  tool: string,
): Provenance {
  const { layout, seed } = place;
  const files = [
    profileInput,
    layout.kind === "file" ? inputOf("placement", layout.path) : undefined,
    costs.deviceFile === undefined ? undefined : inputOf("device", costs.deviceFile),
  ];
  const options = {
    ...typed,
    device: costs.kind === "cpu" ? "cpu" : costs.device.name,
    math: costs.kind === "cpu" ? undefined : (math ?? costs.math),
    fuse,
  };
  return modelProvenance({ model, files, given, dims, seed, options }, lowered, tool);
}
