/** A helper with memory and two kernels, for the first questions to a GPU. */
import type { Failure } from "../../dist/core/failure.js";
import { present } from "../../dist/core/invariant.js";
import type { Result } from "../../dist/core/result.js";
import { median } from "../../dist/core/statistics.js";
import type { CudaDevice } from "../../dist/runtime/cuda/client/devices.js";
import type { GpuHelper } from "../../dist/runtime/cuda/client/gpu-helper.js";
import type { HelperNode } from "../../dist/runtime/cuda/client/nodes.js";
import { obtainGpuHelper } from "../../dist/runtime/cuda/client/obtain-helper.js";
import type {
  HelperOp,
  MeasureRequest,
  RequestOf,
  ResultOf,
} from "../../dist/runtime/cuda/client/protocol.js";

const MIB = 1 << 20;

/** Bytes of the arena, of which the first 48 MiB are numbers. */
const ARENA_BYTES = 64 * MIB;

// One name for all, in modules of their own: the stand-in of the tests knows it, so that the questions can
// be tried without a GPU, on small sizes.
const kernel = (body: string): string =>
  `typedef unsigned long long u64;
extern "C" __global__ void mix(u64 *to, const u64 *a, const u64 *b, int cycles) { ${body} }`;
const SPIN = kernel(
  "long long t = clock64(); while (clock64() - t < cycles) {} if (!cycles) *to = *a;",
);
const CLOCK = kernel(`u64 t0, t1; long long c0 = clock64();
  asm volatile("mov.u64 %0, %globaltimer;" : "=l"(t0));
  while (clock64() - c0 < cycles) {}
  asm volatile("mov.u64 %0, %globaltimer;" : "=l"(t1));
  to[0] = clock64() - c0; to[1] = t1 - t0;`);

/** A request was refused. */
export class Refused extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

function done<T>(outcome: Result<T>): T {
  if (!outcome.ok) {
    throw new Refused(outcome.error[0]);
  }
  return outcome.value;
}

/** An open device. Every call throws `Refused` when the helper refuses. */
export class SmokeDevice {
  readonly facts: CudaDevice;
  /** Numbers of the modules with a kernel that spins, and with one that reads clocks. */
  readonly spin: number;
  readonly clock: number;
  readonly #helper: GpuHelper;

  private constructor(
    helper: GpuHelper,
    made: { readonly facts: CudaDevice; readonly spin: number; readonly clock: number },
  ) {
    this.#helper = helper;
    this.facts = made.facts;
    this.spin = made.spin;
    this.clock = made.clock;
  }

  /** Starts a helper of its own. */
  static async start(env: Readonly<Record<string, string>> = {}): Promise<SmokeDevice> {
    const merged = { ...process.env, ...env };
    const helper = done(await obtainGpuHelper({ cacheFolder: "build", env: merged }));
    try {
      const { device } = done(await helper.call("open", { device: 0 }));
      done(await helper.call("arena", { bytes: ARENA_BYTES }));
      done(await helper.call("fill", { offset: 0, count: 12 * MIB, seed: 1 }));
      const [spin, clock] = [SPIN, CLOCK].map((source) => helper.call("compile", { source }));
      const moduleOf = async (compiled: typeof spin): Promise<number> =>
        present(done(await present(compiled, "compiled")).module, "module");
      const made = { facts: device, spin: await moduleOf(spin), clock: await moduleOf(clock) };
      return new SmokeDevice(helper, made);
    } catch (error) {
      await helper.close();
      throw error;
    }
  }

  /** Whether it is the tests' stand-in, for which sizes are small. */
  get isStandIn(): boolean {
    return this.facts.name === "stand-in";
  }

  async call<O extends HelperOp>(op: O, request: RequestOf<O>): Promise<ResultOf<O>> {
    return done(await this.#helper.call(op, request));
  }

  /** A kernel of blocks of 128 threads that spin for so many cycles. */
  burn(grid: number, cycles: number, shared: number = 0, module: number = this.spin): HelperNode {
    return {
      kind: "kernel",
      module,
      function: "mix",
      grid: [grid, 1, 1],
      block: [128, 1, 1],
      shared,
      args: [{ ptr: 0 }, { ptr: 8 }, { ptr: 16 }, { i32: cycles }],
    };
  }

  program(nodes: readonly HelperNode[]): Promise<ResultOf<"program">> {
    return this.call("program", { nodes });
  }

  /** Median microseconds of every schedule. */
  async medians(
    schedules: MeasureRequest["schedules"],
    more: Partial<MeasureRequest> = {},
  ): Promise<readonly number[]> {
    const [rounds, warmupMs] = this.isStandIn ? [3, 0] : [51, 300];
    const { samplesUs } = await this.call("measure", { schedules, rounds, warmupMs, ...more });
    return samplesUs.map((each) => Number(median(each).toFixed(3)));
  }

  close(): Promise<void> {
    return this.#helper.close();
  }
}
