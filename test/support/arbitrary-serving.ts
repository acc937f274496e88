/** Random serving problems with policies and arrivals. */
import fc from "fast-check";
import { meanOfRecord, type ServiceRecord } from "../../src/schedule/serving/service-record.js";
import type {
  LauncherPolicy,
  ServingDevice,
  ServingProblem,
  ShedRule,
} from "../../src/schedule/serving/serving-model.js";
import { policyOf, problemOf, runOf } from "./serving.js";

const stage = fc.record({
  ns: fc.integer({ min: 1, max: 500 }),
  share: fc.constantFrom(0, 0.1, 0.5, 0.8, 1),
  arithmetic: fc.constantFrom(0, 0.3, 0.9),
  bandwidth: fc.constantFrom(0, 0.4, 1),
});

/** A run of each list of stages; in a third of the variants pipelined, with a part from some of the stages on. */
const variant = fc
  .record({
    lists: fc.array(fc.array(stage, { minLength: 1, maxLength: 4 }), {
      minLength: 1,
      maxLength: 3,
    }),
    cuts: fc.option(fc.subarray([1, 2, 3]), { freq: 2, nil: undefined }),
  })
  .map(({ lists, cuts }) =>
    lists.map((stages, at) => ({
      ...runOf(2 ** at, ...stages),
      ...(cuts === undefined
        ? {}
        : { pipeline: [0, ...cuts.filter((cut) => cut < stages.length)] }),
    })),
  );

function modelOf<T>(variants: fc.Arbitrary<T>) {
  return fc.record({
    variants: fc.array(variants, { minLength: 1, maxLength: 2 }),
    gaps: fc.array(fc.constantFrom(0, 0, 7, 60, 400, 1000), { minLength: 1, maxLength: 40 }),
    periodNs: fc.constantFrom(0, 0, 50, 300),
    concurrency: fc.integer({ min: 1, max: 4 }),
    pick: fc.nat(100),
  });
}

const gpu: fc.Arbitrary<ServingDevice> = fc
  .constantFrom(0, 0.02, 0.3)
  .map((each) => ({ kind: "gpu", interference: { arithmetic: each, mixed: each, bandwidth: 0 } }));
const cpu: fc.Arbitrary<ServingDevice> = fc.constantFrom<ServingDevice>(
  { kind: "cpu", workers: 1, slowdown: [1] },
  { kind: "cpu", workers: 3, slowdown: [1, 1.2, 1.5] },
);

function servingWith<T>(variants: fc.Arbitrary<T>, device: fc.Arbitrary<ServingDevice>) {
  return fc.record({
    models: fc.array(modelOf(variants), { minLength: 1, maxLength: 3 }),
    device,
    cap: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
  });
}

/** Models, a device, and how a launcher treats the requests. */
export const arbitraryServing = servingWith(variant, fc.oneof(gpu, cpu));

/** The same without pipelined runs, which the launcher of this machine does not have. */
export const arbitraryWholeServing: typeof arbitraryServing = servingWith(
  variant.map((runs) =>
    runs.map(({ batch, profile, workspaceBytes }) => ({ batch, profile, workspaceBytes })),
  ),
  fc.oneof(gpu, cpu),
);

/** What successive tasks took, a few of them slow. */
const serviceRecord: fc.Arbitrary<Omit<ServiceRecord, "sessions">> = fc
  .record({
    wakeNs: fc.constantFrom(0, 13, 170),
    usualNs: fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 4 }),
    slow: fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 1, max: 2000 })), {
      maxLength: 3,
    }),
  })
  .map(({ wakeNs, usualNs, slow }) => {
    let at = -1;
    const slowAt = slow.map(([gap]) => (at += 1 + gap));
    return {
      wakeNs,
      tasks: at + 4,
      usualNs: usualNs.toSorted((a, b) => a - b),
      slowAt,
      slowNs: slow.map(([, ns]) => ns),
    };
  });

/** A run as it is measured: one stage of some threads, how others disturb it, and how its times vary. */
const measuredRun = fc
  .record({
    ns: fc.integer({ min: 1, max: 500 }),
    threads: fc.integer({ min: 1, max: 2 }),
    losses: fc.option(fc.array(fc.constantFrom(0, 0.1, 0.7), { minLength: 1, maxLength: 4 }), {
      nil: undefined,
    }),
    records: fc.option(fc.array(serviceRecord, { minLength: 1, maxLength: 3 }), { nil: undefined }),
  })
  .map(({ ns, threads, losses, records: drawn }) => {
    let least = 1;
    const contention = losses?.map((loss) => (least += loss));
    const records = drawn?.map((record, at): ServiceRecord => ({ ...record, sessions: 2 ** at }));
    const meanNs = records === undefined ? ns : Math.min(...records.map(meanOfRecord));
    return {
      ...runOf(1, { ns: meanNs, share: threads, arithmetic: 0, bandwidth: 0 }),
      ...(contention === undefined ? {} : { contention }),
      ...(records === undefined ? {} : { records }),
    };
  });

const measuredCpu: fc.Arbitrary<ServingDevice> = fc
  .integer({ min: 1, max: 3 })
  .map((workers) => ({ kind: "cpu", workers, slowdown: [1, 1.2, 1.5].slice(0, workers) }));

/** Models that were measured on a CPU, whose threads may have to wake up. */
export const arbitraryMeasuredServing: typeof arbitraryServing = servingWith(
  fc
    .array(measuredRun, { minLength: 1, maxLength: 3 })
    .map((runs) => runs.map((run, at) => ({ ...run, batch: 2 ** at }))),
  measuredCpu,
) as typeof arbitraryServing;

/** What `arbitraryServing` gives. */
export type ServingCase = typeof arbitraryServing extends fc.Arbitrary<infer T> ? T : never;

/** The problem, the policy and the arrivals of a case. */
export function servingOf({ models, device, cap }: ServingCase) {
  const problem: ServingProblem = problemOf(
    models.map(({ variants }) => ({
      name: "m",
      residentBytes: 0,
      variants: variants.map((runs, at) => ({ name: `v${at}`, runs })),
    })),
    device,
  );
  const policy = policyOf(
    models.map(({ variants, periodNs, concurrency, pick }) => {
      const number = pick % variants.length;
      const most = variants[number]!.at(-1)!.batch;
      return { periodNs, concurrency, variant: number, batch: 1 + (pick % most) };
    }),
    cap,
  );
  const arrivals = models.map(({ gaps }) => {
    let now = 0;
    return Float64Array.from(gaps, (gap) => {
      now += gap;
      return now;
    });
  });
  return { problem, policy, arrivals };
}

/** A rule by which requests are refused, or none. */
export const shedRule: fc.Arbitrary<ShedRule | undefined> = fc.oneof(
  fc.constant(undefined),
  fc.record({
    kind: fc.constantFrom("newest" as const, "oldest" as const),
    queue: fc.integer({ min: 1, max: 3 }),
  }),
  fc.record({
    kind: fc.constant("deadline" as const),
    objectiveNs: fc.integer({ min: 100, max: 3000 }),
  }),
);

/** A policy with rules, by model. */
export function withRules(
  policy: LauncherPolicy,
  rules: readonly (ShedRule | undefined)[],
): LauncherPolicy {
  const models = policy.models.map((each, at) => {
    const shed = rules[at];
    return shed === undefined ? each : { ...each, shed };
  });
  return { ...policy, models };
}
