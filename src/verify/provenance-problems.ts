/** Contradictions between what an artifact says it was made from and what it holds. */

import type { ProvenanceInput, ScheduleArtifact } from "../artifact/artifact.js";
import { brokenChecks, type Check } from "../core/checks.js";
import { PIPELINE_ALGORITHMS } from "../schedule/pipeline-algorithm-names.js";
import { optionProblems, recordedAlgorithm, recordedMicroBatches } from "./option-problems.js";

/**
 * Contradictions between the provenance and the sections, each a sentence that begins with the place.
 *
 * Whether the seed or an option is the one that was given cannot be known without the inputs; whether
 * an option agrees with its consequences can.
 */
export function provenanceProblems(artifact: ScheduleArtifact): readonly string[] {
  return [
    ...inputProblems(artifact),
    ...givenProblems(artifact),
    ...optionProblems(artifact),
    ...sectionProblems(artifact),
    ...operatorOptionProblems(artifact),
    ...pipelineOptionProblems(artifact),
  ];
}

function inputProblems(artifact: ScheduleArtifact): string[] {
  const { inputs } = artifact.provenance;
  return inputs.flatMap(({ role, name }, at) => {
    const isServed = artifact.launcher !== undefined && (role === "model" || role === "profile");
    const isOne = role !== "input" && role !== "schedule" && !isServed;
    const twice = isOne && inputs.findIndex((each) => each.role === role) < at;
    return [
      ...(isPossible(role, artifact)
        ? []
        : [`/provenance/inputs/${at} has a role that such an artifact has no file of`]),
      ...(twice ? [`/provenance/inputs/${at} is a second ${role}`] : []),
      ...(/[/\\]/.test(name) ? [`/provenance/inputs/${at}/name is not a base name`] : []),
    ];
  });
}

/** Files of inputs are recorded twice: with their digest, and with the input that each is for. */
function givenProblems({ provenance }: ScheduleArtifact): string[] {
  const files = provenance.inputs.filter(({ role }) => role === "input");
  const { input = [] } = provenance.options;
  const isSameList =
    Array.isArray(input) &&
    input.length === files.length &&
    files.every(({ name }, at) => String(input[at]).endsWith(`=${name}`));
  return isSameList
    ? []
    : ["/provenance/options/input does not name the inputs of /provenance/inputs"];
}

/** The input files of each kind of artifact. */
function isPossible(role: ProvenanceInput["role"], artifact: ScheduleArtifact): boolean {
  const { provenance, operators, stages, launcher } = artifact;
  const device = String(provenance.options["device"]);
  switch (role) {
    case "model":
      return (operators ?? stages ?? launcher) !== undefined;
    case "input":
      return operators !== undefined || stages !== undefined;
    case "placement":
      return operators === undefined && launcher === undefined;
    case "profile":
      return (operators ?? stages) !== undefined || launcher?.device.kind === "cpu";
    case "arrivals":
      return launcher !== undefined;
    case "schedule":
      return artifact.imported !== undefined;
    case "device":
      return (operators ?? stages ?? launcher) !== undefined && !/^(cpu|cuda)$/.test(device);
  }
}

function sectionProblems(artifact: ScheduleArtifact): string[] {
  const { provenance, device, operators, stages, pipeline, imported, launcher } = artifact;
  const hasModel = provenance.inputs.some(({ role }) => role === "model");
  const isOfModel = (operators ?? stages ?? launcher) !== undefined;
  const checks: readonly Check[] = [
    [
      operators !== undefined && pipeline !== undefined,
      "/operators and /pipeline exclude each other",
    ],
    [
      launcher !== undefined && (operators ?? stages ?? pipeline) !== undefined,
      "/launcher excludes all other sections",
    ],
    [imported !== undefined && pipeline === undefined, "/imported has no /pipeline that it became"],
    [imported !== undefined && stages !== undefined, "/imported and /stages exclude each other"],
    [stages !== undefined && pipeline === undefined, "/stages has no /pipeline that runs them"],
    [
      device?.measuredBy !== undefined &&
        (device.source !== "measured" || !provenance.inputs.some(({ role }) => role === "profile")),
      "/device/measuredBy is there, but no measurement of another tool is an input",
    ],
    [isOfModel && device === undefined, "/device is missing: the times are of no device"],
    [!isOfModel && device !== undefined, "/device is there, but no time is of a device"],
    [stages !== undefined && !hasModel, "/provenance/inputs has no model, but /stages are of one"],
    [
      operators !== undefined && !hasModel,
      "/provenance/inputs has no model, but /operators are of one",
    ],
    [
      stages === undefined && pipeline !== undefined && hasModel,
      "/stages is missing, but /provenance/inputs has a model",
    ],
  ];
  return brokenChecks(checks);
}

function operatorOptionProblems({ provenance, operators, device }: ScheduleArtifact): string[] {
  if (operators === undefined) {
    return [];
  }
  const { options, inputs } = provenance;
  const { algorithm, batch, tasks, decision, gpu } = operators;
  const isAsked = decision.reason === "asked-for";
  const progress = tasks?.map((task) => String(task.progress));
  const hasProfile = inputs.some(({ role }) => role === "profile");
  const checks: readonly Check[] = [
    [
      isAsked !== (options["algorithm"] !== undefined),
      `/operators/decision/reason is "${decision.reason}", which /provenance/options/algorithm contradicts`,
    ],
    [
      isAsked && options["algorithm"] !== algorithm,
      `/operators/algorithm is "${algorithm}", but another one was requested`,
    ],
    [
      operators.merges !== undefined && options["merge-convolutions"] !== true,
      "/operators/merges is there, but /provenance/options/merge-convolutions is not",
    ],
    [options["batch"] !== batch, "/operators/batch is not the one of /provenance/options"],
    [
      !isSame(options["progress"], progress),
      "/operators/tasks does not have the progress of /provenance/options",
    ],
    [
      (options["device"] === "cpu") !== (gpu === undefined),
      "/operators/gpu and /provenance/options/device contradict each other",
    ],
    [
      (device?.source === "measured") !==
        (hasProfile || /^(cpu|cuda)$/.test(String(options["device"]))),
      `/device/source is "${device?.source}", which /provenance contradicts`,
    ],
  ];
  return brokenChecks(checks);
}

/** Algorithms whose schedules `quick` returns under their own names. */
const QUICK: readonly string[] = ["modulo", "greedy"];

function pipelineOptionProblems(artifact: ScheduleArtifact): string[] {
  const { pipeline, imported } = artifact;
  if (pipeline === undefined || imported !== undefined) {
    return [];
  }
  const { algorithm, microBatches } = pipeline;
  const asked = recordedAlgorithm(artifact);
  const isAsked = asked === algorithm || (asked === "quick" && QUICK.includes(algorithm));
  const isKnown = (PIPELINE_ALGORITHMS as readonly string[]).includes(algorithm);
  const checks: readonly Check[] = [
    [!isKnown || algorithm === "quick", `/pipeline/algorithm "${algorithm}" is unknown`],
    [!isAsked, `/pipeline/algorithm is "${algorithm}", but another one was requested`],
    [
      recordedMicroBatches(artifact) !== microBatches,
      "/pipeline/microBatches is not the number of /provenance/options",
    ],
  ];
  return brokenChecks(checks);
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
