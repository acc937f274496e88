import { encodeArtifact, parseArtifact } from "../../src/artifact/artifact-format.js";
import type { PipelineSection } from "../../src/artifact/pipeline-section.js";
import { verifyPipeline } from "../../src/verify/verify-pipeline.js";

/** What `verify` says against a section that was written and read again. */
export function verified(pipeline: PipelineSection): readonly string[] {
  const provenance = { tool: "t", inputs: [], seed: 1, options: {} };
  const read = parseArtifact(encodeArtifact({ provenance, pipeline }), "s.json");
  const section = read.ok ? read.value.pipeline : undefined;
  const result = section && verifyPipeline(section, "s.json");
  return result === undefined
    ? ["it cannot be read"]
    : result.ok
      ? []
      : result.error.map(({ message }) => message);
}
