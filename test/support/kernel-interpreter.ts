/**
 * Runs a kernel on the CPU, thread by thread, as a GPU may: all threads of a block take one top-level
 * statement after the other, and what the hardware would leave undefined is an error: an address
 * outside its buffer, two threads writing one element, shared memory read in the phase (between two
 * barriers) in which another thread wrote it.
 */
import {
  type BinaryOperation,
  type Expression,
  local,
  STORAGE_BYTES,
  type UnaryOperation,
  VALUE_OF,
  type ValueType,
} from "../../src/kernels/language/expression.js";
import type { KernelCode, Statement } from "../../src/kernels/language/kernel.js";
import { type Elements, elementsAt } from "./device-memory.js";

interface Frame {
  readonly locals: Map<string, number>;
  /** Number of the thread in the grid. */
  readonly thread: number;
}

/** An array in shared memory: who wrote and who read each word since the last barrier. */
interface SharedWords {
  readonly values: Float64Array;
  readonly writers: Int32Array;
  readonly readers: Int32Array;
}

/** Runs every thread of `kernel` on its buffers. */
export function runKernel(kernel: KernelCode, buffers: readonly Elements[]): void {
  if (buffers.length !== kernel.buffers.length) {
    throw new Error(`${kernel.label}: ${buffers.length} buffers`);
  }
  new Machine(kernel, buffers).run();
}

type Evaluate = (frame: Frame) => number;
type Execute = (frame: Frame) => void;

class Machine {
  readonly #kernel: KernelCode;
  readonly #buffers: readonly Elements[];
  readonly #writers: readonly (Int32Array | undefined)[];
  readonly #shared: readonly SharedWords[];

  constructor(kernel: KernelCode, buffers: readonly Elements[]) {
    this.#kernel = kernel;
    this.#buffers = buffers;
    this.#writers = kernel.buffers.map(({ access }, i) =>
      access === "read" ? undefined : new Int32Array(buffers[i]!.count).fill(-1),
    );
    this.#shared = (kernel.shared ?? []).map(({ count }) => ({
      values: new Float64Array(count),
      writers: new Int32Array(count),
      readers: new Int32Array(count),
    }));
  }

  run(): void {
    const { grid, threads, body } = this.#kernel;
    const steps = body.map((statement) =>
      statement.kind === "barrier" || statement.kind === "exchange"
        ? statement
        : this.#compile(statement),
    );
    for (let block = 0; block < grid; block++) {
      for (const { values } of this.#shared) {
        values.fill(Number.NaN);
      }
      this.#nextPhase();
      const frames = Array.from({ length: threads }, (_, thread) => ({
        locals: new Map([
          ["thread", thread],
          ["threadBlock", block],
        ]),
        thread: block * threads + thread,
      }));
      for (const step of steps) {
        this.#step(step, frames);
      }
    }
  }

  #step(
    step: Execute | Extract<Statement, { kind: "barrier" | "exchange" }>,
    frames: readonly Frame[],
  ): void {
    if (typeof step === "function") {
      frames.forEach(step);
    } else if (step.kind === "barrier") {
      this.#nextPhase();
    } else {
      const values = frames.map((frame) => read(frame, step.source));
      frames.forEach((frame, i) => {
        const partner = (i & ~31) | ((i & 31) ^ step.mask);
        if (partner >= values.length) {
          throw new Error(`${this.#kernel.label}: exchange with a lane that does not run`);
        }
        frame.locals.set(step.name, values[partner]!);
      });
    }
  }

  #nextPhase(): void {
    for (const { writers, readers } of this.#shared) {
      writers.fill(-1);
      readers.fill(-1);
    }
  }

  #compile(statement: Statement): Execute {
    switch (statement.kind) {
      case "define":
      case "assign": {
        const value = this.#value(statement.value);
        const { name, kind } = statement;
        return kind === "assign"
          ? (frame) => assign(frame, name, value(frame))
          : (frame) => {
              frame.locals.set(name, value(frame));
            };
      }
      case "store":
        return this.#store(statement);
      case "storeShared": {
        const [index, value] = [this.#value(statement.index), this.#value(statement.value)];
        const words = this.#shared[statement.array]!;
        return (frame) => this.#storeShared(words, frame, index(frame), value(frame));
      }
      case "loadFour": {
        const { names, buffer, index } = statement;
        const one = this.#load({
          kind: "load",
          type: VALUE_OF[this.#kernel.buffers[buffer]!.storage],
          buffer,
          index: local("i32", " at"),
        });
        const first = this.#value(index);
        return (frame) => {
          const start = this.#multipleOfFour(first(frame), buffer);
          names.forEach((name, i) => {
            frame.locals.set(" at", start + i);
            assign(frame, name, one(frame));
          });
        };
      }
      case "storeFour": {
        const { buffer, index, values } = statement;
        const stores = values.map((value) =>
          this.#store({ kind: "store", buffer, index: local("i32", " at"), value }),
        );
        const first = this.#value(index);
        return (frame) => {
          const start = this.#multipleOfFour(first(frame), buffer);
          stores.forEach((store, i) => {
            frame.locals.set(" at", start + i);
            store(frame);
          });
        };
      }
      case "if": {
        const condition = this.#value(statement.condition);
        const body = statement.body.map((each) => this.#compile(each));
        return (frame) => {
          if (condition(frame) !== 0) {
            for (const each of body) {
              each(frame);
            }
          }
        };
      }
      case "loop": {
        const [from, to, step] = [statement.from, statement.to, statement.step].map((each) =>
          this.#value(each),
        ) as [Evaluate, Evaluate, Evaluate];
        const body = statement.body.map((each) => this.#compile(each));
        return (frame) => {
          for (let i = from(frame); i < to(frame); i += step(frame)) {
            frame.locals.set(statement.name, i);
            for (const each of body) {
              each(frame);
            }
          }
        };
      }
      case "barrier":
      case "exchange":
        throw new Error(`${this.#kernel.label}: ${statement.kind} below the top level`);
    }
  }

  /** The place of four elements, which memory is accessed at only where they are aligned. */
  #multipleOfFour(at: number, buffer: number): number {
    const { label, buffers } = this.#kernel;
    const bytes = STORAGE_BYTES[buffers[buffer]!.storage];
    if ((this.#buffers[buffer]!.byteOffset + at * bytes) % (4 * bytes) !== 0) {
      throw new Error(`${label}: four elements at ${at} of ${buffer} are not aligned`);
    }
    return at;
  }

  #store(statement: Extract<Statement, { kind: "store" }>): Execute {
    const { buffer } = statement;
    const [index, value] = [this.#value(statement.index), this.#value(statement.value)];
    const elements = this.#buffers[buffer]!;
    const writers = this.#writers[buffer];
    if (writers === undefined) {
      throw new Error(`${this.#kernel.label}: writes the read-only buffer ${buffer}`);
    }
    return (frame) => {
      const at = index(frame);
      try {
        elements.set(at, value(frame));
      } catch (error) {
        throw new Error(`${this.#kernel.label}: store to ${buffer}: ${String(error)}`);
      }
      if (writers[at] !== -1 && writers[at] !== frame.thread) {
        throw new Error(`${this.#kernel.label}: two threads write element ${at} of ${buffer}`);
      }
      writers[at] = frame.thread;
    };
  }

  #storeShared(words: SharedWords, frame: Frame, at: number, value: number): void {
    const [writer, reader] = [words.writers[at], words.readers[at]];
    if (writer === undefined || reader === undefined) {
      throw new Error(`${this.#kernel.label}: shared word ${at}`);
    }
    const others = [writer, reader].filter((who) => who !== -1 && who !== frame.thread);
    if (others.length > 0) {
      throw new Error(`${this.#kernel.label}: race on shared word ${at}`);
    }
    words.values[at] = value;
    words.writers[at] = frame.thread;
  }

  #loadShared(words: SharedWords, frame: Frame, at: number): number {
    const writer = words.writers[at];
    if (writer === undefined || (writer !== -1 && writer !== frame.thread)) {
      throw new Error(`${this.#kernel.label}: shared word ${at} is read without a barrier`);
    }
    words.readers[at] = frame.thread;
    return words.values[at]!;
  }

  #value(value: Expression): Evaluate {
    switch (value.kind) {
      case "constant": {
        const rounded = round(value.type, value.value);
        return () => rounded;
      }
      case "local":
        return (frame) => read(frame, value.name);
      case "load":
        return this.#load(value);
      case "shared": {
        const index = this.#value(value.index);
        const words = this.#shared[value.array]!;
        return (frame) => this.#loadShared(words, frame, index(frame));
      }
      case "unary": {
        const operand = this.#value(value.value);
        const operation = UNARY[value.operation];
        return (frame) => round(value.type, operation(operand(frame)));
      }
      case "binary": {
        const [left, right] = [this.#value(value.left), this.#value(value.right)];
        const { type } = value.left;
        if (type !== value.right.type && !value.operation.startsWith("shift")) {
          throw new Error(`${value.operation} of ${type} and ${value.right.type}`);
        }
        const operation = BINARY[value.operation];
        return (frame) => round(value.type, operation(left(frame), right(frame), type));
      }
      case "choose": {
        const [condition, yes, no] = [value.condition, value.yes, value.no].map((each) =>
          this.#value(each),
        ) as [Evaluate, Evaluate, Evaluate];
        if (value.yes.type !== value.no.type) {
          throw new Error(`choice of ${value.yes.type} and ${value.no.type}`);
        }
        return (frame) => (condition(frame) !== 0 ? yes(frame) : no(frame));
      }
      case "convert": {
        const operand = this.#value(value.value);
        return (frame) => round(value.type, operand(frame));
      }
      case "narrow": {
        const operand = this.#value(value.value);
        const cell = elementsAt(value.storage, new ArrayBuffer(8), 0, 1);
        return (frame) => {
          cell.set(0, operand(frame));
          return cell.get(0);
        };
      }
    }
  }

  #load(value: Extract<Expression, { kind: "load" }>): Evaluate {
    const index = this.#value(value.index);
    const elements = this.#buffers[value.buffer]!;
    return (frame) => {
      try {
        return elements.get(index(frame));
      } catch (error) {
        throw new Error(`${this.#kernel.label}: load from ${value.buffer}: ${String(error)}`);
      }
    };
  }
}

function assign(frame: Frame, name: string, value: number): void {
  if (!frame.locals.has(name)) {
    throw new Error(`${name} is not defined`);
  }
  frame.locals.set(name, value);
}

function read(frame: Frame, name: string): number {
  const value = frame.locals.get(name);
  if (value === undefined) {
    throw new Error(`local ${name} is not defined`);
  }
  return value;
}

function round(type: ValueType, value: number): number {
  switch (type) {
    case "bool":
      return Number(value !== 0);
    case "i32":
      return value | 0;
    case "i64":
      return Math.trunc(value);
    case "f32":
      return Math.fround(value);
    case "f64":
      return value;
  }
}

const UNARY: Readonly<Record<UnaryOperation, (value: number) => number>> = {
  not: (value) => Number(value === 0),
  invert: (value) => ~value,
  negate: (value) => -value,
  abs: Math.abs,
  floor: Math.floor,
  ceil: Math.ceil,
  round: (value) => {
    const floor = Math.floor(value);
    const rest = value - floor;
    return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
  },
  sqrt: Math.sqrt,
  reciprocalSqrt: (value) => 1 / Math.sqrt(value),
  exp: Math.exp,
  expm1: Math.expm1,
  log: Math.log,
  log1p: Math.log1p,
  erf,
  tanh: Math.tanh,
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  asin: Math.asin,
  acos: Math.acos,
  atan: Math.atan,
  sinh: Math.sinh,
  cosh: Math.cosh,
  asinh: Math.asinh,
  acosh: Math.acosh,
  atanh: Math.atanh,
  isNan: (value) => Number(Number.isNaN(value)),
};

const isFloat = (type: ValueType): boolean => type === "f32" || type === "f64";

const BINARY: Readonly<
  Record<BinaryOperation, (left: number, right: number, type: ValueType) => number>
> = {
  add: (a, b) => a + b,
  subtract: (a, b) => a - b,
  multiply: (a, b, type) => (type === "i32" ? Math.imul(a, b) : a * b),
  divide: (a, b, type) => {
    if (!isFloat(type) && b === 0) {
      throw new Error("integer division by zero");
    }
    return isFloat(type) ? a / b : Math.trunc(a / b);
  },
  remainder: (a, b) => a % b,
  minimum: (a, b) => Math.min(a, b),
  maximum: (a, b) => Math.max(a, b),
  power: (a, b) => a ** b,
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  shiftLeft: (a, b) => a << b,
  shiftRight: (a, b) => a >> b,
  equal: (a, b) => Number(a === b),
  less: (a, b) => Number(a < b),
  lessEqual: (a, b) => Number(a <= b),
};

/** The error function to 1e-12 or so: Taylor near 0, a continued fraction of erfc beyond. */
function erf(value: number): number {
  const x = Math.abs(value);
  if (x > 6) {
    return Math.sign(value);
  }
  if (x < 2.5) {
    let term = x;
    let sum = x;
    for (let n = 1; n < 80; n++) {
      term *= (-x * x) / n;
      sum += term / (2 * n + 1);
    }
    return Math.sign(value) * sum * (2 / Math.sqrt(Math.PI));
  }
  let fraction = 0;
  for (let n = 80; n > 0; n--) {
    fraction = n / 2 / (x + fraction);
  }
  const erfc = Math.exp(-x * x) / (x + fraction) / Math.sqrt(Math.PI);
  return Math.sign(value) * (1 - erfc);
}
