import { fail, ok, type Result } from "../../core/result.js";
import type { EmittedModel } from "../../kernels/emit.js";
import { describeRefused } from "../../kernels/failures.js";
import { type EmittedLayouts, emitInLayouts } from "../../kernels/layout-choice.js";
import type { TensorLayout } from "../../kernels/operator-call.js";
import { type Precision, precisionPlan } from "../../kernels/precision.js";
import { withKernelList } from "../../onnx/fuse/fuse-operators.js";
import type { FusionList } from "../../onnx/kernel-groups.js";
import type { LoweredModel } from "../../onnx/lowered-model.js";
import { type Outputs, referenceOutputs } from "../../profile/gpu/check-gpu-outputs.js";
import { scratchFor } from "../../profile/gpu/measure-cold.js";
import { modelInputs } from "../../profile/worker-plan-of.js";
import type { ProbeResult } from "../../runtime/cuda/client/devices.js";
import { helperRefused } from "../../runtime/cuda/client/failures.js";
import type { Sharing } from "../../runtime/cuda/program/memory-plan.js";
import { buildProgram } from "../../runtime/cuda/program/program.js";
import { DeviceSession } from "../../runtime/cuda/session/device-session.js";
import type { GraphCalls } from "../../runtime/cuda/session/graph-calls.js";
import { feedsFrom, type InputSource } from "../../runtime/input-source.js";
import { orNoRoom, temporaryFolder } from "../../runtime/temporary-folder.js";
import type { DriverContext } from "../context.js";

/** A GPU, and how a model is put on it. */
export interface CudaTarget {
  /** Number of the GPU. */
  readonly device: number;
  readonly precision: Precision;
  readonly estimateUnsupported: boolean;
  /** Which operators are computed together. */
  readonly fuse: FusionList;
  /** How activations of convolutions lie in memory; absent: as it is faster, or moves fewer bytes. */
  readonly layout?: TensorLayout;
  readonly inputs: InputSource;
}

/** A GPU that has been found, and the model's code for it. */
export interface FoundDevice {
  readonly probe: ProbeResult;
  /** In the layout that is asked for, else in the one that moves fewer bytes. */
  readonly model: EmittedModel;
  /** In the other layout; absent: there is none, or one is asked for. */
  readonly otherLayout: EmittedModel | undefined;
  /** Makes inputs and runs ONNX Runtime on them. Fails: as ONNX Runtime does. */
  prepare(): Promise<Result<OpenDevice>>;
}

/** A GPU that is ready for a model. */
export interface OpenDevice {
  /** ONNX Runtime's outputs; `undefined`: there is nothing to compare with, and a note said why. */
  readonly reference: Outputs | undefined;
  /** All outputs of the model, as far as ONNX Runtime was run. */
  readonly whole: Outputs;
  /** A session with this way of sharing memory, of the model in this layout; the one before it is over. */
  open(sharing: Sharing, model: EmittedModel): Promise<Result<DeviceSession>>;
}

/**
 * Makes device code of a model, starts the helper, and lets `use` work with the GPU. Whatever
 * happens, the helper is ended and temporary files are removed.
 *
 * Fails: `unsupported-operator` before anything is started; then what the helper and ONNX Runtime
 * fail with.
 */
export async function withDevice<T>(
  lowered: LoweredModel,
  target: CudaTarget,
  context: DriverContext,
  use: (device: FoundDevice) => Promise<Result<T>>,
): Promise<Result<T>> {
  const precision = precisionPlan(target.precision);
  const { estimateUnsupported, fuse } = target;
  const listed = withKernelList(lowered, fuse);
  const options = {
    floats: precision.floats,
    estimateUnsupported,
    approximatesGelu: precision.gemm === "tf32",
  };
  const emitted = emitInLayouts(listed, options, precision.conv === "tf32");
  if (!emitted.ok) {
    return emitted;
  }
  const { model, otherLayout } = asAsked(emitted.value, target.layout);
  const helper = await context.startHelper();
  if (!helper.ok) {
    return helper;
  }
  const folder = temporaryFolder("top-compile-gpu");
  if (!folder.ok) {
    await helper.value.close();
    return folder;
  }
  try {
    const probe = await helper.value.call("probe", {});
    if (!probe.ok) {
      return probe;
    }
    const { problem, warnings } = probe.value;
    if (problem !== undefined) {
      return fail([helperRefused("probe", problem)]);
    }
    warnings.forEach(context.onNote);
    const prepare = async (): Promise<Result<OpenDevice>> => {
      const inputs = await inputsOf(model, target, context);
      if (!inputs.ok) {
        return inputs;
      }
      const { feeds, reference, whole } = inputs.value;
      let isTold = false;
      const open = async (sharing: Sharing, chosen: EmittedModel) => {
        const program = buildProgram(chosen, precision, sharing);
        // Operators are measured where nothing shares memory, with weights that are not in the cache.
        const scratchBytes =
          sharing.kind === "none" ? scratchFor(program.memory.constants.values()) : 0;
        const options = { device: target.device, folder: folder.value.path, scratchBytes };
        const opened = await DeviceSession.open(helper.value, program, feeds, options);
        const graphs = opened.ok && !isTold ? opened.value.graphs : undefined;
        if (graphs !== undefined) {
          isTold = true;
          context.onNote(describeGraphs(graphs));
        }
        return opened;
      };
      return ok({ reference, whole, open });
    };
    const used = await use({ probe: probe.value, model, otherLayout, prepare });
    return used.ok || context.signal.aborted
      ? used
      : fail(orNoRoom(used.error, folder.value.path, 0));
  } finally {
    await helper.value.close();
    folder.value.remove();
  }
}

/** The code in the layout that is asked for, if there is such; else both. */
function asAsked(
  { counted, other }: EmittedLayouts,
  layout: TensorLayout | undefined,
): Pick<FoundDevice, "model" | "otherLayout"> {
  return layout === undefined
    ? { model: counted, otherLayout: other }
    : { model: other?.layout === layout ? other : counted, otherLayout: undefined };
}

async function inputsOf(
  model: EmittedModel,
  { inputs }: CudaTarget,
  context: DriverContext,
): Promise<Result<{ readonly feeds: Outputs } & Pick<OpenDevice, "reference" | "whole">>> {
  const { lowered, estimated } = model;
  const feeds = feedsFrom(modelInputs(lowered), inputs);
  if (!feeds.ok) {
    return feeds;
  }
  if (estimated.length > 0) {
    context.onNote(`copies stand in, outputs mean nothing: ${describeRefused(estimated)}`);
    return ok({ feeds: feeds.value, reference: undefined, whole: new Map() });
  }
  const reference = await referenceOutputs(lowered, feeds.value);
  if (!reference.ok) {
    return reference;
  }
  const { outputs, whole, products } = reference.value;
  if (products !== undefined && outputs === undefined) {
    context.onNote(INEXACT);
  } else if (products?.mixed === false) {
    context.onNote(SATURATING);
  }
  return ok({ feeds: feeds.value, reference: outputs, whole });
}

function describeGraphs({ graphs, kernels, plans, planMs }: GraphCalls): string {
  const seconds = (planMs / 1000).toFixed(1);
  const taken = `cuDNN computes ${graphs} of ${graphs + kernels} convolutions as a graph with what stands behind`;
  const left = kernels === 0 ? "" : `; a kernel follows ${kernels}`;
  return `${taken}${left} (${plans} plans in ${seconds} s)`;
}

const INEXACT =
  "ONNX Runtime's products of 8-bit numbers are not exact on this processor: outputs are not compared";

const SATURATING =
  "ONNX Runtime's products of unsigned by signed 8-bit numbers saturate on this processor; " +
  "outputs are compared with exact products";
