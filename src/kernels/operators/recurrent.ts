/**
 * Recurrent layers: LSTM, GRU and RNN as groups of products and kernels.
 *
 * The contribution of the inputs to the gates does not depend on the state, so it is one product
 * over all steps. Each step then adds the product of the state before (straight into its part of
 * that result, where the gates are sums) and runs a kernel with a thread for each hidden unit of
 * each sample. The states of all steps are the output Y; a step reads the one before from there.
 * Directions follow each other.
 *
 * Source: ONNX operator documentation, LSTM, GRU, RNN: equations, order of gates and biases.
 */

import type { DeviceNode } from "../device-node.js";
import { STORAGE_BYTES } from "../language/expression.js";
import { rowMajor, sizeOf } from "../language/layout.js";
import type { EmitRule, EmitTable, Operand, OperatorCall } from "../operator-call.js";
import { affineCopy } from "./affine-copy.js";
import { libraryType } from "./matrix.js";
import { gateFunctions } from "./recurrent-functions.js";
import {
  addProduct,
  type Direction,
  gruLinearStep,
  gruStep,
  lstmStep,
  rnnStep,
  type Step,
  sliced,
  stateAt,
} from "./recurrent-steps.js";

/** The reason why a layer cannot be expressed, or `undefined`. */
function refusalOf(op: OperatorCall, steps: number): string | undefined {
  const lengths = op.call.has(4) ? op.call.values(4) : [];
  const parameters = ["activation_alpha", "activation_beta"].flatMap(
    (name) => op.call.floats(name) ?? [],
  );
  const reasons: readonly (readonly [boolean, string])[] = [
    [op.call.int("layout") === 1, "layout 1"],
    [parameters.length > 0, "parameters of activations"],
    [lengths === undefined || lengths.some((length) => length !== steps), "sequence lengths"],
  ];
  return reasons.find(([holds]) => holds)?.[1];
}

/** A layer's rule: its number of gates, its usual activations, and the step of each direction. */
function layerRule(
  gates: number,
  activations: readonly string[],
  stepOf: (
    layer: Direction,
    before: DeviceNode[],
  ) => { readonly step: Step; readonly cell?: Operand },
): EmitRule {
  return (op) => {
    const [x, w, r] = [op.input(0), op.input(1), op.input(2)];
    const [bias, initial] = [op.optional(3), op.optional(5)];
    if (x === undefined || w === undefined || r === undefined || op.call.refusal !== undefined) {
      return undefined;
    }
    const type = libraryType(op, [x, w, r]);
    const [steps = 0, batch = 0, width = 0] = x.dims;
    const [count = 1, , hidden = 0] = r.dims;
    const listed = op.call.attribute("activations", "strings")?.value ?? [];
    const names = listed.length > 0 ? listed : [...activations, ...activations];
    const functions = gateFunctions(names);
    const refusal = refusalOf(op, steps);
    if (type === undefined || refusal !== undefined || functions === undefined) {
      return type && op.refuse(refusal ?? `activations ${listed.join(", ")}`);
    }
    const peepholes = op.optional(7);
    if (sizeOf(x.dims) * hidden === 0) {
      return op.refuse("an empty sequence");
    }
    const bytes = STORAGE_BYTES[x.storage];
    const y = op.output(0) ?? op.scratch(x.storage, bytes, [steps, count, batch, hidden]);
    const inputs = op.scratch(x.storage, bytes, [steps * batch, gates * hidden]);
    const nodes: DeviceNode[] = [];
    for (let number = 0; number < count; number++) {
      const rows = gates * hidden;
      const part = (operand: Operand | undefined, size: number, dims: readonly number[]) =>
        operand && sliced(operand, number * size, dims);
      const layer: Direction = {
        op,
        steps,
        batch,
        hidden,
        gates,
        number,
        count,
        isReversed: op.call.text("direction") === "reverse" || number === 1,
        inputs,
        r: sliced(r, number * rows * hidden, [rows, hidden]),
        bias: part(bias, 2 * rows, [2 * rows]),
        initial: part(initial, batch * hidden, [batch, hidden]),
        functions: functions.slice(number * activations.length),
        clip: op.call.float("clip"),
        peepholes: part(peepholes, 3 * hidden, [3 * hidden]),
        isCoupled: op.call.int("input_forget") === 1,
        y,
      };
      const own = sliced(w, number * rows * width, [rows, width]);
      const flat = { ...x, dims: [steps * batch, width] };
      const all = { first: 0, count: gates };
      nodes.push(addProduct(layer, flat, own, all, { operand: inputs, rowStride: rows, beta: 0 }));
      nodes.push(...directionNodes(layer, stepOf));
    }
    return nodes;
  };
}

function directionNodes(
  layer: Direction,
  stepOf: (
    layer: Direction,
    before: DeviceNode[],
  ) => { readonly step: Step; readonly cell?: Operand },
): readonly DeviceNode[] {
  const { op, steps, batch, hidden, number, isReversed } = layer;
  const nodes: DeviceNode[] = [];
  const { step: run, cell } = stepOf(layer, nodes);
  let before = layer.initial;
  for (let i = 0; i < steps; i++) {
    const step = isReversed ? steps - 1 - i : i;
    nodes.push(...run(layer, step, before));
    before = stateAt(layer, step);
  }
  for (const [target, source] of [
    [op.output(1), before],
    [op.output(2), cell],
  ] as const) {
    if (target !== undefined && source !== undefined) {
      nodes.push(...copied(source, sliced(target, number * batch * hidden, [batch, hidden])));
    }
  }
  return nodes;
}

function copied(source: Operand, target: Operand): readonly DeviceNode[] {
  const layout = { offset: 0, strides: rowMajor(target.dims) };
  return affineCopy("copy", target.dims, { operand: source, layout }, { operand: target, layout });
}

function scratchOf({ op, inputs, batch, hidden }: Direction, gates = 1): Operand {
  const bytes = STORAGE_BYTES[inputs.storage];
  return op.scratch(inputs.storage, bytes, [batch, gates * hidden]);
}

const lstm = layerRule(4, ["sigmoid", "tanh", "tanh"], (layer, before) => {
  const { op, batch, hidden, number } = layer;
  const cell = scratchOf(layer);
  const given = op.optional(6);
  if (given !== undefined) {
    before.push(...copied(sliced(given, number * batch * hidden, [batch, hidden]), cell));
  }
  return { step: lstmStep(cell, given !== undefined), cell };
});

const gru = layerRule(3, ["sigmoid", "tanh"], (layer) => ({
  step:
    layer.op.call.int("linear_before_reset") === 1
      ? gruLinearStep(scratchOf(layer, 3))
      : gruStep(scratchOf(layer)),
}));

const rnn = layerRule(1, ["tanh"], () => ({ step: rnnStep }));

/** Emission rules of the recurrent layers. */
export const RECURRENT_RULES: EmitTable = { LSTM: lstm, GRU: gru, RNN: rnn };
