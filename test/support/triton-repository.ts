/**
 * What Triton refuses of a model repository, as far as that can be told without the server: fields that its
 * published `model_config.proto` (repository `common`, July 2026) does not have, and rules that its
 * documentation states.
 */
import {
  messagesOf,
  type ReadMessage,
  type ReadValue,
  readTextProto,
  textsOf,
  wordsOf,
} from "./text-proto.js";

/** The kind of a field: text, whole number, boolean, one of an enumeration, or another message. */
type FieldKind = "text" | "integer" | "boolean" | readonly string[] | { readonly message: string };

const ONE_TYPE = [
  ...["BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64"],
  ...["FP16", "FP32", "FP64", "STRING", "BF16"],
].map((name) => `TYPE_${name}`);

const of = (message: string): FieldKind => ({ message });

/** Fields by message, of those messages that a schedule needs. `*` marks a repeated field. */
const FIELDS: Readonly<Record<string, Readonly<Record<string, FieldKind>>>> = {
  ModelConfig: {
    name: "text",
    platform: "text",
    backend: "text",
    max_batch_size: "integer",
    "input*": of("ModelInput"),
    "output*": of("ModelOutput"),
    "instance_group*": of("ModelInstanceGroup"),
    default_model_filename: "text",
    dynamic_batching: of("ModelDynamicBatching"),
    ensemble_scheduling: of("ModelEnsembling"),
    "parameters*": of("ParametersEntry"),
  },
  ModelInput: {
    name: "text",
    data_type: ONE_TYPE,
    "dims*": "integer",
    reshape: of("ModelTensorReshape"),
  },
  ModelOutput: {
    name: "text",
    data_type: ONE_TYPE,
    "dims*": "integer",
    reshape: of("ModelTensorReshape"),
  },
  ModelTensorReshape: { "shape*": "integer" },
  ModelInstanceGroup: {
    name: "text",
    kind: ["KIND_AUTO", "KIND_GPU", "KIND_CPU", "KIND_MODEL"],
    count: "integer",
    "gpus*": "integer",
    rate_limiter: of("ModelRateLimiter"),
  },
  ModelRateLimiter: { "resources*": of("Resource"), priority: "integer" },
  Resource: { name: "text", global: "boolean", count: "integer" },
  ModelDynamicBatching: {
    "preferred_batch_size*": "integer",
    max_queue_delay_microseconds: "integer",
    preserve_ordering: "boolean",
    default_queue_policy: of("ModelQueuePolicy"),
  },
  ModelQueuePolicy: {
    timeout_action: ["REJECT", "DELAY"],
    default_timeout_microseconds: "integer",
    allow_timeout_override: "boolean",
    max_queue_size: "integer",
  },
  ModelEnsembling: { "step*": of("Step"), max_inflight_requests: "integer" },
  Step: {
    model_name: "text",
    model_version: "integer",
    "input_map*": of("MapEntry"),
    "output_map*": of("MapEntry"),
  },
  MapEntry: { key: "text", value: "text" },
  ParametersEntry: { key: "text", value: of("ModelParameter") },
  ModelParameter: { string_value: "text" },
};

/** Parameters that the backend for ONNX Runtime knows. */
const PARAMETERS: ReadonlySet<string> = new Set(["intra_op_thread_count", "inter_op_thread_count"]);

/** Everything that is wrong with the configurations of a repository, by the name of the folder. */
export function repositoryProblems(configs: ReadonlyMap<string, string>): readonly string[] {
  const read = new Map([...configs].map(([name, text]) => [name, readTextProto(text)]));
  return [...read].flatMap(([name, config]) => [
    ...fieldProblems(config, "ModelConfig").map((problem) => `${name}: ${problem}`),
    ...modelProblems(name, config).map((problem) => `${name}: ${problem}`),
    ...messagesOf(config, "ensemble_scheduling").flatMap((scheduling) =>
      ensembleProblems(config, scheduling, read).map((problem) => `${name}: ${problem}`),
    ),
  ]);
}

function fieldProblems(message: ReadMessage, type: string): readonly string[] {
  const fields = FIELDS[type] ?? {};
  const count = new Map<string, number>();
  return message.flatMap(([name, value]) => {
    const kind = fields[`${name}*`] ?? fields[name];
    count.set(name, (count.get(name) ?? 0) + 1);
    if (kind === undefined) {
      return [`${type} has no field ${name}`];
    }
    if (fields[name] !== undefined && (count.get(name) ?? 0) > 1) {
      return [`${type}.${name} stands twice`];
    }
    return valueProblems(value, kind, `${type}.${name}`);
  });
}

function valueProblems(value: ReadValue, kind: FieldKind, where: string): readonly string[] {
  if (typeof kind === "object" && "message" in kind) {
    return "message" in value
      ? fieldProblems(value.message, kind.message)
      : [`${where}: no message`];
  }
  if (kind === "text") {
    return "text" in value ? [] : [`${where} is no text`];
  }
  const word = "word" in value ? value.word : "";
  const isRight =
    kind === "integer"
      ? /^-?\d+$/.test(word)
      : kind === "boolean"
        ? /^(true|false)$/.test(word)
        : kind.includes(word);
  return isRight ? [] : [`${where} cannot be ${JSON.stringify(value)}`];
}

function modelProblems(name: string, config: ReadMessage): readonly string[] {
  const [ensemble] = messagesOf(config, "ensemble_scheduling");
  const groups = messagesOf(config, "instance_group");
  const [batch = "0"] = wordsOf(config, "max_batch_size");
  const rules: readonly (readonly [boolean, string])[] = [
    [textsOf(config, "name")[0] === name, "is not called as its folder"],
    [
      textsOf(config, "platform")[0] === (ensemble === undefined ? undefined : "ensemble"),
      "has the wrong platform",
    ],
    [
      textsOf(config, "backend")[0] === (ensemble === undefined ? "onnxruntime" : undefined),
      "has the wrong backend",
    ],
    [ensemble === undefined || groups.length === 0, "is an ensemble with instances"],
    [
      messagesOf(config, "dynamic_batching").length === 0 || Number(batch) > 0,
      "batches without a size of batches",
    ],
    [
      groups.every(
        (group) =>
          Number(wordsOf(group, "count")[0]) > 0 &&
          (wordsOf(group, "kind")[0] !== "KIND_CPU" || wordsOf(group, "gpus").length === 0),
      ),
      "has instances of none, or GPUs for a CPU",
    ],
    [
      messagesOf(config, "parameters").every((entry) =>
        PARAMETERS.has(textsOf(entry, "key")[0] ?? ""),
      ),
      "has a parameter that its backend ignores",
    ],
    [
      [...messagesOf(config, "input"), ...messagesOf(config, "output")].every(
        (tensor) => wordsOf(tensor, "dims").length > 0,
      ),
      "has a tensor without dims",
    ],
  ];
  return rules.flatMap(([holds, problem]) => (holds ? [] : [problem]));
}

/** Steps must name models of the repository and map all their tensors; every tensor is made once. */
function ensembleProblems(
  config: ReadMessage,
  scheduling: ReadMessage,
  models: ReadonlyMap<string, ReadMessage>,
): readonly string[] {
  const namesOf = (message: ReadMessage, field: string): readonly string[] =>
    messagesOf(message, field).flatMap((tensor) => textsOf(tensor, "name"));
  const problems: string[] = [];
  const made = new Set(namesOf(config, "input"));
  for (const step of messagesOf(scheduling, "step")) {
    const [model = ""] = textsOf(step, "model_name");
    const stage = models.get(model) ?? [];
    for (const side of ["input", "output"] as const) {
      const entries = messagesOf(step, `${side}_map`);
      const keys = entries.flatMap((entry) => textsOf(entry, "key"));
      const tensors = entries.flatMap((entry) => textsOf(entry, "value"));
      if ([...keys].sort().join("\n") !== [...namesOf(stage, side)].sort().join("\n")) {
        problems.push(`step ${model} does not map its ${side}s`);
      }
      problems.push(
        ...tensors
          .filter((tensor) => made.has(tensor) === (side === "output"))
          .map((tensor) => `step ${model}: tensor ${tensor} is made twice or too late`),
      );
      if (side === "output") {
        for (const tensor of tensors) {
          made.add(tensor);
        }
      }
    }
  }
  const missing = namesOf(config, "output").filter((name) => !made.has(name));
  return [...problems, ...missing.map((name) => `output ${name} is never made`)];
}
