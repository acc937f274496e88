/** Times of a pipeline that was run: what `run --json` printed, read again. */
import type { Failure, Failures } from "../core/failure.js";
import { list, object } from "../core/json-containers.js";
import { integer, type JsonProblem, number, text } from "../core/json-shape.js";
import { parseJson } from "../core/parse-json.js";
import { fail, ok, type Result } from "../core/result.js";
import type { ExportedPipeline } from "./export-format.js";
import { measuredInvalid } from "./failures.js";

/** One block of one micro-batch as it ran. */
export interface MeasuredBlock {
  readonly block: string;
  readonly device: string;
  readonly microBatch: number;
  /** Nanoseconds from the start of the first. */
  readonly startNs: number;
  readonly endNs: number;
}

/** Longest text of measured times that is read. */
export const MAX_MEASURED_BYTES: number = 500 << 20;

const NS = number(0, 2 ** 50);
const TIMELINE = list(
  object<MeasuredBlock & { readonly predictedStartNs: number; readonly predictedEndNs: number }>({
    block: text(),
    device: text(),
    microBatch: integer(0),
    startNs: NS,
    endNs: NS,
    predictedStartNs: NS,
    predictedEndNs: NS,
  }),
);

/** Problems that one reading reports at most. */
const MAX_PROBLEMS = 50;

/**
 * The measured blocks in the text that `run --json` printed of this pipeline: on every device one after the other.
 *
 * Fails: `export-measured-invalid`, once per problem, at most fifty.
 */
export function readMeasuredRun(
  source: string,
  file: string,
  pipeline: ExportedPipeline,
): Result<readonly MeasuredBlock[]> {
  const parsed = parseJson(source);
  if (!parsed.ok) {
    return fail([measuredInvalid(file, `is not JSON: ${parsed.problem.message}`)]);
  }
  const timeline = (parsed.value as { readonly timeline?: unknown } | null)?.timeline;
  if (timeline === undefined) {
    return fail([
      measuredInvalid(file, "has no timeline: it is not what run printed of a pipeline"),
    ]);
  }
  const problems: JsonProblem[] = [];
  const blocks = TIMELINE.read(timeline, "/timeline", problems) ?? [];
  const said = problems.map(({ pointer, message }) => `${pointer} ${message}`);
  const all = said.length > 0 ? said : timelineProblems(blocks, pipeline);
  const failures = all.slice(0, MAX_PROBLEMS).map((each): Failure => measuredInvalid(file, each));
  const [first, ...rest] = failures;
  return first === undefined ? ok(blocks) : fail<Failures>([first, ...rest]);
}

/** What of a timeline cannot be of the pipeline, each a sentence with its place. */
function timelineProblems(
  blocks: readonly MeasuredBlock[],
  { section, placement }: ExportedPipeline,
): readonly string[] {
  const devicesOf = new Map(
    placement.blocks.map(({ id, devices }) => [
      id,
      devices.map((device) => placement.devices[device]?.name ?? ""),
    ]),
  );
  const problems = blocks.flatMap(({ block, device, microBatch, startNs, endNs }, at) => {
    const devices = devicesOf.get(block);
    const wrong =
      devices === undefined
        ? `the pipeline has no block ${block}`
        : !devices.includes(device)
          ? `block ${block} is not on device ${device}`
          : microBatch >= section.microBatches
            ? `the pipeline has no micro-batch ${microBatch}`
            : endNs < startNs
              ? "ends before it starts"
              : undefined;
    return wrong === undefined ? [] : [`/timeline/${at}: ${wrong}`];
  });
  return problems.length > 0 ? problems : overlaps(blocks);
}

/** Blocks of one device that ran at the same time. */
function overlaps(blocks: readonly MeasuredBlock[]): readonly string[] {
  const last = new Map<string, MeasuredBlock>();
  const sorted = [...blocks].sort((a, b) => a.startNs - b.startNs || a.endNs - b.endNs);
  return sorted.flatMap((block) => {
    const before = last.get(block.device);
    last.set(block.device, block);
    return before === undefined || before.endNs <= block.startNs
      ? []
      : [
          `blocks ${before.block} and ${block.block} ran on device ${block.device} at the same time`,
        ];
  });
}
