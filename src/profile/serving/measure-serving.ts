/**
 * Measures what serving a model takes on this machine, on the server itself (`runtime/serving`): for every
 * number of threads and batch size, sessions that always have something to do, one and then several at the same
 * time, give how much they slow each other down. Then requests at random times, for each number of sessions, give how
 * long tasks take and how that varies, in the order in which it does: of several runs, in turns with those of the
 * other numbers of sessions, the middle one.
 *
 * Threads of a session are 1, 2, 4, ... and all cores; sessions 1, 2, 3, 4, 6, 8, ... up to twice as many busy
 * threads as cores. Batches end where a task takes longer than half a second; from a tenth of a second on, sessions
 * are taken to disturb each other as with the batch before.
 */
import { totalmem } from "node:os";
import { basename } from "node:path";
import type { Failures } from "../../core/failure.js";
import { present } from "../../core/invariant.js";
import { seededRandom } from "../../core/random.js";
import { fail, ok, type Result } from "../../core/result.js";
import { executionStopped } from "../../runtime/failures.js";
import { openServer, type Served, type Server } from "../../runtime/serving/server.js";
import type { ServiceRecord } from "../../schedule/serving/service-record.js";
import type { LauncherPolicy } from "../../schedule/serving/serving-model.js";
import { thisMachine } from "../profile-key.js";
import type { OnProgress } from "../progress.js";
import { contentionOf } from "./busy-law.js";
import { type BatchLowering, type ServableModel, servableModelOf } from "./served-model.js";
import { paceOf, tasksOf } from "./service-samples.js";
import type { BusySessions, ServingProfile, ServingTiming } from "./serving-profile.js";
import { servingKeyOf } from "./serving-profile-key.js";
import { sessionBytes } from "./session-bytes.js";
import { middleRecord, recordOf } from "./task-times.js";

/** Options of measuring. */
export interface MeasureServingOptions {
  readonly seed: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
}

/** Time for the tasks of one session alone, and for those of several. */
const ALONE_NS = 0.6e9;
const BUSY_NS = 0.6e9;
/** Tasks that are timed, at least and at most; of sessions next to each other at least so many of each. */
const FEWEST = 12;
const FEWEST_BUSY = 5;
const MOST = 4000;
/** Longest task; longest task of which several sessions are measured. */
const LONGEST_NS = 5e8;
const LONGEST_BUSY_NS = 1e8;
/** Share of the machine's memory that sessions may take while they are measured. */
const MEMORY_SHARE = 0.5;
/**
 * Requests at random times: for how long in all, while there is a core for every thread and beyond; how many tasks at least
 * and at most; and at what share of what is possible.
 */
const PACED_NS = 3e9;
const PACED_BEYOND_NS = 1e9;
const FEWEST_PACED = 20;
const MOST_PACED = 60_000;
const LOAD = 0.75;
/**
 * They come in so many runs at most, of so many tasks at least, and the middle one of these is the record: what else
 * happens on a machine comes in bursts, so that runs one after the other differ by several times, and the mean of
 * them says what no run is like.
 */
const PACED_RUNS = 5;
const FEWEST_OF_RUN = 200;

/** A batch size with its sessions' bytes. */
interface Sized {
  readonly batch: number;
  readonly sessionBytes: number;
}

/** Sessions to time at random times. */
interface Paced {
  readonly threads: number;
  readonly batch: number;
  readonly contention: readonly number[];
  /** Mean times of tasks while so many sessions are busy. */
  readonly paces: readonly BusySessions[];
}

/** Carries a failure out of nested measurements; caught by `measureServing`. */
class MeasurementStopped extends Error {
  readonly failures: Failures;

  constructor(failures: Failures) {
    super(failures[0].message);
    this.failures = failures;
  }
}

/** Threads of a session that are tried: 1, 2, 4, ... and all cores. */
export function threadCounts(cores: number): readonly number[] {
  const counts: number[] = [];
  for (let threads = 1; threads < cores; threads *= 2) {
    counts.push(threads);
  }
  return [...counts, cores];
}

/** Numbers of sessions that are measured next to each other: 2, 3, 4, 6, 8, 12, ... up to `most`. */
export function sessionCounts(most: number): readonly number[] {
  const counts: number[] = [];
  for (let step = 2; step <= most; step *= 2) {
    counts.push(step, ...(step * 1.5 <= most ? [step * 1.5] : []));
  }
  return counts;
}

/**
 * Measures a model, lowered for every batch size that may be used.
 *
 * Requires: batches ascending from 1. Fails: as opening a server and serving do; `stopped`.
 * Cost: some seconds for each number of threads and batch size.
 */
export async function measureServing(
  batches: readonly BatchLowering[],
  options: MeasureServingOptions,
): Promise<Result<ServingProfile>> {
  const one = present(batches[0], "batch of one request").lowered;
  const key = await servingKeyOf(
    one,
    batches.map(({ batch }) => batch),
  );
  const name = basename(one.model.path);
  const model = key.ok ? servableModelOf(name, batches, options.seed) : key;
  if (!key.ok || !model.ok) {
    return key.ok ? (model as Result<never>) : key;
  }
  const sizes = batches.map(({ batch, lowered }) => ({
    batch,
    sessionBytes: sessionBytes(lowered),
  }));
  const machine = thisMachine();
  try {
    const measuring = new Measuring(model.value, sizes, machine.logicalCores, options);
    const timings = await measuring.all();
    const measured = new Set(timings.map(({ batch }) => batch));
    return ok({
      key: key.value,
      model: name,
      device: {
        name: machine.processor,
        source: "measured",
        logicalCores: machine.logicalCores,
        architecture: machine.architecture,
        node: machine.node,
        onnxruntime: key.value.onnxruntime,
        memoryBytes: totalmem(),
      },
      batches: sizes.filter(({ batch }) => measured.has(batch)),
      timings,
    });
  } catch (error) {
    if (error instanceof MeasurementStopped) {
      return fail(error.failures);
    }
    throw error;
  }
}

class Measuring {
  readonly #model: ServableModel;
  readonly #sizes: readonly Sized[];
  readonly #cores: number;
  readonly #options: MeasureServingOptions;
  #done = 0;

  constructor(
    model: ServableModel,
    sizes: readonly Sized[],
    cores: number,
    options: MeasureServingOptions,
  ) {
    this.#model = model;
    this.#sizes = sizes;
    this.#cores = cores;
    this.#options = options;
  }

  async all(): Promise<readonly ServingTiming[]> {
    const timings: ServingTiming[] = [];
    let sizes = this.#sizes;
    for (const threads of threadCounts(this.#cores)) {
      const row: ServingTiming[] = [];
      for (const size of sizes) {
        this.#report(threads, size.batch);
        const server = await this.#open(threads, size);
        try {
          const timing = await this.#timing(server, { threads, ...size }, row);
          if (timing === undefined) {
            break;
          }
          row.push(timing);
        } finally {
          await server.close();
        }
      }
      // One thread is slowest: what it has no time for, nobody is asked for.
      sizes = sizes.slice(0, row.length);
      timings.push(...row);
    }
    const kept = new Set(sizes.map(({ batch }) => batch));
    return timings.filter(({ batch }) => kept.has(batch));
  }

  #report(threads: number, batch: number): void {
    this.#options.onProgress?.({
      phase: "serving",
      done: this.#done++,
      total: threadCounts(this.#cores).length * this.#sizes.length,
      label: `${this.#model.name}: batch ${batch}, ${threads === 1 ? "1 thread" : `${threads} threads`}`,
    });
  }

  #mostSessions(threads: number, { sessionBytes: bytes }: Sized): number {
    const fitting = Math.floor((MEMORY_SHARE * totalmem()) / Math.max(1, bytes));
    return Math.max(1, Math.min(fitting, Math.max(2, Math.ceil((2 * this.#cores) / threads))));
  }

  async #open(threads: number, size: Sized): Promise<Server> {
    const { batches } = this.#model;
    const { signal } = this.#options;
    const own = batches.filter(({ batch }) => batch === size.batch);
    const workers = this.#mostSessions(threads, size);
    const model = { ...this.#model, batches: own, threads, workers };
    return orStop(await openServer([model], signal === undefined ? {} : { signal }));
  }

  /** `undefined`: a task takes too long. */
  async #timing(
    server: Server,
    { threads, ...size }: Sized & { readonly threads: number },
    earlier: readonly ServingTiming[],
  ): Promise<ServingTiming | undefined> {
    const { batch } = size;
    const { signal } = this.#options;
    const first = paceOf(await saturated(server, { batch, sessions: 1, tasks: 4, signal }), 1);
    if (first > LONGEST_NS && batch > 1) {
      return undefined;
    }
    const tasks = between(FEWEST, Math.round(ALONE_NS / first), MOST);
    const alone = await saturated(server, { batch, sessions: 1, tasks, signal });
    const meanNs = paceOf(alone, 1);
    const own = { threads, batch, samples: tasks, meanNs };
    const previous = earlier.at(-1);
    if (meanNs > LONGEST_BUSY_NS && previous !== undefined) {
      return { ...own, ...inProportion(previous, meanNs) };
    }
    const busy: BusySessions[] = [];
    for (const sessions of sessionCounts(this.#mostSessions(threads, size))) {
      const each = between(FEWEST_BUSY, Math.round(BUSY_NS / meanNs / sessions), MOST);
      const order = { batch, sessions, tasks: sessions * each, signal };
      busy.push({ sessions, meanNs: paceOf(await saturated(server, order), sessions) });
    }
    const contention = contentionOf({ threads, meanNs, busy });
    const paces = [{ sessions: 1, meanNs }, ...busy];
    const records = await this.#records(server, { threads, batch, contention, paces });
    return { ...own, busy, records };
  }

  /** The record of each number of sessions: their runs take turns. */
  async #records(
    server: Server,
    { threads, batch, contention, paces }: Paced,
  ): Promise<readonly ServiceRecord[]> {
    const { signal, seed } = this.#options;
    const taken = paces.map((): ServiceRecord[] => []);
    for (let run = 0; run < PACED_RUNS; run++) {
      for (const [at, { sessions, meanNs: pace }] of paces.entries()) {
        const gapNs = pace / sessions / LOAD;
        const spanNs = sessions * threads <= this.#cores ? PACED_NS : PACED_BEYOND_NS;
        const all = between(FEWEST_PACED, Math.round(spanNs / gapNs), MOST_PACED);
        const runs = pacedRuns(all);
        if (run < runs) {
          const order = { batch, gapNs, count: Math.ceil(all / runs), seed: seed + run };
          const policy = policyOf(batch, sessions);
          const tasks = tasksOf(await served(server, randomArrivals(order), policy, signal));
          taken[at]?.push(recordOf(tasks, { sessions, threads, contention }));
        }
      }
    }
    return taken.map(middleRecord);
  }
}

/** How sessions of a longer task disturb each other, and how its times vary: as those of a shorter one. */
function inProportion(
  { meanNs, busy, records }: ServingTiming,
  ownNs: number,
): Pick<ServingTiming, "busy" | "records"> {
  const longer = (ns: number): number => Math.max(1, Math.round((ns / meanNs) * ownNs));
  return {
    busy: busy.map(({ sessions, meanNs: pace }) => ({ sessions, meanNs: longer(pace) })),
    records: records.map((record) => ({
      ...record,
      usualNs: record.usualNs.map(longer),
      slowNs: record.slowNs.map(longer),
    })),
  };
}

/** In how many runs so many tasks come: an odd number. */
function pacedRuns(tasks: number): number {
  const runs = between(1, Math.floor(tasks / FEWEST_OF_RUN), PACED_RUNS);
  return runs % 2 === 1 ? runs : runs - 1;
}

/** Requests for full batches at random times, by the seed. */
function randomArrivals({
  batch,
  gapNs,
  count,
  seed,
}: {
  readonly batch: number;
  readonly gapNs: number;
  readonly count: number;
  readonly seed: number;
}): Float64Array {
  const random = seededRandom(seed);
  let atNs = 0;
  const times = Array.from({ length: count }, () => {
    atNs += Math.round(-Math.log(1 - random.next()) * gapNs);
    return atNs;
  });
  return Float64Array.from({ length: batch * count }, (_, at) => times[Math.floor(at / batch)]!);
}

interface Saturation {
  readonly batch: number;
  readonly sessions: number;
  readonly tasks: number;
  readonly signal: AbortSignal | undefined;
}

/** Tasks of sessions that always have something to do. */
async function saturated(
  server: Server,
  { batch, sessions, tasks, signal }: Saturation,
): Promise<ReturnType<typeof tasksOf>> {
  const policy = policyOf(batch, sessions);
  return tasksOf(await served(server, new Float64Array(batch * tasks), policy, signal));
}

function policyOf(batch: number, concurrency: number): LauncherPolicy {
  return { models: [{ periodNs: 0, batch, concurrency, variant: 0 }] };
}

async function served(
  server: Server,
  arrivals: Float64Array,
  policy: LauncherPolicy,
  signal: AbortSignal | undefined,
): Promise<Served> {
  const run = orStop(await server.serve([arrivals], policy));
  if (signal?.aborted === true || run.cut !== undefined) {
    throw new MeasurementStopped([executionStopped()]);
  }
  return run;
}

function between(low: number, value: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}

function orStop<T>(outcome: Result<T>): T {
  if (!outcome.ok) {
    throw new MeasurementStopped(outcome.error);
  }
  return outcome.value;
}
