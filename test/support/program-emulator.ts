/**
 * The native helper's documented behaviour on the CPU: one block of memory that starts as NaN, nodes that
 * work on it, schedules. Launches are taken in any order that streams and `after` allow.
 */
import { closeSync, openSync, readSync } from "node:fs";
import { present } from "../../src/core/invariant.js";
import type { Random } from "../../src/core/random.js";
import type {
  ConvTensor,
  GemmMatrix,
  HelperNode,
  HelperSchedule,
  UploadItem,
} from "../../src/runtime/cuda/client/protocol.js";
import { STORAGE_BYTES, type StorageType } from "../../src/runtime/cuda/codegen/expression.js";
import type { Kernel } from "../../src/runtime/cuda/codegen/kernel.js";
import type { MemoryRange } from "../../src/runtime/cuda/program/memory-plan.js";
import { type DeviceProgram, helperNodes } from "../../src/runtime/cuda/program/program.js";
import { convolve, poisoned } from "./device-emulator.js";
import { type Elements, elementsAt } from "./device-memory.js";
import { runKernel } from "./kernel-interpreter.js";

/** The program on an emulated device. */
export class EmulatedDevice {
  readonly memory: ArrayBuffer;
  readonly #program: DeviceProgram;
  readonly #nodes: readonly HelperNode[];
  readonly #kernels = new Map<string, Kernel>();

  constructor(program: DeviceProgram) {
    this.#program = program;
    this.memory = poisoned(program.memory.bytes);
    const modules = program.kernels.sources.map((_, i) => i + 10);
    this.#nodes = helperNodes(program, modules);
    for (const { node } of program.nodes) {
      if (node.kind === "kernel") {
        this.#kernels.set(program.kernels.find(node.kernel).name, node.kernel);
      }
    }
  }

  upload(items: readonly UploadItem[]): void {
    for (const item of items) {
      if (!("path" in item)) {
        throw new Error("only files are uploaded");
      }
      const bytes = new Uint8Array(this.memory, item.offset, item.bytes);
      const file = openSync(item.path, "r");
      readSync(file, bytes, 0, item.bytes, item.fileOffset);
      closeSync(file);
    }
  }

  write(range: MemoryRange, bytes: Uint8Array): void {
    new Uint8Array(this.memory, range.offset, range.bytes).set(bytes);
  }

  read(range: MemoryRange): Uint8Array {
    return Uint8Array.from(new Uint8Array(this.memory, range.offset, range.bytes));
  }

  poisonActivations(): void {
    const { offset, bytes } = this.#program.memory.activations;
    new Uint8Array(this.memory, offset, bytes).fill(0xff);
  }

  /** Runs the launches in an order drawn from those that the schedule allows. */
  run({ launches }: HelperSchedule, random: Random): void {
    const queues = new Map<number, (typeof launches)[number][]>();
    for (const launch of launches) {
      const stream = launch.stream ?? 0;
      queues.set(stream, [...(queues.get(stream) ?? []), launch]);
    }
    const done = new Set<number>();
    for (let left = launches.length; left > 0; left--) {
      const ready = [...queues.values()].filter(
        ([head]) => head?.after?.every((node) => done.has(node)) ?? head !== undefined,
      );
      const queue = present(ready[random.integer(ready.length)], "a launch that may start");
      const { node } = present(queue.shift(), "launch");
      this.#execute(node);
      done.add(node);
    }
  }

  #execute(at: number): void {
    const node = present(this.#nodes[at], "node");
    const { operator, node: device } = present(this.#program.nodes[at], "program node");
    if (node.kind === "kernel" && device.kind === "kernel") {
      const kernel = present(this.#kernels.get(node.function), node.function);
      const buffers = kernel.buffers.map(({ storage }, i) => {
        const { bytes } = this.#program.memory.rangeOf(
          operator,
          present(device.buffers[i], "place"),
        );
        const argument = present(node.args[i], "argument");
        const offset = "ptr" in argument ? argument.ptr : Number.NaN;
        return elementsAt(storage, this.memory, offset, bytes / STORAGE_BYTES[storage]);
      });
      runKernel(kernel, buffers);
    } else if (node.kind === "gemm") {
      this.#gemm(node);
    } else if (node.kind === "conv") {
      const tensor = ({ offset, dims }: ConvTensor) => ({
        elements: this.#elements(node.dtype, offset),
        dims,
      });
      convolve({
        x: tensor(node.x),
        w: tensor(node.w),
        y: tensor(node.y),
        bias: node.bias === undefined ? undefined : this.#elements(node.dtype, node.bias),
        pads: node.pads,
        strides: node.strides,
        dilations: node.dilations,
        groups: node.groups ?? 1,
      });
    } else {
      throw new Error(`a ${node.kind} node, which no operator makes`);
    }
  }

  #elements(storage: StorageType, offset: number): Elements {
    const count = Math.floor((this.memory.byteLength - offset) / STORAGE_BYTES[storage]);
    return elementsAt(storage, this.memory, offset, count);
  }

  /** Column by column, as cuBLAS defines it. */
  #gemm(node: Extract<HelperNode, { kind: "gemm" }>): void {
    const [a, b, c] = [node.a, node.b, node.c].map(({ offset }) =>
      this.#elements(node.dtype, offset),
    ) as [Elements, Elements, Elements];
    const at = (matrix: GemmMatrix, batch: number, row: number, column: number) =>
      batch * (matrix.stride ?? 0) + column * matrix.leading + row;
    for (let batch = 0; batch < (node.batch ?? 1); batch++) {
      for (let row = 0; row < node.m; row++) {
        for (let column = 0; column < node.n; column++) {
          let sum = 0;
          for (let i = 0; i < node.k; i++) {
            const left = node.transposeA ? at(node.a, batch, i, row) : at(node.a, batch, row, i);
            const right = node.transposeB
              ? at(node.b, batch, column, i)
              : at(node.b, batch, i, column);
            sum += a.get(left) * b.get(right);
          }
          const target = at(node.c, batch, row, column);
          const old = (node.beta ?? 0) === 0 ? 0 : (node.beta ?? 0) * c.get(target);
          c.set(target, (node.alpha ?? 1) * sum + old);
        }
      }
    }
  }
}
