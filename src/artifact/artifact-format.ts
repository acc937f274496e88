import { dictionary, list, object, optional } from "../core/json-containers.js";
import {
  type DocumentKind,
  type DocumentWording,
  defineDocument,
  encodeDocument,
  parseDocument,
} from "../core/json-document.js";
import { custom, integer, oneOf, problem, type Shape, text, textLike } from "../core/json-shape.js";
import type { Result } from "../core/result.js";
import type { Json } from "../core/stable-json.js";
import { ELEMENT_TYPES, type ElementType, isElementType } from "../ir/element-type.js";
import type { DataSize } from "../onnx/data-sizes.js";
import { MAX_RANK } from "../onnx/infer/fact.js";
import type { ArtifactDevice, Provenance, ProvenanceInput, ScheduleArtifact } from "./artifact.js";
import { artifactInvalid, artifactNotJson } from "./failures.js";
import { importedSectionShape } from "./imported-section.js";
import { launcherSectionShape } from "./launcher-section.js";
import { operatorsSectionShape } from "./operators-section.js";
import { pipelineSectionShape } from "./pipeline-section.js";
import { withPresentNames } from "./recorded-options.js";
import { stagesSectionShape } from "./stages-section.js";

/** Options are recorded, not interpreted: plain values and lists of texts. */
const OPTION: Shape<Json> = custom(
  (value, pointer, problems) => {
    const isPlain = ["string", "number", "boolean"].includes(typeof value);
    return isPlain || (Array.isArray(value) && value.every((item) => typeof item === "string"))
      ? (value as Json)
      : problem(problems, pointer, "must be text, a number, true, false or a list of texts");
  },
  {
    anyOf: [
      { type: ["string", "number", "boolean"] },
      { type: "array", items: { type: "string" } },
    ],
  },
);

const ELEMENT_TYPE: Shape<ElementType> = custom(
  (value, pointer, problems) =>
    typeof value === "string" && isElementType(value)
      ? value
      : problem(problems, pointer, "must be an element type, such as int64"),
  { enum: [...ELEMENT_TYPES] },
);

/** The file format `top-compile/schedule`, version 1. */
export const SCHEDULE_KIND: DocumentKind<ScheduleArtifact> = defineDocument<ScheduleArtifact>(
  {
    format: "top-compile/schedule",
    version: 1,
    description:
      "How a model runs on a device: what `top-compile` writes. Keys are in the order of this schema; times are integer nanoseconds; no time of day, host name or absolute path is part of it.",
  },
  {
    provenance: object<Provenance>({
      tool: text(200).describe("Name and version of the tool."),
      inputs: list(
        object<ProvenanceInput>({
          role: oneOf("model", "profile", "placement", "device", "input", "arrivals", "schedule"),
          name: text().describe("Base name of the file."),
          sha256: textLike(/^[0-9a-f]{64}$/, "must be 64 lower-case hexadecimal digits"),
        }),
        10_000,
      ),
      seed: integer(),
      options: dictionary(OPTION).describe("Options that influence the result, by long name."),
      dataSizes: optional(
        list(
          object<DataSize>({
            tensor: text(),
            elementType: ELEMENT_TYPE,
            dims: list(integer(0), MAX_RANK),
            source: oneOf("run", "bound").describe(
              "Whether a run had these sizes, or none can have larger ones.",
            ),
          }).named("dataSize"),
          100_000,
          1,
        ).describe("Tensors whose sizes depend on data, and the sizes that the times are of."),
      ),
    })
      .describe("What the schedule was made from, and by what.")
      .named("provenance"),
    device: optional(
      object<ArtifactDevice>({
        name: text(500),
        source: oneOf("measured", "estimated").describe(
          "Whether its operators were timed, or their times are a model's.",
        ),
        measuredBy: optional(text(200).describe("The tool that measured, if it was another one.")),
        costModel: optional(
          integer(1, 1_000_000).describe("Of estimates: the version of the cost model; absent: 1."),
        ),
      }).describe("The device that the times are of."),
    ),
    operators: optional(operatorsSectionShape),
    stages: optional(stagesSectionShape),
    pipeline: optional(pipelineSectionShape),
    imported: optional(importedSectionShape),
    launcher: optional(launcherSectionShape),
  },
);

/** Longest artifact that is read: about five million block instances. */
export const MAX_ARTIFACT_BYTES: number = 500 << 20;

/**
 * The bytes of an artifact.
 *
 * Ensures: the same artifact gives the same bytes everywhere. Throws `InternalError` for an artifact
 * that `parseArtifact` would refuse.
 */
export function encodeArtifact(artifact: ScheduleArtifact): string {
  return encodeDocument(artifact, SCHEDULE_KIND);
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
  return parseDocument(source, SCHEDULE_KIND, withNamesOfToday, wording);
}

function withNamesOfToday(artifact: ScheduleArtifact): ScheduleArtifact {
  const { provenance } = artifact;
  const options = withPresentNames(provenance.options);
  return { ...artifact, provenance: { ...provenance, options } };
}
