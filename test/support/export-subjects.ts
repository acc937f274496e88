import type { ScheduleArtifact } from "../../src/artifact/artifact.js";
import type { PipelineSection } from "../../src/artifact/pipeline-section.js";
import { pipelineSectionOf } from "../../src/artifact/pipeline-section-of.js";
import type { Result } from "../../src/core/result.js";
import type {
  Exported,
  Exporter,
  ExportFile,
  ExportOptions,
  ExportSubject,
} from "../../src/export/export-format.js";
import type { Placement } from "../../src/placement/placement.js";
import type { BlockInstance } from "../../src/schedule/pipeline-schedule.js";
import { unrollPeriodic } from "../../src/schedule/unroll-periodic.js";

const OPTIONS: ExportOptions = { computeOnly: false };

/** What an exporter gets for an artifact that is no pipeline. */
export function subjectOf(artifact: ScheduleArtifact, name: string = "out"): ExportSubject {
  return {
    file: "a.schedule.json",
    artifact,
    name,
    options: OPTIONS,
    loadModel: () => Promise.reject(new Error("no format here loads a model")),
    loadServed: () => Promise.reject(new Error("no format here loads a model")),
  };
}

/** The same for a pipeline: the serial schedule of the placement, block after block, `microBatches` times. */
export function serialSubject(
  placement: Placement,
  microBatches: number,
  options: Partial<ExportOptions> = {},
): ExportSubject {
  let time = 0;
  const repetend = placement.blocks.map((_, block) => ({ block, residue: 0, offset: 0, shift: 0 }));
  for (const block of serialOrder(placement)) {
    const ready = placement.dependencies
      .filter(({ to }) => to === block)
      .map(({ from, latency }) => {
        return repetend[from]!.offset + placement.blocks[from]!.duration + latency;
      });
    const start = Math.max(time, ...ready);
    repetend[block] = { block, residue: 0, offset: start, shift: 0 };
    time = start + placement.blocks[block]!.duration;
  }
  const periodic = { period: time, microBatchesPerPeriod: 1, repetend };
  const whole = unrollPeriodic(placement, periodic, microBatches);
  return pipelineSubject(placement, whole.instances, {
    ...options,
    periodic,
    makespan: whole.makespan,
    microBatches,
  });
}

interface SubjectParts extends Partial<ExportOptions> {
  readonly periodic: Parameters<typeof pipelineSectionOf>[1]["periodic"];
  readonly makespan: number;
  readonly microBatches: number;
}

/** A pipeline of these instances. */
export function pipelineSubject(
  placement: Placement,
  instances: readonly BlockInstance[],
  { periodic, makespan, microBatches, ...options }: SubjectParts,
): ExportSubject {
  const section = pipelineSectionOf(placement, {
    algorithm: "serial",
    periodic,
    periodLowerBound: 0,
    boundEach: { numerator: 0, denominator: 1 },
    status: "heuristic",
    boundedBy: { kind: "search", blocks: [] },
    whole: { microBatches, makespan, instances },
    makespanLowerBound: 0,
    makespanStatus: "heuristic",
    nodes: 0,
    isCutShort: false,
  });
  const provenance = { tool: "top-compile 0.1.0", inputs: [], seed: 1, options: {} };
  return {
    ...subjectOf({ provenance, pipeline: section }),
    pipeline: { section, placement },
    options: { ...OPTIONS, ...options },
  };
}

/** Blocks so that each stands behind what it depends on. */
function serialOrder({ blocks, dependencies }: Placement): readonly number[] {
  const order: number[] = [];
  while (order.length < blocks.length) {
    const next = blocks.findIndex(
      (_, at) =>
        !order.includes(at) &&
        dependencies.every(({ from, to }) => to !== at || order.includes(from)),
    );
    order.push(next);
  }
  return order;
}

/** What an exporter made. Throws where it failed. */
export async function exportedBy(
  exporter: Exporter,
  subject: ExportSubject,
): Promise<Exported & { readonly text: string }> {
  const result: Result<Exported> = await exporter(subject);
  if (!result.ok) {
    throw new Error(result.error.map(({ code, message }) => `${code}: ${message}`).join("\n"));
  }
  return { ...result.value, text: textOf(result.value.files[0]) };
}

/** The text of a file. Throws where it is none. */
export function textOf(file: ExportFile | undefined): string {
  if (file === undefined || !("content" in file) || typeof file.content !== "string") {
    throw new Error("the main file is no text");
  }
  return file.content;
}

/**
 * A pipeline in any order that dependencies allow: of the instances that can start, `choose` names the next one, and it
 * starts as early as its device is free. Memory is not looked at.
 */
export function orderedSubject(
  placement: Placement,
  microBatches: number,
  choose: (count: number) => number,
): ExportSubject {
  const { blocks, dependencies } = placement;
  const free = placement.devices.map(() => 0);
  const ends = new Map<string, number>();
  const left = Array.from({ length: microBatches }, (_, microBatch) =>
    blocks.map((_, block) => ({ block, microBatch })),
  ).flat();
  const instances: BlockInstance[] = [];
  const before = (block: number) => dependencies.filter(({ to }) => to === block);
  while (left.length > 0) {
    const ready = left.filter(({ block, microBatch }) =>
      before(block).every(({ from }) => ends.has(`${from} ${microBatch}`)),
    );
    const next = ready[choose(ready.length)]!;
    left.splice(left.indexOf(next), 1);
    const { devices, duration } = blocks[next.block]!;
    const start = Math.max(
      ...devices.map((device) => free[device]!),
      ...before(next.block).map(
        ({ from, latency }) => ends.get(`${from} ${next.microBatch}`)! + latency,
      ),
    );
    for (const device of devices) {
      free[device] = start + duration;
    }
    ends.set(`${next.block} ${next.microBatch}`, start + duration);
    instances.push({ ...next, start, end: start + duration, phase: "repetend" });
  }
  const section: PipelineSection = {
    ...serialSubject(placement, 1).pipeline!.section,
    microBatches,
    makespan: Math.max(...free),
    instances: instances
      .sort((a, b) => a.start - b.start || a.block - b.block || a.microBatch - b.microBatch)
      .map(({ block, ...rest }) => ({ ...rest, block: blocks[block]!.id })),
  };
  const provenance = { tool: "top-compile 0.1.0", inputs: [], seed: 1, options: {} };
  return { ...subjectOf({ provenance, pipeline: section }), pipeline: { section, placement } };
}
