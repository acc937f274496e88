/**
 * A schedule as a trace in the format of Chrome: a process for what was predicted and one for what was measured, a
 * thread for each stream or device, slices for operators or block instances, arrows for what waits for what, counters
 * for memory.
 *
 * Times are microseconds with three decimals, so nanoseconds are exact; an abstract step is shown as a microsecond.
 * An arrow leaves in the last nanosecond of its slice, as viewers bind it to the slice around it. Everything that
 * viewers do not show of the schedule is under `otherData`, so that the schedule can be made of the trace again.
 */
import type { ScheduleArtifact } from "../artifact/artifact.js";
import { encodeArtifact } from "../artifact/artifact-format.js";
import { blockPositions, wholeOf } from "../artifact/section-schedules.js";
import { timedLaunches } from "../artifact/timed-launches.js";
import { present } from "../core/invariant.js";
import { fail, ok, type Result } from "../core/result.js";
import { waitedFor } from "../placement/micro-batches.js";
import { simulatePipeline } from "../schedule/simulate-pipeline.js";
import type { Exported, ExportedPipeline, ExportSubject } from "./export-format.js";
import { timesMissing } from "./failures.js";
import { linesWithin } from "./lines-within.js";
import type { MeasuredBlock } from "./measured-run.js";
import {
  counter,
  type Flow,
  flowEvents,
  type Moment,
  processEvents,
  slice,
  type TraceEvent,
  threadEvents,
} from "./trace-events.js";

const PREDICTED = 1;
const MEASURED = 2;
/** How traces of ours begin. */
const MARK = /^\{"displayTimeUnit":"ns","otherData":\{"format":"top-compile\/trace",/;

/** The trace of a schedule. Fails: `export-times-missing`; `export-too-large`. */
export function exportChromeTrace(subject: ExportSubject): Result<Exported> {
  const { file, name, artifact, pipeline } = subject;
  const events =
    pipeline === undefined ? operatorEvents(artifact) : pipelineEvents(pipeline, subject);
  if (events === undefined) {
    return fail([timesMissing(file, "chrome-trace")]);
  }
  const lines = events.map((event) => JSON.stringify(event));
  const content = linesWithin(
    [
      `{"displayTimeUnit":"ns","otherData":${JSON.stringify(otherData(subject))},"traceEvents":[`,
      ...lines.map((line, at) => (at === lines.length - 1 ? line : `${line},`)),
      "]}",
    ],
    file,
    "chrome-trace",
  );
  return content.ok
    ? ok({
        files: [{ name, content: content.value, mark: MARK }],
        notes: ["open it in https://ui.perfetto.dev, chrome://tracing or speedscope"],
      })
    : content;
}

/** The schedule file without what the events say. */
function otherData({ artifact, pipeline }: ExportSubject): object {
  const { operators, pipeline: section } = artifact;
  const rest: ScheduleArtifact = {
    ...artifact,
    ...(operators === undefined ? {} : { operators: { ...operators, launches: [] } }),
    ...(section === undefined ? {} : { pipeline: { ...section, instances: [] } }),
  };
  const microsecond = pipeline?.placement.timeUnit === "step" ? "step" : "1000 ns";
  return {
    format: "top-compile/trace",
    version: 1,
    microsecond,
    schedule: JSON.parse(encodeArtifact(rest)) as unknown,
  };
}

/** `undefined` where nothing is predicted. */
function operatorEvents(artifact: ScheduleArtifact): readonly TraceEvent[] | undefined {
  const operators = present(artifact.operators, "operators section");
  const launches = timedLaunches(operators);
  if (launches === undefined) {
    return undefined;
  }
  const streams = [...new Set(launches.map(({ stream }) => stream))].sort((a, b) => a - b);
  const tid = (stream: number): number => stream + 1;
  const by = new Map(launches.map((launch) => [launch.operator, launch]));
  const at = (operator: string): Moment => {
    const { stream, startNs, endNs } = present(by.get(operator), "launch");
    return { pid: PREDICTED, tid: tid(stream), start: startNs, end: endNs };
  };
  const flows = launches.flatMap(({ operator, waits }) =>
    waits.map((from) => ({ from: at(from), to: at(operator) })),
  );
  return [
    ...processEvents(PREDICTED, `predicted: ${artifact.device?.name ?? "operators"}`),
    ...streams.flatMap((stream) => threadEvents(PREDICTED, tid(stream), `stream ${stream}`)),
    ...launches.map(({ operator, waits, record, aloneNs }) =>
      slice(at(operator), operator, "operator", {
        waits,
        record,
        ...(aloneNs === undefined ? {} : { aloneNs }),
      }),
    ),
    ...flowEvents("wait", flows),
    ...useEvents(operators.gpu?.usePercent ?? {}, operators.latencyNs.predicted ?? 0),
  ];
}

/** Counters of the use of a GPU in equal slices of the latency. */
function useEvents(
  use: Readonly<Record<string, readonly number[]>>,
  latencyNs: number,
): readonly TraceEvent[] {
  return Object.entries(use).flatMap(([name, percents]) =>
    percents.map((percent, at) =>
      counter(PREDICTED, `${name} percent`, Math.round((latencyNs * at) / percents.length), {
        use: percent,
      }),
    ),
  );
}

function pipelineEvents(
  { section, placement }: ExportedPipeline,
  { options: { measured } }: ExportSubject,
): readonly TraceEvent[] {
  const scale = placement.timeUnit === "step" ? 1000 : 1;
  const blocks = new Map(placement.blocks.map((block) => [block.id, block]));
  const slices = section.instances.flatMap(({ block, microBatch, start, end, phase }) => {
    const { kind, devices, memory, workspace } = present(blocks.get(block), "block");
    return devices.map((device) =>
      slice(
        { pid: PREDICTED, tid: device + 1, start: start * scale, end: end * scale },
        `${block}.${microBatch}`,
        kind,
        { block, microBatch, phase, memory, workspace },
      ),
    );
  });
  const spans = section.instances.map(
    ({ block, microBatch, start, end }) =>
      [`${microBatch} ${block}`, { start: start * scale, end: end * scale }] as const,
  );
  return [
    ...deviceThreads(PREDICTED, "predicted", placement),
    ...slices,
    ...flowEvents("dependency", dependencyFlows({ section, placement }, PREDICTED, new Map(spans))),
    ...memoryEvents({ section, placement }, scale),
    ...(measured === undefined ? [] : measuredEvents(measured, { section, placement })),
  ];
}

/** The pipeline as it ran, as the second process. */
function measuredEvents(
  measured: readonly MeasuredBlock[],
  pipeline: ExportedPipeline,
): readonly TraceEvent[] {
  const { placement } = pipeline;
  const kinds = new Map(placement.blocks.map(({ id, kind }) => [id, kind]));
  const tids = new Map(placement.devices.map(({ name }, at) => [name, at + 1]));
  const rounded = measured.map(({ startNs, endNs, ...rest }) => ({
    ...rest,
    start: Math.round(startNs),
    end: Math.round(endNs),
  }));
  const spans = rounded.map(
    ({ block, microBatch, start, end }) => [`${microBatch} ${block}`, { start, end }] as const,
  );
  return [
    ...deviceThreads(MEASURED, "measured", placement),
    ...rounded.map(({ block, device, microBatch, start, end }) =>
      slice(
        { pid: MEASURED, tid: tids.get(device) ?? 0, start, end },
        `${block}.${microBatch}`,
        kinds.get(block) ?? "other",
        { block, microBatch },
      ),
    ),
    ...flowEvents("dependency", dependencyFlows(pipeline, MEASURED, new Map(spans))),
  ];
}

/** Dependencies between blocks that share no device: what has to be sent, for every micro-batch that ran. */
function dependencyFlows(
  { section: { microBatches }, placement }: ExportedPipeline,
  pid: number,
  spans: ReadonlyMap<string, { readonly start: number; readonly end: number }>,
): readonly Flow[] {
  const { blocks, dependencies } = placement;
  const sent = dependencies.flatMap((dependency) => {
    const { from, to } = dependency;
    const [source, target] = [blocks[from], blocks[to]];
    const isLocal = source?.devices.some((device) => target?.devices.includes(device)) ?? true;
    return source === undefined || target === undefined || isLocal
      ? []
      : [{ dependency, source, target }];
  });
  return Array.from({ length: microBatches }, (_, microBatch) =>
    sent.flatMap(({ dependency, source, target }): Flow[] => {
      const to = spans.get(`${microBatch} ${target.id}`);
      const tid = (devices: readonly number[]): number => (devices[0] ?? 0) + 1;
      const waits = waitedFor(placement, dependency, microBatch, microBatches);
      return waits.flatMap((each): Flow[] => {
        const from = spans.get(`${each} ${source.id}`);
        return from === undefined || to === undefined
          ? []
          : [
              {
                from: { pid, tid: tid(source.devices), ...from },
                to: { pid, tid: tid(target.devices), ...to },
              },
            ];
      });
    }),
  ).flat();
}

/** Memory of every device over time. */
function memoryEvents({ section, placement }: ExportedPipeline, scale: number): TraceEvent[] {
  const whole = wholeOf(section, blockPositions(placement));
  return simulatePipeline(placement, whole).flatMap(({ memory }, device) => {
    const { name, reserved = 0 } = present(placement.devices[device], "device");
    return memory.map(({ time, memory: held }) =>
      counter(PREDICTED, `memory of ${name}`, time * scale, { held: held + reserved }),
    );
  });
}

function deviceThreads(
  pid: number,
  what: string,
  { devices }: ExportedPipeline["placement"],
): readonly TraceEvent[] {
  return [
    ...processEvents(pid, `${what}: pipeline`),
    ...devices.flatMap(({ name }, at) => threadEvents(pid, at + 1, name)),
  ];
}
