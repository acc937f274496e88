/** LSTM, GRU and RNN. */
import { type Fact, tensor } from "./fact.js";
import type { InferRule, NodeCall } from "./node-call.js";

/** Outputs Y [time, directions, batch, hidden], Y_h and Y_c [directions, batch, hidden]; layout 1 puts batch first. */
export const recurrent: InferRule = (call) => outputsOf(call, call.dims(2)?.[2], call.dims(1)?.[2]);

/** The same with weights [directions, input, 4 hidden], quantized. */
export const quantizedRecurrent: InferRule = (call) =>
  outputsOf(call, call.dims(2)?.[1], call.dims(1)?.[1]);

function outputsOf(call: NodeCall, units: number | undefined, width: number | undefined): Fact[] {
  const x = call.input(0);
  const isBatchFirst = call.int("layout") === 1;
  const [first, second] = [x.dims?.[0], x.dims?.[1]];
  const [time, batch] = isBatchFirst ? [second, first] : [first, second];
  const directions = call.text("direction") === "bidirectional" ? 2 : 1;
  const hidden = call.int("hidden_size") ?? units;
  if (x.dims !== undefined && x.dims.length !== 3) {
    call.refuse(`the input has rank ${x.dims.length}, not 3`);
  } else if (width !== undefined && x.dims?.[2] !== undefined && x.dims[2] !== width) {
    call.refuse(`the input has ${x.dims[2]} features, the weights take ${width}`);
  }
  const state = tensor(
    x.elementType,
    isBatchFirst ? [batch, directions, hidden] : [directions, batch, hidden],
  );
  const all = tensor(
    x.elementType,
    isBatchFirst ? [batch, time, directions, hidden] : [time, directions, batch, hidden],
  );
  return [all, state, state];
}
