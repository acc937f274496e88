import { type DocumentKind, type DocumentWording, parseDocument } from "../core/json-document.js";
import {
  dictionary,
  integer,
  type JsonProblem,
  list,
  object,
  oneOf,
  optional,
  type Shape,
  text,
} from "../core/json-shape.js";
import type { Result } from "../core/result.js";
import { type Json, stableJson } from "../core/stable-json.js";
import type { ArtifactDevice, Provenance, ProvenanceInput, ScheduleArtifact } from "./artifact.js";
import { artifactInvalid, artifactNotJson } from "./failures.js";
import { encodeOperatorsSection, operatorsSectionShape } from "./operators-section.js";
import { encodePipelineSection, pipelineSectionShape } from "./pipeline-section.js";
import { withPresentNames } from "./recorded-options.js";
import { encodeStagesSection, stagesSectionShape } from "./stages-section.js";

const FORMAT = "top-compile/schedule";
const VERSION = 1;

interface ArtifactFile extends ScheduleArtifact {
  readonly format: typeof FORMAT;
  readonly version: typeof VERSION;
}

/** Options are recorded, not interpreted: plain values and lists of texts. */
const OPTION: Shape<Json> = (value, pointer, problems) => {
  const isPlain = ["string", "number", "boolean"].includes(typeof value);
  if (isPlain || (Array.isArray(value) && value.every((item) => typeof item === "string"))) {
    return value as Json;
  }
  problems.push({ pointer, message: "must be text, a number, true, false or a list of texts" });
  return undefined;
};

const ARTIFACT: Shape<ArtifactFile> = object<ArtifactFile>({
  format: oneOf(FORMAT),
  version: oneOf(VERSION),
  provenance: object<Provenance>({
    tool: text(200),
    inputs: list(
      object<ProvenanceInput>({
        role: oneOf("model", "profile", "placement", "device"),
        name: text(),
        sha256: digest,
      }),
      1000,
    ),
    seed: integer(),
    options: dictionary(OPTION),
  }),
  device: optional(
    object<ArtifactDevice>({ name: text(500), source: oneOf("measured", "estimated") }),
  ),
  operators: optional(operatorsSectionShape),
  stages: optional(stagesSectionShape),
  pipeline: optional(pipelineSectionShape),
});

function digest(value: unknown, pointer: string, problems: JsonProblem[]): string | undefined {
  if (typeof value === "string" && /^[0-9a-f]{64}$/.test(value)) {
    return value;
  }
  problems.push({ pointer, message: "must be 64 lower-case hexadecimal digits" });
  return undefined;
}

/** Longest artifact that is read: about five million block instances. */
export const MAX_ARTIFACT_BYTES: number = 500 << 20;

/** The bytes of an artifact. Ensures: the same artifact gives the same bytes everywhere. */
export function encodeArtifact(artifact: ScheduleArtifact): string {
  const { provenance, device, operators, stages, pipeline } = artifact;
  return stableJson({
    format: FORMAT,
    version: VERSION,
    provenance: {
      tool: provenance.tool,
      inputs: provenance.inputs.map(({ role, name, sha256 }) => ({ role, name, sha256 })),
      seed: provenance.seed,
      options: provenance.options,
    },
    device: device === undefined ? undefined : { name: device.name, source: device.source },
    operators: operators === undefined ? undefined : encodeOperatorsSection(operators),
    stages: stages === undefined ? undefined : encodeStagesSection(stages),
    pipeline: pipeline === undefined ? undefined : encodePipelineSection(pipeline),
  });
}

/**
 * Reads the text of an artifact.
 *
 * Ensures: `encodeArtifact` of the result gives the text again if this version wrote it.
 * Fails: `schedule-not-json`; `schedule-invalid` once per problem, with its JSON pointer.
 */
export function parseArtifact(source: string, file: string): Result<ScheduleArtifact> {
  const wording: DocumentWording = {
    notJson: (reason) => artifactNotJson(file, reason),
    invalid: (problem) => artifactInvalid(file, problem),
  };
  return parseDocument(source, KIND, withoutKind, wording);
}

const KIND: DocumentKind<ArtifactFile> = { format: FORMAT, version: VERSION, shape: ARTIFACT };

function withoutKind({ format: _, version: __, ...artifact }: ArtifactFile): ScheduleArtifact {
  const { provenance } = artifact;
  return {
    ...artifact,
    provenance: { ...provenance, options: withPresentNames(provenance.options) },
  };
}
