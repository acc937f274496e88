/**
 * Layer times of TensorRT, as `trtexec --exportProfile` writes them, with the layer information of
 * `--exportLayerInfo`, which says exactly which nodes a layer is of.
 */

import { beginsAs, fieldSpans, listItems, wholeSpan } from "../../core/json-items.js";
import { fail, ok, type Result } from "../../core/result.js";
import {
  readingSource,
  recordOf,
  type SourceFile,
  SourceProblem,
  timeIn,
} from "../../import/read-problem.js";
import { importFilesConflict, importLayersOpaque, importNothingMeasured } from "./failures.js";
import type { ImportedPart, ImportedSource } from "./imported-part.js";
import { isOpaque, namesInLayer, namesInMetadata } from "./layer-names.js";

const MS = 1e6;

/**
 * Events of CUDA, with which TensorRT times layers, resolve about half a microsecond.
 *
 * Source: CUDA Runtime API, `cudaEventElapsedTime`.
 */
const EVENT_NS = 500;

/**
 * Reads a profile of layers; `layers` is the layer information, if it was given.
 *
 * Fails: `import-malformed`, `import-layers-opaque`, `import-nothing-measured`.
 */
export function readTrtexec(
  profile: SourceFile,
  layers: SourceFile | undefined,
): Result<ImportedSource> {
  const nodesOf = layers === undefined ? ok(new Map()) : readLayers(layers);
  return nodesOf.ok ? readingSource(profile, () => sourceOf(profile, nodesOf.value)) : nodesOf;
}

type NodesOfLayers = ReadonlyMap<string, readonly string[]>;

function sourceOf(file: SourceFile, nodesOf: NodesOfLayers): Result<ImportedSource> {
  let samples = 1;
  const parts: ImportedPart[] = [];
  let index = 0;
  for (const item of listItems(file.text, wholeSpan(file.text))) {
    const entry = recordOf(item);
    const place = `entry ${++index}`;
    if (entry === undefined) {
      throw new SourceProblem(file, place, "must be an object");
    }
    if (typeof entry["name"] === "string") {
      parts.push(partOf(file, place, entry["name"], { entry, nodesOf, samples }));
    } else if (Number.isInteger(entry["count"]) && Number(entry["count"]) >= 1) {
      samples = Math.min(Number(entry["count"]), 1e9);
    } else {
      throw new SourceProblem(file, place, "must have the name of a layer, or the count of runs");
    }
  }
  const opaque = parts.find(
    ({ label, timing }) => timing.medianNs > 0 && isOpaque(label) && !nodesOf.has(label),
  );
  if (opaque !== undefined) {
    return fail([importLayersOpaque(file.path, opaque.label)]);
  }
  const totalNs = parts.reduce((sum, { timing }) => sum + timing.medianNs, 0);
  return totalNs === 0
    ? fail([importNothingMeasured(file.path, "layer that takes time")])
    : ok({
        tool: "trtexec",
        measuredBy: "trtexec",
        kind: "gpu",
        resolutionNs: EVENT_NS,
        includesGaps: true,
        hasQuantiles: false,
        threads: 1,
        parts,
        totalNs,
        notes: [],
      });
}

interface LayerFacts {
  readonly entry: Readonly<Record<string, unknown>>;
  readonly nodesOf: NodesOfLayers;
  readonly samples: number;
}

function partOf(
  file: SourceFile,
  place: string,
  label: string,
  { entry, nodesOf, samples }: LayerFacts,
): ImportedPart {
  // TensorRT writes medians since 8.4.
  const field =
    entry["medianMs"] === undefined || entry["medianMs"] === 0 ? "averageMs" : "medianMs";
  const ns = timeIn(file, `${place}, ${field}`, entry[field], MS);
  const exact = nodesOf.get(label);
  return {
    label,
    readings: exact === undefined ? namesInLayer(label) : [exact],
    timing: { medianNs: ns, p10Ns: ns, p90Ns: ns, samples },
    wholeNs: ns,
    launches: [],
  };
}

/** Nodes of each layer that has metadata; names without any are of an export that is not detailed. */
function readLayers(file: SourceFile): Result<NodesOfLayers> {
  return readingSource(file, () => {
    const nodes = new Map<string, readonly string[]>();
    const span = beginsAs(file.text) === "object" ? fieldSpans(file.text).get("Layers") : undefined;
    if (span === undefined || file.text[span.start] !== "[") {
      return fail([importFilesConflict(file.path, "has no list of layers")]);
    }
    for (const item of listItems(file.text, span)) {
      const { Name: name, Metadata: metadata } = recordOf(item) ?? {};
      const names = typeof metadata === "string" ? namesInMetadata(metadata) : [];
      if (typeof name === "string" && names.length > 0) {
        nodes.set(name, names);
      }
    }
    return ok(nodes);
  });
}
