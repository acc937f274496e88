/** The queue of a model while requests are replayed. */
import type { ArtifactKnobs, ArtifactReaction } from "../artifact/adaptive-policy.js";
import type {
  BatchRun,
  LauncherPolicy,
  ModelPolicy,
  ServingProblem,
  ServingVariant,
} from "../schedule/serving/serving-model.js";
import { TaskMemory } from "./replay-refusals.js";
import type { ReplayedRequest } from "./replayed-requests.js";

/** A model while requests are replayed. */
export interface Server {
  policy: ModelPolicy;
  runs: readonly BatchRun[];
  readonly variants: readonly ServingVariant[];
  /** Requests that have come, up to the last look of a launcher and up to now. */
  arrivedBefore: number;
  arrived: number;
  readonly waiting: ReplayedRequest[];
  inFlight: number;
  launches: number;
  lastLaunchNs: number;
  /** Of tasks that have ended; absent: late requests are not refused. */
  readonly memory: TaskMemory | undefined;
  /** How launches follow what waits; absent: they do not. */
  readonly reaction: ArtifactReaction | undefined;
}

/** The queues of all models under a policy, empty. */
export function serversOf(
  { models }: ServingProblem,
  policy: LauncherPolicy,
  reactions: readonly ArtifactReaction[] = [],
): readonly Server[] {
  return models.map(({ variants }, at): Server => {
    const own = policy.models[at]!;
    return {
      policy: own,
      runs: variants[own.variant]!.runs,
      variants,
      arrivedBefore: 0,
      arrived: 0,
      waiting: [],
      inFlight: 0,
      launches: 0,
      lastLaunchNs: -Infinity,
      memory: own.shed?.kind === "deadline" ? new TaskMemory() : undefined,
      reaction: reactions[at],
    };
  });
}

/** Whether requests of a model are not answered yet. */
export function isBusy({ waiting, inFlight }: Server): boolean {
  return waiting.length > 0 || inFlight > 0;
}

/** A launcher has looked at all models, and does this from now on; `undefined`: what it did before. */
export function follow(
  servers: readonly Server[],
  decided: readonly ArtifactKnobs[] | undefined,
): void {
  for (const [at, server] of servers.entries()) {
    const knobs = decided?.[at];
    if (knobs !== undefined) {
      const { variant: name, ...rest } = knobs;
      const variant = server.variants.findIndex((each) => each.name === name);
      const { shed } = server.policy;
      server.policy = { ...rest, variant, ...(shed === undefined ? {} : { shed }) };
      server.runs = server.variants[variant]!.runs;
    }
  }
}

/** Refuses a request. */
export function refuse(request: ReplayedRequest, nowNs: number): void {
  request.isRefused = true;
  request.endNs = nowNs;
}

/** Refuses those at the head of a queue that would not be answered in time. */
export function refuseLate(server: Server, nowNs: number): void {
  const { runs, waiting, inFlight, memory } = server;
  if (memory === undefined) {
    return;
  }
  const objectiveNs = objectiveOf(server);
  const aloneNs = runs[0]!.profile.ns.reduce((sum, each) => sum + each, 0);
  const takesNs = memory.expect(aloneNs, objectiveNs, inFlight);
  while (waiting.length > 0 && nowNs + takesNs > waiting[0]!.arrivalNs + objectiveNs) {
    refuse(waiting.shift()!, nowNs);
    memory.refuse();
  }
}

/** After which requests are late, where those are refused. */
export function objectiveOf({ policy }: Server): number {
  return policy.shed?.kind === "deadline" ? policy.shed.objectiveNs : Infinity;
}
