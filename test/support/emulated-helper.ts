/**
 * A native helper that computes on the CPU: every request as the protocol documents it, launches in any
 * order that streams and waits allow, times from a small model of a GPU instead of a clock.
 */
import { writeFileSync } from "node:fs";
import { present } from "../../src/core/invariant.js";
import { type Random, seededRandom } from "../../src/core/random.js";
import { fail, ok, type Result } from "../../src/core/result.js";
import type { RunningHelper } from "../../src/driver/context.js";
import type { KernelCode } from "../../src/kernels/language/kernel.js";
import type { CudaDevice, ProbeResult } from "../../src/runtime/cuda/client/devices.js";
import { helperRefused } from "../../src/runtime/cuda/client/failures.js";
import type { HelperError } from "../../src/runtime/cuda/client/helper-error.js";
import type { ExecutableSchedule, HelperNode } from "../../src/runtime/cuda/client/nodes.js";
import type { HelperOp, RequestOf, ResultOf } from "../../src/runtime/cuda/client/protocol.js";
import { poisoned } from "./device-emulator.js";
import { executeNode, inRandomOrder, uploadInto } from "./program-emulator.js";

const DEVICE: CudaDevice = {
  index: 0,
  name: "Emulated GPU",
  capability: [9, 0],
  multiprocessors: 4,
  threadsPerMultiprocessor: 2048,
  blocksPerMultiprocessor: 32,
  registersPerMultiprocessor: 65536,
  sharedBytesPerMultiprocessor: 233_472,
  sharedBytesPerBlock: 232_448,
  sharedBytesReservedPerBlock: 1024,
  threadsPerBlock: 1024,
  warpSize: 32,
  l2Bytes: 1 << 20,
  memoryBytes: 1 << 30,
  clockKhz: 1_000_000,
  memoryClockKhz: 1_000_000,
  memoryBusBits: 256,
};

/** What one launch of each kind takes. Units: microseconds. */
const LAUNCH_US = 1;
const EAGER_US = 4;
const HOST_US = 10;
const WORK_US: Readonly<Record<HelperNode["kind"], number>> = {
  kernel: 2,
  gemm: 20,
  conv: 20,
  copy: 1,
  memset: 1,
};

/** How an emulated helper misbehaves. */
export interface EmulatedFaults {
  /** No device is found. */
  readonly probe?: HelperError;
  /** Waits are ignored: what a race does. */
  readonly ignoresWaits?: boolean;
  /** Numbers come out a tenth too large. */
  readonly isInexact?: boolean;
  /** One unit does all the work: streams gain nothing. */
  readonly hasOneUnit?: boolean;
  /** What a convolution with channels last takes; unless given, as much as one of rows. Units: microseconds. */
  readonly turnedUs?: number;
}

/** The helper; `kernels` are those that sources it is given may name. */
export class EmulatedHelper implements RunningHelper {
  /** Names of the requests, in order. */
  readonly requests: HelperOp[] = [];
  isClosed = false;
  readonly #kernels: ReadonlyMap<string, KernelCode>;
  readonly #faults: EmulatedFaults;
  readonly #random: Random = seededRandom(1);
  #memory = new ArrayBuffer(0);
  #nodes: readonly HelperNode[] = [];
  #modules = 0;
  /** The device's time, as kernels read it. */
  #deviceNs = 1_700_000_000_000_000_000n;

  constructor(kernels: ReadonlyMap<string, KernelCode>, faults: EmulatedFaults = {}) {
    this.#kernels = kernels;
    this.#faults = faults;
  }

  async call<O extends HelperOp>(op: O, request: RequestOf<O>): Promise<Result<ResultOf<O>>> {
    this.requests.push(op);
    const handlers = this.#handlers();
    const handler = handlers[op];
    if (handler === undefined) {
      return fail([
        helperRefused(op, { code: "unknown-op", message: op, details: {}, fatal: false }),
      ]);
    }
    return ok(handler(request as never) as ResultOf<O>);
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }

  #handlers(): { readonly [O in HelperOp]?: (request: RequestOf<O>) => ResultOf<O> } {
    return {
      probe: () => this.#probe(),
      open: () => ({ device: DEVICE, connections: 32 }),
      arena: ({ bytes }) => {
        this.#memory = poisoned(bytes);
        return { bytes, freeBytes: DEVICE.memoryBytes };
      },
      compile: () => ({ module: this.#modules++, log: "", bytes: 1 }),
      program: ({ nodes }) => {
        this.#nodes = nodes;
        return { nodes: nodes.map(() => ({ workspaceBytes: 0 })) };
      },
      upload: ({ items }) => {
        uploadInto(this.#memory, items);
        return { bytes: 0 };
      },
      download: ({ offset, bytes, path }) => {
        const data = new Uint8Array(this.#memory, offset, bytes);
        if (path === undefined) {
          return { base64: Buffer.from(data).toString("base64") };
        }
        writeFileSync(path, this.#faults.isInexact === true ? larger(data) : data);
        return {};
      },
      kernels: () => ({
        nodes: this.#nodes.map((node) => ({
          transfers: 0,
          kernels: [
            {
              name: node.kind === "kernel" ? node.function : node.kind,
              grid: node.kind === "kernel" ? node.grid : [8, 1, 1],
              block: node.kind === "kernel" ? node.block : [128, 1, 1],
              registers: 32,
              staticSharedBytes: 0,
              dynamicSharedBytes: 0,
              localBytes: 0,
              residentBlocks: 4,
            },
          ],
        })),
      }),
      run: ({ schedule, prelude }) => {
        // As the helper does: once to prepare, then the prelude, then what counts.
        this.#run(schedule);
        if (prelude !== undefined) {
          this.#run({ launches: [{ node: prelude }] });
        }
        this.#run(schedule);
        return { us: this.#timeOf(schedule) };
      },
      measure: ({ schedules, rounds }) => {
        // Only what leaves something to be read: a clock.
        schedules
          .filter(({ launches }) => launches.length === 1)
          .forEach((each) => {
            this.#run(each);
          });
        return {
          samplesUs: schedules.map((schedule) =>
            Array.from({ length: rounds }, (_, i) => this.#timeOf(schedule) + (i % 3) * 0.01),
          ),
          hostUs: schedules.map(() => Array.from({ length: rounds }, () => HOST_US)),
        };
      },
    };
  }

  #timeOf(schedule: ExecutableSchedule): number {
    return timeOf(schedule, this.#nodes, this.#faults);
  }

  #probe(): ProbeResult {
    const found = { found: true, path: "emulated", version: "1.0", missing: [] } as const;
    return {
      driver: found,
      driverVersion: "13.0",
      libraries: { nvrtc: found, cublasLt: found, cublas: found, cudnn: found },
      devices: [DEVICE],
      ...(this.#faults.probe === undefined ? {} : { problem: this.#faults.probe }),
      warnings: [],
    };
  }

  #run(schedule: ExecutableSchedule): void {
    const launches = this.#faults.ignoresWaits
      ? schedule.launches.map(({ node, stream = 0 }) => ({ node, stream }))
      : schedule.launches;
    inRandomOrder({ launches }, this.#random, (at) => {
      const node = present(this.#nodes[at], "node");
      if (node.kind !== "kernel" || this.#kernels.has(node.function)) {
        executeNode(this.#memory, node, this.#kernels, () => this.#memory.byteLength);
      } else if (node.function === "readClock") {
        const view = new DataView(this.#memory);
        const [, result] = node.args;
        const offset = result !== undefined && "ptr" in result ? result.ptr : Number.NaN;
        view.setBigInt64(offset, 200_000n, true);
        view.setBigInt64(offset + 8, 200_000n, true);
      } else if (node.function === "tick" || node.function === "stamp") {
        this.#note(node);
      }
    });
  }

  /** What the kernels leave that note when they ran, at 1000 MHz: work, then launch, as in `timeOf`. */
  #note({ function: name, args }: Extract<HelperNode, { kind: "kernel" }>): void {
    const [result] = args;
    const offset = result !== undefined && "ptr" in result ? result.ptr : Number.NaN;
    const workNs = 1000n * BigInt(WORK_US.kernel);
    const start = this.#deviceNs;
    this.#deviceNs += workNs + 1000n * BigInt(LAUNCH_US);
    const words = name === "tick" ? [1n] : [start, start + workNs, workNs];
    const view = new DataView(this.#memory);
    words.forEach((word, i) => {
      view.setBigInt64(offset + 8 * i, word, true);
    });
  }
}

/** The same numbers, times 1.1. */
function larger(data: Uint8Array): Uint8Array {
  const floats = new Float32Array(Uint8Array.from(data).buffer);
  return new Uint8Array(floats.map((value) => value * 1.1).buffer);
}

/** Streams run side by side, a launch starts after its stream and its waits. */
function timeOf(
  { launches, mode }: ExecutableSchedule,
  nodes: readonly HelperNode[],
  { hasOneUnit = false, turnedUs = WORK_US.conv }: EmulatedFaults,
): number {
  const streams = new Map<number, number>();
  const ends = new Map<number, number>();
  for (const { node, stream: own = 0, after = [] } of launches) {
    const work = present(nodes[node], "node");
    // What does nothing needs no unit.
    const isEmpty = work.kind === "kernel" && work.function === "nothing";
    const stream = hasOneUnit && !isEmpty ? 0 : own;
    const start = Math.max(streams.get(stream) ?? 0, ...after.map((each) => ends.get(each) ?? 0));
    const isTurned = work.kind === "conv" && work.channelsLast === true;
    const workUs = isTurned ? turnedUs : WORK_US[work.kind];
    const end = start + workUs + (mode === "eager" ? EAGER_US : LAUNCH_US);
    streams.set(stream, end);
    ends.set(node, end);
  }
  return Math.max(0, ...streams.values());
}
