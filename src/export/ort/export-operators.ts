/** The operator schedule of a model for ONNX Runtime. */
import type { ArtifactLaunch, OperatorsSection } from "../../artifact/artifact.js";
import { ok, type Result } from "../../core/result.js";
import type { LoweredModel } from "../../onnx/lowered-model.js";
import type { OnnxModel, OnnxTensor, ValueInfo } from "../../onnx/model.js";
import { readsOf } from "../../onnx/normalize-model.js";
import { PayloadReader } from "../../onnx/read-payload.js";
import { StageWeights } from "../../onnx/stage-weights.js";
import { type TypedValue, writeModel } from "../../onnx/write-model.js";
import { optimizeModel } from "../../runtime/optimize-model.js";
import type { Exported, ExportFile } from "../export-format.js";
import { hintsOfStreams } from "../hints/export-hints.js";
import { type LaunchPlace, type OrderedNode, orderLikeLaunches } from "./launch-order.js";
import { exactOrderFile, PARTITION_MARK, partitionFile, streamsOf } from "./partition-file.js";
import { SESSION_MARK, sessionOptionsFile } from "./session-options.js";

/** What is exported of a schedule. */
export interface OrtSchedule {
  readonly streams: number;
  readonly threadsPerStream: number;
  readonly launches: readonly Pick<ArtifactLaunch, "operator" | "stream">[];
  readonly merges?: OperatorsSection["merges"];
  /** Present: the schedule is of a GPU. */
  readonly gpu?: OperatorsSection["gpu"];
}

/** A model with its schedule, and the name of its files. */
export interface OrtRequest {
  readonly lowered: LoweredModel;
  readonly operators: OrtSchedule;
  /** Files are named `<stem>.ort.onnx` and so on. */
  readonly stem: string;
}

/**
 * The files of a schedule: the optimized model, its weights, partition files, and session options. On a CPU
 * one partition file has the exact order of launches, and another the streams if there are several; on
 * a GPU there are streams alone, for ONNX Runtime does not take the order of launches there.
 *
 * Requires: one inference, no tasks in flight; `folder` is there until the files are written.
 * Fails: as `optimizeModel`.
 */
export async function exportOperatorsForOrt(
  { lowered, operators, stem }: OrtRequest,
  folder: string,
): Promise<Result<Exported>> {
  const onGpu = operators.gpu !== undefined;
  const wanted = onGpu ? "basic" : "extended";
  const optimized = await optimizeModel(lowered, wanted, folder);
  if (!optimized.ok) {
    return optimized;
  }
  const { model, level, release } = optimized.value;
  const launches = placesOf(operators);
  const nodes = orderLikeLaunches(
    model.graph.nodes.map((node) => {
      return { name: node.name, reads: readsOf(node), outputs: node.outputs };
    }),
    launches,
  );
  const modelFiles = writeOptimized(model, stem);
  if (!modelFiles.ok) {
    return modelFiles;
  }
  const plans = onGpu ? gpuFiles(nodes, stem) : cpuFiles(nodes, operators, stem);
  const kept = nodes.filter(({ name }) => launches.has(name)).length;
  return ok({
    files: [...plans, ...modelFiles.value],
    notes: [
      `made by ONNX Runtime ${release}, which computes ${launches.size} operators of the schedule as ${nodes.length} nodes; ${kept} of them have the name of an operator`,
      ...(level === wanted
        ? []
        : [
            `optimized at the level ${level}: ONNX Runtime does not read what it makes at ${wanted}`,
          ]),
      ...(onGpu ? [...GPU_NOTES, ...hintsOfStreams(operators.streams)] : cpuNotes(operators, stem)),
    ],
  });
}

const GPU_NOTES = [
  "ONNX Runtime takes the stream of every node, and derives the waits; it does not take the order of launches",
  "CUDA graphs, a stream of the user's own and use_ep_level_unified_stream put everything on one stream",
];

function cpuNotes({ streams }: OrtSchedule, stem: string): readonly string[] {
  const order = `${stem}.session.json runs one node after the other, in exactly the order of the launches`;
  return streams > 1
    ? [
        order,
        `${stem}.parallel.session.json runs the streams side by side, in ONNX Runtime's order`,
      ]
    : [order];
}

/** The place of every operator; operators that one launch computes have its place. */
function placesOf({ launches, merges = [] }: OrtSchedule): ReadonlyMap<string, LaunchPlace> {
  const places = new Map(
    launches.map(({ operator, stream }, position) => [operator, { stream, position }]),
  );
  for (const { operators } of merges) {
    const place = places.get(operators[0] ?? "");
    if (place !== undefined) {
      for (const operator of operators) {
        places.set(operator, place);
      }
    }
  }
  return places;
}

function cpuFiles(
  nodes: readonly OrderedNode[],
  { threadsPerStream }: OrtSchedule,
  stem: string,
): readonly ExportFile[] {
  const exact = planned(stem, "order", exactOrderFile(nodes), { threads: threadsPerStream });
  const streams = streamsOf(nodes);
  if (streams.length < 2) {
    return exact;
  }
  const sideBySide = { threads: threadsPerStream, streams: streams.length };
  return [
    ...exact,
    ...planned(stem, "streams", partitionFile(streams, "cpu"), sideBySide, "parallel."),
  ];
}

function gpuFiles(nodes: readonly OrderedNode[], stem: string): readonly ExportFile[] {
  const content = partitionFile(streamsOf(nodes), "gpu");
  return planned(stem, "streams", content, { threads: 1, provider: "cuda" });
}

/** Session options and the partition file that they name. */
function planned(
  stem: string,
  what: string,
  partition: string,
  plan: { readonly threads: number; readonly streams?: number; readonly provider?: "cuda" },
  variant: string = "",
): readonly ExportFile[] {
  const name = `${stem}.${what}.json`;
  return [
    {
      name: `${stem}.${variant}session.json`,
      content: sessionOptionsFile({ ...plan, partitionFile: name }),
      mark: SESSION_MARK,
    },
    { name, content: partition, mark: PARTITION_MARK },
  ];
}

/** The optimized model and, if it has larger weights, their file. */
function writeOptimized(model: OnnxModel, stem: string): Result<readonly ExportFile[]> {
  const weightsName = `${stem}.ort.weights`;
  const weights = new StageWeights(model, weightsName, false);
  const { name, nodes, inputs, outputs, initializers } = model.graph;
  const payloads = new PayloadReader(model);
  try {
    const bytes = writeModel(
      {
        model,
        name,
        nodes,
        inputs: inputs.map(asDeclared),
        outputs: outputs.map(asDeclared),
        initializers: [...initializers].sort(byName),
        constants: new Map(),
        weights,
      },
      payloads,
    );
    if (!bytes.ok) {
      return bytes;
    }
    const weightsFile = { name: weightsName, write: (path: string) => weights.write(path) };
    return ok([
      { name: `${stem}.ort.onnx`, content: bytes.value },
      ...(weights.bytes === 0 ? [] : [weightsFile]),
    ]);
  } finally {
    payloads.close();
  }
}

function asDeclared({ name, elementType, dims }: ValueInfo): TypedValue {
  return { name, type: elementType === undefined ? undefined : { elementType, dims } };
}

/** ONNX Runtime keeps no order of its weights. */
function byName(a: OnnxTensor, b: OnnxTensor): number {
  return a.name < b.name ? -1 : 1;
}
