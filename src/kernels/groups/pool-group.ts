import type { OperatorId } from "../../ir/operator-graph.js";
import type { DeviceNode } from "../device-node.js";
import type { ModelIndex } from "../operator-call.js";
import { KernelBuffers } from "../operators/kernel-buffers.js";
import { poolNodes, poolWindow } from "../operators/pooling.js";
import { withoutBorder } from "./border.js";
import type { Surroundings } from "./depthwise-group.js";
import { callAt, finishedBy, resultAt, stepsBehind } from "./member-steps.js";

/**
 * The one kernel of a pool with the Pad in front and the element-wise operators behind; `undefined` for other operators, and if
 * one of these has no formula. Cost: O(members).
 */
export function poolGroup(
  index: ModelIndex,
  main: OperatorId,
  { front, borders, behind }: Surroundings,
): readonly DeviceNode[] | undefined {
  const op = callAt(index, main);
  const window = poolWindow(op);
  const [x, y, made] = [op.input(0), op.result(), resultAt(index, main)];
  const isPlain = front.length === 0 && borders.length <= 1;
  if (!x || !y || !window || made === undefined || !isPlain) {
    return undefined;
  }
  const geometry = withoutBorder(index, x, window, borders[0]);
  const steps = stepsBehind(index, made, behind);
  if (geometry === undefined || steps === undefined) {
    return undefined;
  }
  const buffers = new KernelBuffers();
  return poolNodes(op, {
    x: geometry.source,
    outputDims: y.dims,
    window: geometry.window,
    // A pool that counts a Pad in front has no pads of its own.
    countsBorder: borders.length > 0 || op.call.int("count_include_pad") === 1,
    finish: finishedBy(steps.steps, y.storage, buffers),
    result: steps.result ?? y,
    buffers,
  });
}
