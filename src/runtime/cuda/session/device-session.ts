/**
 * A program on a device: memory made, kernels compiled, weights and inputs in place.
 *
 * The nodes of the program are followed by a few of our own (poison, spin, clock, nothing), so that
 * checking and measuring need no other program. Everything goes through the calls of the native helper.
 */
import { present } from "../../../core/invariant.js";
import { ok, type Result } from "../../../core/result.js";
import type { OperatorId } from "../../../ir/operator-graph.js";
import type { TensorData } from "../../tensor-data.js";
import type { CudaDevice } from "../client/devices.js";
import type {
  ExecutableSchedule,
  ExecutionMode,
  HelperNode,
  HelperSchedule,
} from "../client/nodes.js";
import type { KernelsRequest, MeasureResult, NodeKernels } from "../client/protocol.js";
import type { LaunchOrder } from "../program/launch-order.js";
import { COMPILE_OPTIONS, type DeviceProgram, helperSchedule } from "../program/program.js";
import { downloadOutputs, uploadTensors } from "./device-tensors.js";
import { type GraphCalls, graphCalls } from "./graph-calls.js";
import type { HelperCalls } from "./helper-calls.js";
import { type RotatedNode, type RotationRequest, rotatedCopies } from "./rotated-copies.js";
import { SERVICE_SOURCE } from "./service-kernels.js";
import { type ServiceNodes, scratchStart, withServiceNodes } from "./service-nodes.js";
import { runStampedChain, type StampedChain } from "./stamped-chain.js";
import {
  measureHidden,
  measureWithClock,
  type TimedDevice,
  type TimingRequest,
} from "./timed-schedules.js";

/** Options of a device session. */
export interface DeviceSessionOptions {
  /** Number of the device. */
  readonly device: number;
  /** An existing folder for temporary files, which the caller removes. */
  readonly folder: string;
  /** Bytes of free memory behind the program's, for copies of weights; 0 unless given. */
  readonly scratchBytes?: number;
}

/** Options of one run of a schedule. */
export interface RunOptions {
  /** Default `graph`. */
  readonly mode?: ExecutionMode;
  /** Operators that start 50 us later than they could; the first 32 of them that launch anything. */
  readonly delayed?: readonly OperatorId[];
}

/** Time that a device is kept busy before its clock is read: an idle one takes a while to speed up. */
const BUSY_MS = 50;

/** A program that is ready to run. */
export class DeviceSession {
  readonly program: DeviceProgram;
  readonly device: CudaDevice;
  /** Hardware queues that the driver was asked for. */
  readonly connections: number;
  /** What cuDNN computes behind convolutions; absent where nothing stands behind any. */
  readonly graphs: GraphCalls | undefined;
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
      readonly graphs: GraphCalls | undefined;
    },
  ) {
    this.program = program;
    this.device = made.device;
    this.connections = made.connections;
    this.graphs = made.graphs;
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
    const { nodes, service } = withServiceNodes(program, modules.value);
    const programmed = await helper.call("program", { nodes });
    if (!programmed.ok) {
      return programmed;
    }
    const graphs = graphCalls(programmed.value);
    const made = { ...opened.value, service, nodes, graphs };
    const session = new DeviceSession(helper, program, options, made);
    const uploaded = await uploadTensors({ helper, program, folder: options.folder }, feeds);
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
    const { folder } = this.#options;
    return ran.ok ? downloadOutputs({ helper: this.#helper, program: this.program, folder }) : ran;
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
    const measured = await measureHidden(this.#timed, request);
    return measured.ok ? ok(measured.value.samplesUs) : measured;
  }

  /** Times schedules on an idle device: what the host takes to launch is in the time. */
  async measureIdle(request: TimingRequest): Promise<Result<readonly (readonly number[])[]>> {
    const measured = await this.#helper.call("measure", request);
    return measured.ok ? ok(measured.value.samplesUs) : measured;
  }

  /** Times schedules as `measure`, and reads the clock in every round: see `measureWithClock`. */
  measureWithClock(
    request: TimingRequest,
  ): Promise<Result<MeasureResult & { readonly clockMhz: number }>> {
    return measureWithClock(this.#timed, request);
  }

  /** The clock of the multiprocessors when they have been busy with `work` for 50 ms. Units: MHz. */
  async clockMhz(work: ExecutableSchedule): Promise<Result<number>> {
    const request = { schedules: [work], rounds: 1, warmupMs: BUSY_MS };
    const measured = await this.measureWithClock(request);
    return measured.ok ? ok(measured.value.clockMhz) : measured;
  }

  /** A chain of kernels that note when they ran: see `runStampedChain`. */
  stampedChain(): Promise<Result<StampedChain>> {
    const offset = this.program.memory.bytes;
    return runStampedChain({ helper: this.#helper, service: this.#service, offset });
  }

  get #timed(): TimedDevice {
    return {
      helper: this.#helper,
      service: this.#service,
      clockOffset: this.program.memory.bytes,
    };
  }

  /** By node of the program: the kernels that the driver launches for it, those of some nodes with their times. */
  async kernels(request: KernelsRequest = {}): Promise<Result<readonly NodeKernels[]>> {
    const known = await this.#helper.call("kernels", request);
    return known.ok ? ok(known.value.nodes.slice(0, this.program.nodes.length)) : known;
  }
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
