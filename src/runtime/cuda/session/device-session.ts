/**
 * A program on a device: memory made, kernels compiled, weights and inputs in place.
 *
 * The nodes of the program are followed by a few of our own (poison, spin, clock, nothing), so that
 * checking and measuring need no other program. Everything goes through the calls of the native helper.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { present } from "../../../core/invariant.js";
import { fail, ok, type Result } from "../../../core/result.js";
import { median } from "../../../core/statistics.js";
import type { OperatorId, TensorId } from "../../../ir/operator-graph.js";
import { storageOf } from "../../../kernels/operator-call.js";
import type { TensorData } from "../../tensor-data.js";
import type { CudaDevice } from "../client/devices.js";
import type { CallOptions } from "../client/gpu-helper.js";
import type {
  ExecutableSchedule,
  ExecutionMode,
  HelperNode,
  HelperSchedule,
} from "../client/nodes.js";
import type {
  HelperOp,
  KernelsRequest,
  MeasureRequest,
  MeasureResult,
  NodeKernels,
  RequestOf,
  ResultOf,
  UploadItem,
} from "../client/protocol.js";
import { constantUploads } from "../program/constants.js";
import { floatsOfHalves, halvesOfFloats } from "../program/device-elements.js";
import { sideFileFailed } from "../program/failures.js";
import type { LaunchOrder } from "../program/launch-order.js";
import {
  COMPILE_OPTIONS,
  type DeviceProgram,
  helperNodes,
  helperSchedule,
} from "../program/program.js";
import { type RotatedNode, type RotationRequest, rotatedCopies } from "./rotated-copies.js";
import { CLOCK_NS, LONGER_SPINS_NS, SERVICE_SOURCE, SPIN_NS } from "./service-kernels.js";

/** The calls of the native helper that a session makes. */
export interface HelperCalls {
  call<O extends HelperOp>(
    op: O,
    request: RequestOf<O>,
    options?: CallOptions,
  ): Promise<Result<ResultOf<O>>>;
}

/** Options of a device session. */
export interface DeviceSessionOptions {
  /** Number of the device. */
  readonly device: number;
  /** An existing folder for temporary files, which the caller removes. */
  readonly folder: string;
  /** Bytes of free memory behind the program's, for copies of weights; 0 unless given. */
  readonly scratchBytes?: number;
}

/** Schedules to be timed, and how often. */
export type TimingRequest = Omit<MeasureRequest, "prelude" | "preludes">;

/** Options of one run of a schedule. */
export interface RunOptions {
  /** Default `graph`. */
  readonly mode?: ExecutionMode;
  /** Operators that start 50 us later than they could; the first 32 of them that launch anything. */
  readonly delayed?: readonly OperatorId[];
}

/** Bytes behind the program's memory for what our own nodes write. */
const SERVICE_BYTES = 256;

/** Kernels that do nothing: enough for 32 chains of which the ends do not matter. */
const NOTHINGS = 256;

/** Most operators of a run that can be delayed. */
const DELAYS = 32;

/** Time that a device is kept busy before its clock is read: an idle one takes a while to speed up. */
const BUSY_MS = 50;

/** Node numbers of our own nodes. */
interface ServiceNodes {
  readonly poison: number | undefined;
  readonly spin: number;
  /** By `LONGER_SPINS_NS`. */
  readonly longerSpins: readonly number[];
  readonly delays: readonly number[];
  readonly clock: number;
  readonly nothings: readonly number[];
}

/** A program that is ready to run. */
export class DeviceSession {
  readonly program: DeviceProgram;
  readonly device: CudaDevice;
  /** Hardware queues that the driver was asked for. */
  readonly connections: number;
  readonly #helper: HelperCalls;
  readonly #options: DeviceSessionOptions;
  readonly #service: ServiceNodes;
  #nodes: readonly HelperNode[];

  private constructor(
    helper: HelperCalls,
    program: DeviceProgram,
    options: DeviceSessionOptions,
    made: {
      readonly device: CudaDevice;
      readonly connections: number;
      readonly service: ServiceNodes;
      readonly nodes: readonly HelperNode[];
    },
  ) {
    this.program = program;
    this.device = made.device;
    this.connections = made.connections;
    this.#helper = helper;
    this.#options = options;
    this.#service = made.service;
    this.#nodes = made.nodes;
  }

  /**
   * Brings a program and the model's inputs to a device.
   *
   * Requires: `feeds` has every input of the model.
   * Fails: what the helper refuses (exit status 4), and as `constantUploads`.
   */
  static async open(
    helper: HelperCalls,
    program: DeviceProgram,
    feeds: ReadonlyMap<string, TensorData>,
    options: DeviceSessionOptions,
  ): Promise<Result<DeviceSession>> {
    const opened = await helper.call("open", { device: options.device });
    if (!opened.ok) {
      return opened;
    }
    const { scratchBytes = 0 } = options;
    const bytes = scratchStart(program.memory.bytes);
    const arena = await helper.call("arena", { bytes: bytes + scratchBytes });
    if (!arena.ok) {
      // Without room for copies of weights, what needs them is not measured.
      return scratchBytes === 0
        ? arena
        : DeviceSession.open(helper, program, feeds, { ...options, scratchBytes: 0 });
    }
    const modules = await compileAll(helper, [...program.kernels.sources, SERVICE_SOURCE]);
    if (!modules.ok) {
      return modules;
    }
    const { nodes, service } = allNodes(program, modules.value);
    const programmed = await helper.call("program", { nodes });
    if (!programmed.ok) {
      return programmed;
    }
    const made = { ...opened.value, service, nodes };
    const session = new DeviceSession(helper, program, options, made);
    const uploaded = await session.#upload(feeds);
    return uploaded.ok ? ok(session) : uploaded;
  }

  /** The launches of a schedule. */
  scheduleOf(order: LaunchOrder): HelperSchedule {
    return helperSchedule(this.program, order);
  }

  /**
   * Adds copies of nodes that read their weights elsewhere, as far as they fit the session's scratch memory.
   *
   * Fails: what the helper refuses.
   */
  async rotate(
    wanted: readonly number[],
    how: Pick<RotationRequest, "copies" | "leastBytes">,
  ): Promise<Result<readonly RotatedNode[]>> {
    const { memory } = this.program;
    const scratch = {
      offset: scratchStart(memory.bytes),
      bytes: this.#options.scratchBytes ?? 0,
    };
    const constants = [...memory.constants.values()];
    const nodes = this.#nodes;
    const { added, rotated } = rotatedCopies({ nodes, wanted, constants, scratch, ...how });
    if (rotated.length === 0) {
      return ok([]);
    }
    const all = [...nodes, ...added];
    const programmed = await this.#helper.call("program", { nodes: all });
    if (programmed.ok) {
      this.#nodes = all;
    }
    return programmed.ok ? ok(rotated) : programmed;
  }

  /** Launches nodes one after the other, once, for what they leave in memory. */
  async launch(nodes: readonly number[]): Promise<Result<undefined>> {
    const schedule = { launches: nodes.map((node) => ({ node })), mode: "eager" } as const;
    const ran = await this.#helper.call("run", { schedule });
    return ran.ok ? ok(undefined) : ran;
  }

  /** Node numbers of kernels that do nothing, for measuring what launching costs. */
  get nothings(): readonly number[] {
    return this.#service.nothings;
  }

  /**
   * Poisons all activations, runs a schedule once, and returns the tensors that are outputs of the
   * graph, by their names; bytes that no kernel wrote are NaN.
   *
   * The helper executes a schedule once before it captures it. The poison comes after that, immediately
   * before the execution whose outputs are returned: results of an earlier one would hide a missing wait.
   * So that it does not depend on luck whether one shows, operators can be delayed.
   */
  async run(
    order: LaunchOrder,
    { mode = "graph", delayed = [] }: RunOptions = {},
  ): Promise<Result<ReadonlyMap<string, TensorData>>> {
    const { poison } = this.#service;
    const launches = this.#withDelays(this.scheduleOf(order).launches, delayed);
    const ran = await this.#helper.call("run", {
      schedule: { launches, mode },
      ...(poison === undefined ? {} : { prelude: poison }),
    });
    return ran.ok ? this.#outputs() : ran;
  }

  /** Launches with a kernel that spins before the first node of each of some operators, on its stream. */
  #withDelays(
    launches: HelperSchedule["launches"],
    operators: readonly OperatorId[],
  ): HelperSchedule["launches"] {
    const delays = new Map<number, number>();
    for (const operator of operators) {
      const [first] = present(this.program.nodesOf[operator], "nodes");
      const delay = this.#service.delays[delays.size];
      if (first !== undefined && delay !== undefined) {
        delays.set(first, delay);
      }
    }
    return launches.flatMap((launch) => {
      const delay = delays.get(launch.node);
      return delay === undefined ? [launch] : [{ node: delay, stream: launch.stream ?? 0 }, launch];
    });
  }

  /**
   * Times schedules as `measureHidden`. Units: microseconds of one execution, by schedule and round.
   */
  async measure(request: TimingRequest): Promise<Result<readonly (readonly number[])[]>> {
    const measured = await this.measureHidden(request);
    return measured.ok ? ok(measured.value.samplesUs) : measured;
  }

  /**
   * Times schedules; each sample is behind a kernel that keeps the device busy while the host launches. Where
   * launching a graph takes the host longer than half of that, all are timed again, each behind a kernel that
   * runs at least twice as long as its launching took. What is launched again each time keeps the shortest one:
   * its launching is part of what it takes.
   */
  async measureHidden(request: TimingRequest): Promise<Result<MeasureResult>> {
    const { spin } = this.#service;
    const first = await this.#helper.call("measure", { ...request, prelude: spin });
    if (!first.ok) {
      return first;
    }
    const preludes = request.schedules.map(({ mode }, at) =>
      mode === "eager" ? spin : this.#spinFor(present(first.value.hostUs[at], "host times")),
    );
    return preludes.every((each) => each === spin)
      ? first
      : this.#helper.call("measure", { ...request, preludes });
  }

  /** Times schedules on an idle device: what the host takes to launch is in the time. */
  async measureIdle(request: TimingRequest): Promise<Result<readonly (readonly number[])[]>> {
    const measured = await this.#helper.call("measure", request);
    return measured.ok ? ok(measured.value.samplesUs) : measured;
  }

  /** The shortest of our kernels that keeps the device busy for twice the median of these; the longest if none does. */
  #spinFor(hostUs: readonly number[]): number {
    const needNs = 2000 * median(hostUs);
    const { spin, longerSpins } = this.#service;
    const at = LONGER_SPINS_NS.findIndex((ns) => ns >= needNs);
    return needNs <= SPIN_NS ? spin : (longerSpins.at(at) ?? spin);
  }

  /**
   * Times schedules as `measure`, and reads the clock of the multiprocessors in every round, as one more
   * that takes its turn. Units: `clockMhz` is that of the last round, in MHz.
   */
  async measureWithClock(
    request: TimingRequest,
  ): Promise<Result<MeasureResult & { readonly clockMhz: number }>> {
    const clock = { launches: [{ node: this.#service.clock }] };
    const { schedules } = request;
    const measured = await this.measureHidden({ ...request, schedules: [...schedules, clock] });
    if (!measured.ok) {
      return measured;
    }
    const clockMhz = await this.#readClock();
    const own = (samples: MeasureResult["samplesUs"]) => samples.slice(0, schedules.length);
    const { samplesUs, hostUs } = measured.value;
    return clockMhz.ok
      ? ok({ samplesUs: own(samplesUs), hostUs: own(hostUs), clockMhz: clockMhz.value })
      : clockMhz;
  }

  /** The clock of the multiprocessors when they have been busy with `work` for 50 ms. Units: MHz. */
  async clockMhz(work: ExecutableSchedule): Promise<Result<number>> {
    const request = { schedules: [work], rounds: 1, warmupMs: BUSY_MS };
    const measured = await this.measureWithClock(request);
    return measured.ok ? ok(measured.value.clockMhz) : measured;
  }

  /** The result of the last run of the clock's kernel. */
  async #readClock(): Promise<Result<number>> {
    const read = await this.#helper.call("download", {
      offset: this.program.memory.bytes,
      bytes: 16,
    });
    if (!read.ok) {
      return read;
    }
    const words = Buffer.from(read.value.base64 ?? "", "base64");
    const [cycles, ns] = [words.readBigInt64LE(0), words.readBigInt64LE(8)];
    return ok((Number(cycles) / Math.max(1, Number(ns))) * 1000);
  }

  /** By node of the program: the kernels that the driver launches for it, those of some nodes with their times. */
  async kernels(request: KernelsRequest = {}): Promise<Result<readonly NodeKernels[]>> {
    const known = await this.#helper.call("kernels", request);
    return known.ok ? ok(known.value.nodes.slice(0, this.program.nodes.length)) : known;
  }

  async #upload(feeds: ReadonlyMap<string, TensorData>): Promise<Result<undefined>> {
    const { model, memory } = this.program;
    const constants = await constantUploads(model, memory, join(this.#options.folder, "constants"));
    if (!constants.ok) {
      return constants;
    }
    const inputs = this.#inputItems(feeds);
    if (!inputs.ok) {
      return inputs;
    }
    const items = [...constants.value, ...inputs.value];
    if (items.length === 0) {
      return ok(undefined);
    }
    const uploaded = await this.#helper.call("upload", { items });
    return uploaded.ok ? ok(undefined) : uploaded;
  }

  #inputItems(feeds: ReadonlyMap<string, TensorData>): Result<readonly UploadItem[]> {
    const { graph } = this.program.model.lowered;
    const items: UploadItem[] = [];
    for (const id of graph.inputs) {
      const { name, elementType } = present(graph.tensors[id], "input");
      const { offset } = present(this.program.memory.tensor(id), "memory of an input");
      const { bytes } = present(feeds.get(name), `feed of "${name}"`);
      const stored = this.#isHalved(elementType) ? halvesOfFloats(bytes) : bytes;
      const path = join(this.#options.folder, `input-${id}`);
      try {
        writeFileSync(path, stored);
      } catch (error) {
        return fail([sideFileFailed(path, error)]);
      }
      if (stored.length > 0) {
        items.push({ path, fileOffset: 0, bytes: stored.length, offset });
      }
    }
    return ok(items);
  }

  async #outputs(): Promise<Result<ReadonlyMap<string, TensorData>>> {
    const { graph } = this.program.model.lowered;
    const outputs = new Map<string, TensorData>();
    for (const id of new Set(graph.outputs)) {
      const tensor = present(graph.tensors[id], "output");
      if (tensor.producer === undefined) {
        continue;
      }
      const bytes = await this.#download(id);
      if (!bytes.ok) {
        return bytes;
      }
      const { name, elementType, dims } = tensor;
      const floats = this.#isHalved(elementType) ? floatsOfHalves(bytes.value) : bytes.value;
      outputs.set(name, { elementType, dims, bytes: floats });
    }
    return ok(outputs);
  }

  async #download(id: TensorId): Promise<Result<Uint8Array>> {
    const { offset, bytes } = present(this.program.memory.tensor(id), "memory of an output");
    if (bytes === 0) {
      return ok(new Uint8Array());
    }
    const path = join(this.#options.folder, "output");
    const read = await this.#helper.call("download", { offset, bytes, path });
    if (!read.ok) {
      return read;
    }
    try {
      return ok(Uint8Array.from(readFileSync(path)));
    } catch (error) {
      return fail([sideFileFailed(path, error)]);
    }
  }

  #isHalved(elementType: string): boolean {
    const { floats } = this.program.model;
    return elementType === "float32" && storageOf("float32", floats) === "f16";
  }
}

/** Behind the program's memory and our own, aligned as all memory is. */
function scratchStart(programBytes: number): number {
  return Math.ceil(programBytes / SERVICE_BYTES) * SERVICE_BYTES + SERVICE_BYTES;
}

async function compileAll(
  helper: HelperCalls,
  sources: readonly string[],
): Promise<Result<readonly number[]>> {
  const modules: number[] = [];
  for (const source of sources) {
    const compiled = await helper.call("compile", { source, options: COMPILE_OPTIONS });
    if (!compiled.ok) {
      return compiled;
    }
    modules.push(present(compiled.value.module, "module of a source compiled for the device"));
  }
  return ok(modules);
}

/** The program's nodes, then our own. */
function allNodes(
  program: DeviceProgram,
  modules: readonly number[],
): { readonly nodes: readonly HelperNode[]; readonly service: ServiceNodes } {
  const module = present(modules.at(-1), "module of our own kernels");
  const nodes = [...helperNodes(program, modules)];
  const add = (node: HelperNode): number => nodes.push(node) - 1;
  const { activations, bytes } = program.memory;
  const single = { grid: [1, 1, 1], block: [1, 1, 1] } as const;
  const kernel = { kind: "kernel", module, ...single } as const;
  const spin: HelperNode = { ...kernel, function: "spin", args: [{ i64: SPIN_NS }] };
  const service: ServiceNodes = {
    spin: add(spin),
    longerSpins: LONGER_SPINS_NS.map((ns) => add({ ...spin, args: [{ i64: ns }] })),
    delays: Array.from({ length: DELAYS }, () => add(spin)),
    clock: add({ ...kernel, function: "readClock", args: [{ i64: CLOCK_NS }, { ptr: bytes }] }),
    nothings: Array.from({ length: NOTHINGS }, () =>
      add({ ...kernel, function: "nothing", args: [] }),
    ),
    poison:
      activations.bytes === 0
        ? undefined
        : add({
            kind: "memset",
            offset: activations.offset,
            bytes: activations.bytes,
            value: 0xff,
          }),
  };
  return { nodes, service };
}
