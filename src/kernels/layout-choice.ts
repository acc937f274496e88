/**
 * The layout of a model: the one that moves fewer bytes, where nothing is measured.
 *
 * Tensor cores take the channels of a place together. A library that is given rows turns input and filters before a
 * convolution and the result behind it; with channels last that falls away, and copies at the border to what takes rows
 * alone are made instead. Both are counted, with everything that kernels of our own move, and nothing else: neither times nor
 * what a GPU's caches keep.
 */
import { ok, type Result } from "../core/result.js";
import type { LoweredModel } from "../onnx/lowered-model.js";
import type { DeviceNode, DevicePlan } from "./device-node.js";
import { type EmittedModel, emitModel } from "./emit.js";
import { STORAGE_BYTES } from "./language/expression.js";
import { sizeOf } from "./language/layout.js";
import type { EmitOptions } from "./operator-call.js";
import { bytesAt } from "./place-bytes.js";

/** Channels of which tensor cores take a multiple, by the type in memory: 16 bytes of them. */
const TOGETHER = { f32: 4, f16: 8 } as const;

/** The device nodes of a model in the layouts that there are. */
export interface EmittedLayouts {
  /** The layout that moves fewer bytes. */
  readonly counted: EmittedModel;
  /** The other one; absent: there is none, or it makes no convolution another. */
  readonly other?: EmittedModel;
}

/**
 * The device nodes of a model in both layouts, as far as `tensorCores` make convolutions and these can have channels last.
 *
 * Fails and costs as `emitModel`, at most twice.
 */
export function emitInLayouts(
  lowered: LoweredModel,
  options: Omit<EmitOptions, "layout">,
  tensorCores: boolean,
): Result<EmittedLayouts> {
  const made = emitModel(lowered, options);
  if (!made.ok) {
    return made;
  }
  const rows = made.value;
  const turned =
    tensorCores && rows.plans.some(hasConvolution)
      ? emitModel(lowered, { ...options, layout: "channels-last" })
      : undefined;
  if (turned?.ok !== true || !turned.value.plans.some(isTurned)) {
    return ok({ counted: rows });
  }
  return bytesMoved(turned.value) < bytesMoved(rows)
    ? ok({ counted: turned.value, other: rows })
    : ok({ counted: rows, other: turned.value });
}

/**
 * The device nodes of a model in the layout that moves fewer bytes; in rows, where it is as good, or `tensorCores` do not
 * make convolutions.
 *
 * Fails and costs as `emitModel`, at most twice.
 */
export function emitInBestLayout(
  lowered: LoweredModel,
  options: Omit<EmitOptions, "layout">,
  tensorCores: boolean,
): Result<EmittedModel> {
  const made = emitInLayouts(lowered, options, tensorCores);
  return made.ok ? ok(made.value.counted) : made;
}

function isTurned({ nodes }: DevicePlan): boolean {
  return nodes.some((node) => node.kind === "conv" && node.isChannelsLast === true);
}

function hasConvolution({ nodes }: DevicePlan): boolean {
  return nodes.some(({ kind }) => kind === "conv");
}

/**
 * Bytes that kernels of our own read and write, every operand once, and that libraries are taken to turn around convolutions on
 * tensor cores.
 */
export function bytesMoved(model: EmittedModel): number {
  let sum = 0;
  for (const plan of model.plans) {
    for (const node of plan.nodes) {
      sum += node.kind === "conv" ? turnedBytes(node) : 0;
      for (const place of node.kind === "kernel" ? node.buffers : []) {
        sum += bytesAt(model, plan, place);
      }
    }
  }
  return sum;
}

/** What a library reads and writes to turn the tensors of a convolution. */
function turnedBytes(node: Extract<DeviceNode, { kind: "conv" }>): number {
  const { x, w, y, groups, type, isChannelsLast } = node;
  const together = TOGETHER[type];
  const isFor = [x.dims[1], w.dims[0]].every((size = 0) => (size / groups) % together === 0);
  const elements = [x, w, y].reduce((sum, { dims }) => sum + sizeOf(dims), 0);
  return isFor && isChannelsLast !== true ? 2 * elements * STORAGE_BYTES[type] : 0;
}
