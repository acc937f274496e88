import type { OperatorId } from "../../ir/operator-graph.js";
import { windowGeometry } from "../../onnx/infer/window-geometry.js";
import type { DeviceNode } from "../device-node.js";
import type { ModelIndex, Operand } from "../operator-call.js";
import { depthwiseFilters, depthwiseNodes, isDepthwise } from "../operators/depthwise.js";
import { ElementValues, loaded, type SiteValues, stored } from "../operators/element-values.js";
import { KernelBuffers } from "../operators/kernel-buffers.js";
import { withoutBorder } from "./border.js";
import { foldedChannels } from "./library-call.js";
import { callAt, elementSteps, finishedBy, resultAt, stepsBehind } from "./member-steps.js";

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
  const window = windowGeometry(op.call, x.dims.slice(2), y.dims.slice(2), w.dims.slice(2));
  const geometry = window && withoutBorder(index, x, window, borders[0]);
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
      finish: finishedBy(steps.steps, storage, buffers),
      result,
    },
    buffers,
  );
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
