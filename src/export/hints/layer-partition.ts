/**
 * How many layers every stage has, where stages begin and end between layers: tools for transformers cut
 * models there and nowhere else.
 */
import type { LoweredModel } from "../../onnx/lowered-model.js";
import { type ModelPipeline, namedStages } from "../model-pipeline.js";
import { type Layers, layersOf } from "./layers.js";

/** Layers of each stage, in the order of the stages, or why there is no such cut. */
export function layersOfStages(
  lowered: LoweredModel,
  stageOf: ArrayLike<number>,
  names: readonly string[],
): readonly number[] | string {
  const layers = layersOf(lowered.graph);
  return typeof layers === "string" ? layers : countLayers(lowered, layers, stageOf, names);
}

function countLayers(
  { graph }: LoweredModel,
  { count, layerOf }: Layers,
  stageOf: ArrayLike<number>,
  names: readonly string[],
): readonly number[] | string {
  const stageOfLayer: (number | undefined)[] = Array.from({ length: count });
  const last = names.length - 1;
  for (const { id, name } of graph.operators) {
    const stage = stageOf[id] ?? 0;
    const layer = layerOf[id];
    if (layer === undefined) {
      if (stage > 0 && stage < last) {
        return `"${name}", in stage "${names[stage] ?? ""}", belongs to no layer`;
      }
      continue;
    }
    stageOfLayer[layer] ??= stage;
    if (stageOfLayer[layer] !== stage) {
      return `layer ${layer} is cut: part of it is in stage "${names[stage] ?? ""}"`;
    }
  }
  const back = stageOfLayer.findIndex(
    (stage, layer) => layer > 0 && (stage ?? 0) < (stageOfLayer[layer - 1] ?? 0),
  );
  return back > 0
    ? `layer ${back} is in an earlier stage than layer ${back - 1}`
    : names.map((_, stage) => stageOfLayer.filter((own) => own === stage).length);
}

/** The loop in which stages go over devices; a string: why they do not go in a loop. */
export function loopOfStages(
  pipeline: ModelPipeline,
): { readonly devices: number; readonly rounds: number } | string {
  const stages = namedStages(pipeline);
  const spread = stages.find(({ devices }) => devices.length > 1);
  if (spread !== undefined) {
    return `block "${spread.block.id}" runs on several devices`;
  }
  const order = stages.map(({ devices }) => devices[0] ?? "");
  const devices = new Set(order).size;
  const off = order.findIndex((device, at) => device !== order[at % devices]);
  const isEven = order.length % devices === 0;
  if (off >= 0 || !isEven) {
    const { block } = stages[off < 0 ? order.length - 1 : off] ?? { block: { id: "" } };
    return `block "${block.id}" is not on the next device in a loop`;
  }
  return { devices, rounds: order.length / devices };
}
