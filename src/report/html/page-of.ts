import type { ScheduleArtifact } from "../../artifact/artifact.js";
import type { OperatorGraph } from "../../ir/operator-graph.js";
import type { Placement } from "../../placement/placement.js";
import { sizesByData } from "../sizes-by-data.js";
import { launcherSections } from "./launcher-sections.js";
import { operatorsSections } from "./operators-sections.js";
import type { Page, PageSection } from "./page-section.js";
import { pipelineSections } from "./pipeline-sections.js";
import { provenanceSection } from "./provenance-section.js";

/** What a page is made from, beside the artifact. */
export interface PageSources {
  /** Base name of the artifact's file. */
  readonly name: string;
  /** The placement of the `pipeline` section; absent where there is no such section. */
  readonly placement: Placement | undefined;
  /** The operators of the model, if it is there. */
  readonly model: OperatorGraph | undefined;
  readonly notes: readonly string[];
}

/** The page about an artifact. Cost: that of its graph, seconds at most. */
export function pageOf(artifact: ScheduleArtifact, sources: PageSources): Page {
  const { operators, device } = artifact;
  const { placement } = sources;
  const sections = sectionsOf(artifact, sources);
  const byData = operators === undefined ? sizesByData(artifact.provenance.dataSizes) : undefined;
  return {
    title: sources.name,
    subtitle: [
      sections.map(({ title }) => title)[0] ?? "",
      ...(device === undefined ? [] : [`on ${device.name}`]),
    ].join(" "),
    notes: [...sources.notes, ...(byData === undefined ? [] : [`sizes by data: ${byData}`])],
    sections: [...sections, provenanceSection(artifact.provenance)],
    unit: placement?.timeUnit ?? "ns",
  };
}

function sectionsOf(
  artifact: ScheduleArtifact,
  { placement, model }: PageSources,
): readonly PageSection[] {
  const { operators, pipeline, launcher } = artifact;
  if (launcher !== undefined) {
    return launcherSections(launcher);
  }
  if (operators !== undefined) {
    return operatorsSections(artifact, operators, model);
  }
  return pipeline === undefined || placement === undefined
    ? []
    : pipelineSections(artifact, pipeline, placement, model);
}
