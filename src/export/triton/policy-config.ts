/** How a launcher policy treats one model, as the scheduling part of Triton's configuration of it. */
import type { ArtifactModelPolicy, ArtifactShed } from "../../artifact/launcher-policies.js";
import type { LauncherSection } from "../../artifact/launcher-section.js";
import { message, type TextField } from "./text-proto.js";

/** A model under a policy. */
export interface PolicyOfModel {
  readonly device: LauncherSection["device"]["kind"];
  readonly policy: ArtifactModelPolicy;
  readonly shed: ArtifactShed;
  readonly objectiveNs: number;
  /** Whether requests can be put together. */
  readonly isBatched: boolean;
  /** Threads of a session on a CPU; absent on a GPU. */
  readonly threads?: number;
  /** Whether all models together have a limit of tasks in flight. */
  readonly isLimited: boolean;
}

/** Fields of a `ModelConfig`, and what of the policy they do not say. */
export interface PolicyConfig {
  readonly fields: readonly TextField[];
  readonly losses: readonly string[];
}

/** The resource that every task takes one of where all models together have a limit. */
export const TASKS = "tasks";

/** The configuration of a policy. */
export function policyConfig(request: PolicyOfModel): PolicyConfig {
  const { policy, isBatched } = request;
  const queue = queueOf(request);
  const delayUs = Math.round(policy.periodNs / 1000);
  const delay: TextField | undefined =
    policy.batch > 1 && delayUs > 0 ? ["max_queue_delay_microseconds", delayUs] : undefined;
  const batching = message(delay, queue.field);
  return {
    fields: [
      ["max_batch_size", isBatched ? policy.batch : 0],
      ["instance_group", instances(request)],
      ...(isBatched ? ([["dynamic_batching", batching]] as const) : []),
      ...parameters(request),
    ],
    losses: [variantLoss(request), ...periodLoss(policy), ...queue.losses],
  };
}

function instances({ device, policy, isLimited }: PolicyOfModel) {
  const resource = message(["name", TASKS], ["global", true], ["count", 1]);
  return message(
    ["kind", { enum: device === "gpu" ? "KIND_GPU" : "KIND_CPU" }],
    ["count", policy.concurrency],
    device === "gpu" ? ["gpus", [0]] : undefined,
    isLimited ? ["rate_limiter", message(["resources", resource])] : undefined,
  );
}

function parameters({ threads }: PolicyOfModel): readonly TextField[] {
  return threads === undefined
    ? []
    : [
        [
          "parameters",
          message(
            ["key", "intra_op_thread_count"],
            ["value", message(["string_value", String(threads)])],
          ),
        ],
      ];
}

function variantLoss({ device, policy }: PolicyOfModel): string {
  return device === "gpu"
    ? `the operator schedule "${policy.variant}": streams and launch order are ONNX Runtime's own`
    : "which processor core a task runs on";
}

function periodLoss({ batch, periodNs }: ArtifactModelPolicy): readonly string[] {
  if (periodNs === 0) {
    return [];
  }
  return batch > 1
    ? [
        `the period of ${periodNs} ns between launches: the first request of a batch waits that long instead`,
      ]
    : [`the period of ${periodNs} ns between launches`];
}

/** The queue policy of a rule by which requests are refused. */
function queueOf({ shed, objectiveNs, isBatched }: PolicyOfModel): {
  readonly field: TextField | undefined;
  readonly losses: readonly string[];
} {
  if (shed.kind === "none") {
    return { field: undefined, losses: [] };
  }
  if (!isBatched) {
    return {
      field: undefined,
      losses: ["which requests are refused: a queue is not limited without batching"],
    };
  }
  switch (shed.kind) {
    case "newest":
      return { field: queuePolicy(["max_queue_size", shed.queue]), losses: [] };
    case "oldest":
      return {
        field: queuePolicy(["max_queue_size", shed.queue]),
        losses: [
          "which request is refused when the queue is full: the newest instead of the oldest",
        ],
      };
    case "deadline":
      return {
        field: queuePolicy(
          ["timeout_action", { enum: "REJECT" }],
          ["default_timeout_microseconds", Math.max(1, Math.floor(objectiveNs / 1000))],
        ),
        losses: [
          "when a request is refused: once it has waited for its whole objective, not when it will be late",
        ],
      };
  }
}

function queuePolicy(...fields: readonly TextField[]): TextField {
  return ["default_queue_policy", message(...fields)];
}
