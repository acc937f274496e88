/**
 * The native helper's documented behaviour on the CPU: one block of memory that starts as NaN, nodes that
 * work on it, schedules. Launches are taken in any order that streams and `after` allow.
 */
import { closeSync, openSync, readSync } from "node:fs";
import { present } from "../../src/core/invariant.js";
import type { Random } from "../../src/core/random.js";
import { kernelOf } from "../../src/kernels/device-node.js";
import { STORAGE_BYTES, type StorageType } from "../../src/kernels/language/expression.js";
import type { KernelCode } from "../../src/kernels/language/kernel.js";
import type {
  ConvTensor,
  GemmMatrix,
  HelperNode,
  HelperSchedule,
} from "../../src/runtime/cuda/client/nodes.js";
import type { UploadItem } from "../../src/runtime/cuda/client/protocol.js";
import type { MemoryRange } from "../../src/runtime/cuda/program/memory-plan.js";
import { type DeviceProgram, helperNodes } from "../../src/runtime/cuda/program/program.js";
import { convolveWithBehind } from "./behind-call.js";
import { type ConvCall, convolve, finish, poisoned } from "./device-emulator.js";
import { type Elements, elementsAt } from "./device-memory.js";
import { runKernel } from "./kernel-interpreter.js";

/** The program on an emulated device. */
export class EmulatedDevice {
  readonly memory: ArrayBuffer;
  readonly #program: DeviceProgram;
  readonly #nodes: readonly HelperNode[];
  readonly #kernels: ReadonlyMap<string, KernelCode>;
  readonly #takesGraphs: boolean;

  /** `takesGraphs`: whether its cuDNN computes what stands behind convolutions; else kernels do. */
  constructor(program: DeviceProgram, takesGraphs = true) {
    this.#takesGraphs = takesGraphs;
    this.#program = program;
    this.memory = poisoned(program.memory.bytes);
    const modules = program.kernels.sources.map((_, i) => i + 10);
    this.#nodes = helperNodes(program, modules);
    this.#kernels = kernelsByName(program);
  }

  upload(items: readonly UploadItem[]): void {
    uploadInto(this.memory, items);
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
  run(schedule: HelperSchedule, random: Random): void {
    inRandomOrder(schedule, random, (node) => this.#execute(node));
  }

  #execute(at: number): void {
    const node = present(this.#nodes[at], "node");
    const { operator, node: device } = present(this.#program.nodes[at], "program node");
    // What an argument points at ends with its own tensor, whatever lies behind it.
    const ends = device.kind === "conv" ? device.behind?.buffers : undefined;
    const buffers = device.kind === "kernel" ? device.buffers : (ends ?? []);
    const endOf = (argument: number) => {
      const place = present(buffers[argument], "place");
      const { offset, bytes } = this.#program.memory.rangeOf(operator, place);
      return offset + bytes;
    };
    executeNode(this.memory, node, this.#kernels, endOf, this.#takesGraphs);
  }
}

/**
 * Executes one node in memory. `endOf` says where the memory of a kernel's argument ends; `takesGraphs`, whether what stands
 * behind a convolution is computed with it, or by its kernel.
 */
export function executeNode(
  memory: ArrayBuffer,
  node: HelperNode,
  kernels: ReadonlyMap<string, KernelCode>,
  endOf: (argument: number) => number,
  takesGraphs = true,
): void {
  const elements = (storage: StorageType, offset: number, end = memory.byteLength): Elements =>
    elementsAt(storage, memory, offset, Math.floor((end - offset) / STORAGE_BYTES[storage]));
  switch (node.kind) {
    case "kernel": {
      const kernel = present(kernels.get(node.function), node.function);
      const buffers = kernel.buffers.map(({ storage }, i) => {
        const argument = present(node.args[i], "argument");
        return elements(storage, "ptr" in argument ? argument.ptr : Number.NaN, endOf(i));
      });
      // Kernels of the same text may be launched with other grids.
      runKernel({ ...kernel, grid: node.grid[0], threads: node.block[0] }, buffers);
      return;
    }
    case "gemm":
      runGemm(node, (offset) => elements(node.dtype, offset));
      return;
    case "conv": {
      const tensor = ({ offset, dims }: ConvTensor) => ({
        elements: elements(node.dtype, offset),
        dims,
      });
      const call: ConvCall = {
        x: tensor(node.x),
        w: tensor(node.w),
        y: { ...tensor(node.y), channels: node.y.channels },
        bias: node.bias === undefined ? undefined : elements(node.dtype, node.bias),
        residual: node.residual === undefined ? undefined : elements(node.dtype, node.residual),
        relu: node.relu === true,
        pads: node.pads,
        strides: node.strides,
        dilations: node.dilations,
        groups: node.groups ?? 1,
        isChannelsLast: node.channelsLast === true,
      };
      if (node.behind !== undefined && takesGraphs) {
        convolveWithBehind(call, node.behind, (offset) => elements(node.dtype, offset));
        return;
      }
      convolve(call);
      if (node.behind !== undefined) {
        executeNode(memory, node.behind.kernel, kernels, endOf);
      }
      return;
    }
    case "memset":
      new Uint8Array(memory, node.offset, node.bytes).fill(node.value);
      return;
    case "copy":
      throw new Error("a copy node, which no operator makes");
  }
}

/** Column by column, as cuBLAS defines it. */
function runGemm(
  node: Extract<HelperNode, { kind: "gemm" }>,
  elementsOf: (offset: number) => Elements,
): void {
  const [a, b, c] = [node.a, node.b, node.c].map(({ offset }) => elementsOf(offset)) as [
    Elements,
    Elements,
    Elements,
  ];
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
        if (node.epilogue !== undefined) {
          const { bias, residual, activation } = node.epilogue;
          finish(c, target, {
            bias: bias === undefined ? undefined : elementsOf(bias).get(row),
            residual: residual === undefined ? undefined : elementsOf(residual).get(target),
            activation,
          });
        }
      }
    }
  }
}

/** The kernels of a program by the names that its sources give them. */
export function kernelsByName({ nodes, kernels }: DeviceProgram): ReadonlyMap<string, KernelCode> {
  return new Map(
    nodes.flatMap(({ node }) =>
      [kernelOf(node)].flatMap((kernel) =>
        kernel === undefined ? [] : [[kernels.find(kernel).name, kernel] as const],
      ),
    ),
  );
}

/** Takes launches in an order drawn from those that streams and `after` allow. */
export function inRandomOrder(
  { launches }: HelperSchedule,
  random: Random,
  execute: (node: number) => void,
): void {
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
    execute(node);
    done.add(node);
  }
}

/** Puts bytes of files, or given ones, into memory. */
export function uploadInto(memory: ArrayBuffer, items: readonly UploadItem[]): void {
  for (const item of items) {
    if ("path" in item) {
      const bytes = new Uint8Array(memory, item.offset, item.bytes);
      const file = openSync(item.path, "r");
      readSync(file, bytes, 0, item.bytes, item.fileOffset);
      closeSync(file);
    } else {
      new Uint8Array(memory).set(Buffer.from(item.base64, "base64"), item.offset);
    }
  }
}
