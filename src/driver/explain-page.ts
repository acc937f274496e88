/** A page that explains an artifact: with the graph of its model, where that is there. */
import { basename } from "node:path";
import type { ScheduleArtifact } from "../artifact/artifact.js";
import type { Failure } from "../core/failure.js";
import { mayWrite, writeText } from "../core/files.js";
import { present } from "../core/invariant.js";
import { fail, ok, type Result } from "../core/result.js";
import type { OperatorGraph } from "../ir/operator-graph.js";
import { readPlacement } from "../placement/parse-placement.js";
import type { Placement } from "../placement/placement.js";
import { documentOf, REPORT_FORMAT } from "../report/html/document.js";
import { pageOf } from "../report/html/page-of.js";
import { modelLoader } from "../verify/load-model-of-artifact.js";
import { pageAssets } from "./page-assets.js";

/** What to explain, and where to. */
export interface PageRequest {
  readonly artifact: ScheduleArtifact;
  /** The file of the artifact. */
  readonly file: string;
  /** The file of the page. */
  readonly out: string;
  readonly force: boolean;
  /** The model, if the user names it. */
  readonly model: string | undefined;
  readonly allowExternal: readonly string[];
  /** What should be known before the page is believed. */
  readonly notes: readonly string[];
}

/**
 * Writes the page; returns what could not be shown.
 *
 * Fails: as `mayWrite`; as `readPlacement`; as loading the model does, if the user names it: else the page has
 * the order of launches in place of the model's graph.
 */
export async function writePage(request: PageRequest): Promise<Result<readonly string[]>> {
  const { artifact, file, out, force, model } = request;
  const inputs = [file, ...(model === undefined ? [] : [model])];
  const overwrite = { force, format: REPORT_FORMAT, inputs, option: "--html FILE" };
  const may = mayWrite(out, overwrite);
  if (!may.ok) {
    return may;
  }
  const placement = placementOf(artifact, file);
  if (!placement.ok) {
    return placement;
  }
  const graph = await graphOf(request);
  if (!graph.ok) {
    return graph;
  }
  const { problem, model: operators } = graph.value;
  const missing = problem === undefined ? [] : [noGraph(problem)];
  const page = pageOf(artifact, {
    name: basename(file),
    placement: placement.value,
    model: operators,
    notes: [...request.notes, ...missing],
  });
  const written = writeText(out, documentOf(page, pageAssets()), overwrite);
  return written.ok ? ok(missing) : written;
}

function noGraph({ where, message }: Failure): string {
  return `the graph of the model is not shown: ${where ?? "the model"}: ${message}`;
}

function placementOf({ pipeline }: ScheduleArtifact, file: string): Result<Placement | undefined> {
  return pipeline === undefined
    ? ok(undefined)
    : readPlacement(pipeline.placement, file, "/pipeline/placement");
}

interface FoundGraph {
  readonly model?: OperatorGraph;
  readonly problem?: Failure;
}

async function graphOf({
  artifact,
  file,
  model,
  allowExternal,
}: PageRequest): Promise<Result<FoundGraph>> {
  if (model === undefined && !isOfOneModel(artifact)) {
    return ok({});
  }
  const lowered = await modelLoader(file, model, allowExternal)(artifact);
  if (lowered.ok) {
    return ok({ model: lowered.value.graph });
  }
  return model === undefined
    ? ok({ problem: present(lowered.error[0], "failure") })
    : fail(lowered.error);
}

/** Whether an artifact has an operator graph to show: one of a model, that is run from its start. */
function isOfOneModel({ operators, stages, provenance }: ScheduleArtifact): boolean {
  const isOfModel = provenance.inputs.some(({ role }) => role === "model");
  return (
    isOfModel && (operators === undefined ? stages !== undefined : operators.tasks === undefined)
  );
}
