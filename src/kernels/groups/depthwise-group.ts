import { present } from "../../core/invariant.js";
import type { OperatorId, TensorId } from "../../ir/operator-graph.js";
import { padsOf } from "../../onnx/infer/slicing.js";
import { windowGeometry } from "../../onnx/infer/window-geometry.js";
import type { DeviceNode } from "../device-node.js";
import type { ModelIndex, Operand, OperatorCall } from "../operator-call.js";
import { depthwiseFilters, depthwiseNodes, isDepthwise } from "../operators/depthwise.js";
import {
  defined,
  ElementValues,
  type KernelStep,
  loaded,
  type SiteValues,
  stored,
} from "../operators/element-values.js";
import { elementwiseStep } from "../operators/elementwise.js";
import { KernelBuffers } from "../operators/kernel-buffers.js";
import { foldedChannels } from "./library-call.js";
import { callAt, elementSteps, kernelStep, resultAt } from "./member-steps.js";

/** What stands around a convolution in its group. Order: of the operators. */
export interface Surroundings {
  /** Element-wise operators on what it reads. */
  readonly front: readonly OperatorId[];
  readonly borders: readonly OperatorId[];
  readonly behind: readonly OperatorId[];
}

/**
 * The one kernel of a convolution of each channel by itself with all that stands around it; `undefined` for other
 * convolutions, and if an operator has no formula. Scales and shifts of channels go into its constants. Cost: O(members).
 */
export function depthwiseGroup(
  index: ModelIndex,
  main: OperatorId,
  { front, borders, behind }: Surroundings,
): readonly DeviceNode[] | undefined {
  const op = callAt(index, main);
  const [x, w, bias, y] = [op.input(0), op.input(1), op.optional(2), op.result()];
  const made = resultAt(index, main);
  const groups = op.call.int("group") ?? 1;
  const isPlain = op.operator.type === "Conv" && borders.length <= 1;
  if (!x || !w || !y || made === undefined || !isPlain || !isDepthwise(x, w, groups)) {
    return undefined;
  }
  const geometry = geometryOf(index, op, { x, w, y }, borders[0]);
  const buffers = new KernelBuffers();
  const read = geometry && readThrough(index, front, geometry.source, buffers);
  const folded = foldedChannels(index, main, behind, w, bias);
  const steps = stepsBehind(index, folded.result, behind.slice(folded.members.length));
  if (geometry === undefined || read === undefined || steps === undefined) {
    return undefined;
  }
  const { storage } = y;
  const result = steps.result ?? folded.resultOperand;
  return depthwiseNodes(
    {
      source: geometry.source,
      outputDims: y.dims,
      w: depthwiseFilters(index, folded.w, result),
      bias: folded.bias,
      window: geometry.window,
      read,
      finish: (sum, site) => {
        const given = defined(site, "g", stored(storage, sum));
        const all: KernelStep[] = [{ kind: "given", values: () => [given] }, ...steps.steps];
        return present(new ElementValues(all, buffers).of(all.length - 1, site)[0], "value");
      },
      result,
    },
    buffers,
  );
}

/** The tensor that the windows step over, without the border in front, and the window. */
function geometryOf(
  index: ModelIndex,
  op: OperatorCall,
  { x, w, y }: { readonly x: Operand; readonly w: Operand; readonly y: Operand },
  border: OperatorId | undefined,
) {
  const spatial = x.dims.slice(2);
  const window = windowGeometry(op.call, spatial, y.dims.slice(2), w.dims.slice(2));
  if (window === undefined || border === undefined) {
    return window && { source: x, window };
  }
  const pad = callAt(index, border);
  const source = pad.input(0);
  const pads = source && padsOf(pad.call, source.dims.length)?.slice(2, source.dims.length);
  if (source === undefined || pads === undefined) {
    return undefined;
  }
  const begins = window.begins.map((begin, i) => begin + (pads[i] ?? 0));
  return { source, window: { ...window, begins } };
}

/** Elements of a tensor that element-wise operators make of another one, or as it is. */
function readThrough(
  index: ModelIndex,
  front: readonly OperatorId[],
  source: Operand,
  buffers: KernelBuffers,
): SiteValues | undefined {
  if (front.length === 0) {
    return (site) => loaded(source, source.dims, site, buffers);
  }
  const all = elementSteps(index, front);
  if (all === undefined) {
    return undefined;
  }
  const { storage } = all.last.result;
  const values = new ElementValues(all.steps, buffers);
  return (site) => values.of(all.steps.length - 1, site).map((value) => stored(storage, value));
}

/** The steps of what is left, after a first one that is the sum; and where the last one's result belongs. */
function stepsBehind(index: ModelIndex, value: TensorId, members: readonly OperatorId[]) {
  const steps: KernelStep[] = [];
  const stepOf = new Map<TensorId, number>([[value, 0]]);
  let result: Operand | undefined;
  for (const id of members) {
    const own = elementwiseStep(callAt(index, id));
    const tensor = resultAt(index, id);
    if (own === undefined || tensor === undefined) {
      return undefined;
    }
    steps.push(kernelStep(own, stepOf));
    stepOf.set(tensor, steps.length);
    result = own.result;
  }
  return { steps, result };
}
