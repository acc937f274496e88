/** `run` with models and requests for them: its options, and what it does. */

import type { ScheduleArtifact } from "../../artifact/artifact.js";
import type { Result } from "../../core/result.js";
import { type ServeRequest, serveHere } from "../../driver/serve-here.js";
import { servePolicy } from "../../driver/serve-policy.js";
import type { ServeReport } from "../../driver/serve-requests.js";
import { SESSION_POLICY_NAMES, type SessionPolicyName } from "../../launcher/compare-policies.js";
import { LEARNED_NAMES } from "../../launcher/marl/learn-launchers.js";
import { renderServed } from "../../report/served.js";
import type { CommandOutcome } from "../command.js";
import { driverContext } from "../driver-context.js";
import { EXIT } from "../exit-code.js";
import { servingFileWrong } from "../failures.js";
import { DIM, REMEASURE } from "../options/model-options.js";
import type { OptionSpec, Trait } from "../options/option-spec.js";
import {
  ARRIVALS,
  arrivalsSource,
  RATE,
  SAVE_TRACE,
  SERVING_PROFILE,
  servingSource,
  tracePlace,
} from "../options/serving-options.js";
import { positive, whole } from "../options/values.js";
import type { Session } from "../session.js";

type ServedPolicy = SessionPolicyName | (typeof LEARNED_NAMES)[number];

/** What serving is told. */
export interface ServeOptions {
  readonly arrivals?: string;
  readonly rate: ReadonlyMap<string, number>;
  readonly duration?: number;
  readonly policy?: ServedPolicy;
  readonly sessions?: number;
  readonly threads?: number;
  readonly batch?: number;
  readonly period?: number;
  readonly profile: readonly string[];
  readonly remeasure?: boolean;
  readonly dim: ReadonlyMap<string, number>;
  readonly seed?: number;
  readonly saveTrace?: string;
  readonly force?: boolean;
}

/** Why an option is not for schedules. */
const WHY = "it is for serving models, with --arrivals or --rate";
const NOT_SERVING: Partial<Record<Trait, string>> = { "one-device": WHY, pipeline: WHY };

/** Policies that a file may have, besides those of windows. */
const SERVED_POLICIES: readonly ServedPolicy[] = [...SESSION_POLICY_NAMES, ...LEARNED_NAMES];

/** Most sessions and threads. */
const MOST = 128;

/** The options of serving, none of which is for schedules. */
export const SERVE_OPTIONS: {
  readonly [Key in Exclude<keyof ServeOptions, "seed" | "force">]-?: OptionSpec<
    Exclude<ServeOptions[Key], undefined>
  >;
} = {
  arrivals: { ...ARRIVALS, group: "serving" },
  rate: { ...RATE, group: "serving" },
  duration: ofServing({
    value: "<s>",
    help: "seconds in which requests arrive",
    parse: positive,
    range: "above 0",
    usualWords: "as the arrivals say",
  }),
  policy: ofServing({
    value: "<name>",
    help: "the launcher policy",
    choices: SERVED_POLICIES,
    usualWords: "the best in the simulation",
    only: {
      serving: { values: SESSION_POLICY_NAMES, why: "learned policies are in files of launch" },
    },
  }),
  saveTrace: { ...ofServing(SAVE_TRACE), not: { ...SAVE_TRACE.not, ...NOT_SERVING } },
  sessions: byHand({
    value: "<n>",
    help: "instead of a policy: sessions of each model",
    ...whole(1, MOST),
    usualWords: "1 if --threads or --batch is given",
  }),
  threads: byHand({
    value: "<n>",
    help: "instead of a policy: threads of each session",
    ...whole(1, MOST),
    usualWords: "1 if --sessions or --batch is given",
  }),
  batch: byHand({
    value: "<n>",
    help: "instead of a policy: most requests in a task",
    ...whole(1, 4096),
    usualWords: "1 if --sessions or --threads is given",
  }),
  period: byHand({
    value: "<ms>",
    help: "instead of a policy: least time between launches of a model",
    parse: positive,
    range: "above 0",
    usualWords: "0",
  }),
  profile: inFile({ ...SERVING_PROFILE, not: {} }),
  remeasure: inFile({ ...REMEASURE, not: { profile: REMEASURE.not?.profile ?? "" } }),
  dim: inFile(DIM),
};

/** An option of serving. */
function ofServing<Value>(spec: OptionSpec<Value>): OptionSpec<Value> {
  return { ...spec, group: "serving", not: { ...spec.not, ...NOT_SERVING } };
}

/** An option of serving without a policy. */
function byHand<Value>(spec: OptionSpec<Value>): OptionSpec<Value> {
  const served = ofServing(spec);
  return { ...served, not: { ...served.not, policies: "policies say that" } };
}

/** An option of serving that a policy file has recorded. */
function inFile<Value>(spec: OptionSpec<Value>): OptionSpec<Value> {
  const served = ofServing(spec);
  return { ...served, not: { ...served.not, policies: "the file has what it says" } };
}

/** Serves models for real, and prints what was predicted beside it. */
export async function serveModels(
  models: readonly string[],
  options: ServeOptions,
  session: Session,
): Promise<CommandOutcome> {
  const arrivals = arrivalsSource(options);
  const policy = policyOf(options);
  if (arrivals === undefined || policy === undefined) {
    return { ok: false, error: [servingFileWrong()] };
  }
  const { dim: dims, seed, duration } = options;
  const source = servingSource(options);
  const durationNs = duration === undefined ? undefined : Math.round(duration * 1e9);
  const traces = tracePlace(options, arrivals, models);
  const request: ServeRequest = {
    ...{ models, arrivals, dims, seed, source, policy, durationNs, traces },
  };
  return printServed(await serveHere(request, driverContext(session)), session);
}

/** A file of policies to serve under, with its options. */
export interface PolicyFile {
  readonly file: string;
  readonly artifact: ScheduleArtifact;
  /** The model, or the folder of several. */
  readonly model: string | undefined;
}

/** Serves requests for real under a policy of a file, and prints what was predicted beside it. */
export async function servePolicyFile(
  { file, artifact, model }: PolicyFile,
  options: ServeOptions,
  session: Session,
): Promise<CommandOutcome> {
  const arrivals = arrivalsSource(options);
  if (arrivals === undefined && options.arrivals !== undefined) {
    return { ok: false, error: [servingFileWrong()] };
  }
  const { policy = "best", seed, duration } = options;
  const durationNs = duration === undefined ? undefined : Math.round(duration * 1e9);
  const traces = tracePlace(options, arrivals, [file]);
  const request = { file, artifact, model, arrivals, policy, seed, durationNs, traces };
  return printServed(await servePolicy(request, driverContext(session)), session);
}

function printServed(served: Result<ServeReport>, session: Session): CommandOutcome {
  if (!served.ok) {
    return served;
  }
  session.print({
    text: () => renderServed(served.value, session.columns),
    json: () => served.value,
  });
  return { ok: true, value: EXIT.done };
}

/** The policy that the options name; `undefined`: two of them. */
function policyOf(options: ServeOptions): ServeRequest["policy"] | undefined {
  const { policy, sessions, threads, batch, period } = options;
  const isByHand = [sessions, threads, batch, period].some((each) => each !== undefined);
  if (!isByHand) {
    return SESSION_POLICY_NAMES.find((name) => name === policy) ?? "best";
  }
  return policy === undefined
    ? {
        sessions: sessions ?? 1,
        threads: threads ?? 1,
        batch: batch ?? 1,
        periodNs: Math.round((period ?? 0) * 1e6),
      }
    : undefined;
}
