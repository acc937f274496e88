/** One step of a recurrent layer, from one state to the next. */
import type { DeviceNode, MatrixOperand } from "../device-node.js";
import {
  add,
  divide,
  type Expression,
  literal,
  load,
  local,
  multiply,
  remainder,
  STORAGE_BYTES,
  subtract,
  VALUE_OF,
} from "../language/expression.js";
import { define, type KernelBuffer, perElementKernel } from "../language/kernel.js";
import type { Operand, OperatorCall } from "../operator-call.js";
import { clipped, type GateFunction } from "./recurrent-functions.js";

/** A layer in one direction. */
export interface Direction {
  readonly op: OperatorCall;
  readonly steps: number;
  readonly batch: number;
  readonly hidden: number;
  readonly gates: number;
  /** The direction's index, and the number of directions. */
  readonly number: number;
  readonly count: number;
  readonly isReversed: boolean;
  /** Contributions of the inputs to the gates: [steps, batch, gates * hidden]. */
  readonly inputs: Operand;
  readonly r: Operand;
  /** [2 * gates * hidden]: of the inputs, then of the state. */
  readonly bias: Operand | undefined;
  readonly initial: Operand | undefined;
  /**
   * The functions of gates (f), of the new state (g) and of the cell (h), as far as the layer has
   * them.
   */
  readonly functions: readonly GateFunction[];
  /** Bound of the inputs of f and g. */
  readonly clip: number | undefined;
  /** [3 * hidden]: contributions of the cell to the input, output and forget gate. */
  readonly peepholes: Operand | undefined;
  /** The forget gate is one minus the input gate. */
  readonly isCoupled: boolean;
  /** All states: [steps, directions, batch, hidden]. */
  readonly y: Operand;
}

/** A contiguous part of a tensor. */
export function sliced(operand: Operand, start: number, dims: readonly number[]): Operand {
  const { place, elementType, storage } = operand;
  const offset = (place.offset ?? 0) + start * STORAGE_BYTES[storage];
  return { place: { ...place, offset }, elementType, storage, dims };
}

/** The state after a step. */
export function stateAt({ y, count, number, batch, hidden }: Direction, step: number): Operand {
  return sliced(y, (step * count + number) * batch * hidden, [batch, hidden]);
}

function gatesAt({ inputs, batch, gates, hidden }: Direction, step: number): Operand {
  return sliced(inputs, step * batch * gates * hidden, [batch, gates * hidden]);
}

/** `c += a * b'` for some of the gates: rows `first` to `first + rows` of the weights. */
export function addProduct(
  layer: Direction,
  a: Operand,
  weights: Operand,
  gates: { readonly first: number; readonly count: number },
  target: { readonly operand: Operand; readonly rowStride: number; readonly beta: number },
): DeviceNode {
  const { hidden, batch } = layer;
  const k = a.dims[1] ?? 1;
  const matrix = (operand: Operand, rowStride: number, isTransposed: boolean): MatrixOperand => ({
    place: operand.place,
    rowStride,
    isTransposed,
    batchStride: 0,
  });
  const rows = sliced(weights, gates.first * hidden * k, [gates.count * hidden, k]);
  return {
    kind: "gemm",
    type: a.storage === "f16" ? "f16" : "f32",
    m: a.dims[0] ?? batch,
    n: gates.count * hidden,
    k,
    batch: 1,
    alpha: 1,
    beta: target.beta,
    a: matrix(a, k, false),
    b: matrix(rows, k, true),
    c: matrix(target.operand, target.rowStride, false),
  };
}

/** Reads values of one hidden unit of one sample. */
interface Unit {
  /**
   * Contribution of the inputs, their bias and (unless `isApart`) the bias of the state to a gate.
   */
  gate(which: number, isApart?: boolean): Expression;
  /** Bias of the state for a gate. */
  stateBias(which: number): Expression;
  /** The element of a [batch, hidden] buffer. */
  at(buffer: number): Expression;
  /** The element of a [3 * hidden] buffer. */
  peephole(buffer: number, which: number): Expression;
  /** The gate's element of a [batch, gates * hidden] buffer. */
  gateOf(buffer: number, which: number): Expression;
}

/**
 * A kernel over [batch, hidden]. Buffer 0 is written, buffer 1 has the gates, buffer 2 the bias if there is
 * one; `others` follow.
 */
function unitKernel(
  label: string,
  layer: Direction,
  target: {
    readonly y: Operand;
    readonly step: number;
    readonly others: readonly {
      readonly operand: Operand;
      readonly access: KernelBuffer["access"];
    }[];
  },
  body: (unit: Unit, first: number) => readonly { buffer: number; value: Expression }[],
): DeviceNode {
  const { batch, hidden, gates, bias } = layer;
  const { y, step, others } = target;
  const own = [gatesAt(layer, step), ...(bias === undefined ? [] : [bias])];
  const type = VALUE_OF[y.storage];
  const width = gates * hidden;
  const kernel = perElementKernel(
    label,
    [
      { storage: y.storage, access: "write" },
      ...own.map(({ storage }): KernelBuffer => ({ storage, access: "read" })),
      ...others.map(({ operand, access }): KernelBuffer => ({ storage: operand.storage, access })),
    ],
    batch * hidden,
    (position) => {
      const number = (value: number) => literal(position.type, value);
      const [row, column] = [local(position.type, "row"), local(position.type, "column")];
      const gateOf = (buffer: number, which: number) =>
        load(
          y.storage,
          buffer,
          add(multiply(row, number(width)), add(column, number(which * hidden))),
        );
      const biasAt = (start: number) =>
        bias === undefined ? undefined : load(bias.storage, 2, add(column, number(start)));
      const plus = (sum: Expression, term: Expression | undefined) =>
        term === undefined ? sum : add(sum, term);
      const unit: Unit = {
        gateOf,
        at: (buffer) => load(y.storage, buffer, position),
        peephole: (buffer, which) => load(y.storage, buffer, add(column, number(which * hidden))),
        stateBias: (which) => biasAt(width + which * hidden) ?? literal(type, 0),
        gate: (which, isApart = false) => {
          const sum = plus(gateOf(1, which), biasAt(which * hidden));
          return isApart ? sum : plus(sum, biasAt(width + which * hidden));
        },
      };
      const stores = body(unit, 1 + own.length);
      return [
        define("row", divide(position, number(hidden))),
        define("column", remainder(position, number(hidden))),
        ...stores.map(({ value }, i) => define(`v${i}`, value)),
        ...stores.map(
          ({ buffer }, i) =>
            ({ kind: "store", buffer, index: position, value: local(type, `v${i}`) }) as const,
        ),
      ];
    },
  );
  const places = [y, ...own, ...others.map(({ operand }) => operand)].map(({ place }) => place);
  return { kind: "kernel", kernel, buffers: places };
}

/** f, g and h of a layer. */
function functionsOf({
  functions,
  clip,
}: Direction): readonly [GateFunction, GateFunction, GateFunction] {
  const [f = identity, g = f, h = identity] = functions;
  return [(x) => f(clipped(x, clip)), (x) => g(clipped(x, clip)), h];
}

const identity: GateFunction = (x) => x;

/** The nodes of one step, given the state before it, if there is one. */
export type Step = (
  layer: Direction,
  step: number,
  before: Operand | undefined,
) => readonly DeviceNode[];

/** One gate, whose sum is the state. */
export const rnnStep: Step = (layer, step, before) => {
  const target = { operand: gatesAt(layer, step), rowStride: layer.hidden, beta: 1 };
  const all = { first: 0, count: 1 };
  return [
    ...(before === undefined ? [] : [addProduct(layer, before, layer.r, all, target)]),
    unitKernel("rnn", layer, { y: stateAt(layer, step), step, others: [] }, (unit) => [
      { buffer: 0, value: functionsOf(layer)[0](unit.gate(0)) },
    ]),
  ];
};

/** Gates: input, output, forget, cell. The cell state is updated in place. */
export function lstmStep(cell: Operand, hasCell: boolean): Step {
  return (layer, step, before) => {
    const width = 4 * layer.hidden;
    const target = { operand: gatesAt(layer, step), rowStride: width, beta: 1 };
    const isFirst = !hasCell && before === layer.initial;
    const access = isFirst ? "write" : "update";
    const { peepholes, isCoupled } = layer;
    const others = [
      { operand: cell, access } as const,
      ...(peepholes === undefined ? [] : [{ operand: peepholes, access: "read" } as const]),
    ];
    const [f, g, h] = functionsOf(layer);
    return [
      ...(before === undefined
        ? []
        : [addProduct(layer, before, layer.r, { first: 0, count: 4 }, target)]),
      unitKernel("lstm", layer, { y: stateAt(layer, step), step, others }, (unit, buffer) => {
        const seen = (gate: number, hole: number, state: Expression | undefined) =>
          peepholes === undefined || state === undefined
            ? unit.gate(gate)
            : add(unit.gate(gate), multiply(unit.peephole(buffer + 1, hole), state));
        const old = isFirst ? undefined : unit.at(buffer);
        const input = f(seen(0, 0, old));
        const fresh = multiply(input, g(unit.gate(3)));
        const forget = isCoupled ? subtract(literal(input.type, 1), input) : f(seen(2, 2, old));
        const next = old === undefined ? fresh : add(multiply(forget, old), fresh);
        const state = multiply(f(seen(1, 1, next)), h(next));
        return [
          { buffer: 0, value: state },
          { buffer, value: next },
        ];
      }),
    ];
  };
}

/** Gates: update, reset, hidden. The reset acts on the state before its product. */
export function gruStep(scratch: Operand): Step {
  return (layer, step, before) => {
    const { hidden, r } = layer;
    const gates = gatesAt(layer, step);
    const width = 3 * hidden;
    if (before === undefined) {
      return [gruUpdate(layer, step, undefined)];
    }
    const target = { operand: gates, rowStride: width, beta: 1 };
    const last = { ...target, operand: sliced(gates, 2 * hidden, gates.dims) };
    const others = [{ operand: before, access: "read" }] as const;
    return [
      addProduct(layer, before, r, { first: 0, count: 2 }, target),
      unitKernel("gruReset", layer, { y: scratch, step, others }, (unit, buffer) => [
        { buffer: 0, value: multiply(functionsOf(layer)[0](unit.gate(1)), unit.at(buffer)) },
      ]),
      addProduct(layer, scratch, r, { first: 2, count: 1 }, last),
      gruUpdate(layer, step, before),
    ];
  };
}

function gruUpdate(layer: Direction, step: number, before: Operand | undefined): DeviceNode {
  const others = before === undefined ? [] : [{ operand: before, access: "read" } as const];
  const [f, g] = functionsOf(layer);
  return unitKernel("gru", layer, { y: stateAt(layer, step), step, others }, (unit, buffer) => [
    {
      buffer: 0,
      value: mixed(
        f(unit.gate(0)),
        g(unit.gate(2)),
        before === undefined ? undefined : unit.at(buffer),
      ),
    },
  ]);
}

/** `(1 - z) * fresh + z * before`. */
function mixed(z: Expression, fresh: Expression, before: Expression | undefined): Expression {
  const part = multiply(subtract(literal(z.type, 1), z), fresh);
  return before === undefined ? part : add(part, multiply(z, before));
}

/** The reset acts on the product of the state: all gates' products are one, kept apart from the inputs'. */
export function gruLinearStep(products: Operand): Step {
  return (layer, step, before) => {
    const width = 3 * layer.hidden;
    const target = { operand: products, rowStride: width, beta: 0 };
    const others =
      before === undefined
        ? []
        : ([
            { operand: products, access: "read" },
            { operand: before, access: "read" },
          ] as const);
    return [
      ...(before === undefined
        ? []
        : [addProduct(layer, before, layer.r, { first: 0, count: 3 }, target)]),
      unitKernel("gruLinear", layer, { y: stateAt(layer, step), step, others }, (unit, buffer) => {
        const gate = (which: number) =>
          before === undefined
            ? unit.gate(which)
            : add(unit.gate(which), unit.gateOf(buffer, which));
        const bias = unit.stateBias(2);
        const state = before === undefined ? bias : add(unit.gateOf(buffer, 2), bias);
        const [f, g] = functionsOf(layer);
        const fresh = g(add(unit.gate(2, true), multiply(f(gate(1)), state)));
        const old = before === undefined ? undefined : unit.at(buffer + 1);
        return [{ buffer: 0, value: mixed(f(gate(0)), fresh, old) }];
      }),
    ];
  };
}
