/**
 * Profiles of ONNX Runtime (`enable_profiling`): what the nodes of the optimized model took.
 *
 * On a CPU a Node event is the time of its kernel. On a GPU it is the time of launching it, and the
 * kernel's own time is in the Kernel events that follow, which only builds with CUDA profiling write.
 */

import { listItems, wholeSpan } from "../../core/json-items.js";
import { fail, ok, type Result } from "../../core/result.js";
import {
  type JsonRecord,
  MAX_EVENTS,
  MAX_NAMES,
  readingSource,
  recordOf,
  type SourceFile,
  SourceProblem,
  timeIn,
} from "../../import/read-problem.js";
import { timingOf } from "../timing.js";
import { commonLaunches } from "./common-launches.js";
import { importLaunchTimesOnly, importNothingMeasured } from "./failures.js";
import type {
  ImportedKernel,
  ImportedLaunch,
  ImportedPart,
  ImportedSource,
} from "./imported-part.js";
import { namesOfKernel } from "./runtime-names.js";

const US = 1000;
const CPU = "CPUExecutionProvider";
const SUFFIX = "_kernel_time";

interface Interval {
  readonly startNs: number;
  readonly endNs: number;
}

/** One execution of a node, and its kernels on a GPU. */
interface Execution extends Interval {
  readonly node: NodeEvents;
  readonly thread: unknown;
  readonly kernels: { readonly ns: number; readonly kernel: ImportedKernel }[];
}

interface NodeEvents {
  readonly name: string;
  readonly type: string;
}

interface Events {
  readonly runs: readonly Interval[];
  readonly executions: readonly Execution[];
  /** A provider other than the CPU's, if there is one. */
  readonly provider: string | undefined;
  readonly threads: number;
}

/**
 * Reads a profile. Runs but the first are counted; where none is marked, all events are.
 *
 * Fails: `import-malformed`, `import-launch-times-only`, `import-nothing-measured`.
 */
export function readOnnxRuntime(file: SourceFile): Result<ImportedSource> {
  const read = readingSource(file, () => ok(eventsIn(file)));
  if (!read.ok) {
    return read;
  }
  const { executions, provider, threads } = read.value;
  if (provider !== undefined && !executions.some(({ kernels }) => kernels.length > 0)) {
    return fail([importLaunchTimesOnly(file.path, provider)]);
  }
  const isGpu = provider !== undefined;
  const parts = partsOf(read.value, isGpu);
  const totalNs = parts.reduce((sum, { wholeNs }) => sum + wholeNs, 0);
  if (totalNs === 0) {
    return fail([importNothingMeasured(file.path, "Node event that takes time")]);
  }
  return ok({
    tool: "onnxruntime",
    measuredBy: "ONNX Runtime",
    kind: isGpu ? "gpu" : "cpu",
    resolutionNs: US,
    includesGaps: false,
    hasQuantiles: true,
    threads: isGpu ? 1 : threads,
    parts,
    totalNs,
    notes:
      isGpu || threads === 1
        ? []
        : [
            `${threads} threads worked inside each operator: nothing runs beside them; record with intra_op_num_threads = 1 for schedules over several workers`,
          ],
  });
}

function eventsIn(file: SourceFile): Events {
  const runs: Interval[] = [];
  const nodes = new Map<string, NodeEvents>();
  const executions: Execution[] = [];
  let provider: string | undefined;
  let threads = 1;
  let index = 0;
  for (const item of listItems(file.text, wholeSpan(file.text))) {
    const event = recordOf(item);
    const place = `event ${++index}`;
    if (event === undefined) {
      throw new SourceProblem(file, place, "must be an object");
    }
    if (index > MAX_EVENTS) {
      throw new SourceProblem(file, place, `is beyond ${MAX_EVENTS} events: record fewer runs`);
    }
    if (nodes.size > MAX_NAMES) {
      throw new SourceProblem(file, place, `is of more than ${MAX_NAMES} different nodes`);
    }
    const { cat, name } = event;
    const args = recordOf(event["args"]) ?? {};
    if (name === "model_run") {
      runs.push(intervalOf(file, place, event));
    } else if (cat === "Node" && typeof name === "string" && name.endsWith(SUFFIX)) {
      const node = nodeNamed(nodes, name.slice(0, -SUFFIX.length), args["op_name"]);
      const interval = intervalOf(file, place, event);
      executions.push({ ...interval, node, thread: event["tid"], kernels: [] });
      const by = args["provider"];
      provider ??= typeof by === "string" && by !== "" && by !== CPU ? by : undefined;
      threads = Math.max(threads, threadsIn(args["thread_scheduling_stats"]));
    } else if (cat === "Kernel") {
      // It belongs to the node whose event stands before it.
      const ns = timeIn(file, `${place}, dur`, event["dur"], US);
      executions.at(-1)?.kernels.push({ ns, kernel: kernelIn(String(name), args) });
    }
  }
  return { runs, executions, provider, threads };
}

function nodeNamed(nodes: Map<string, NodeEvents>, name: string, type: unknown): NodeEvents {
  const node = nodes.get(name) ?? { name, type: typeof type === "string" ? type : "" };
  nodes.set(name, node);
  return node;
}

function intervalOf(file: SourceFile, place: string, event: JsonRecord): Interval {
  const startNs = timeIn(file, `${place}, ts`, event["ts"], US);
  return { startNs, endNs: startNs + timeIn(file, `${place}, dur`, event["dur"], US) };
}

/** Threads that worked on a node: the one that ran it, and those of the pool that it lists. */
function threadsIn(stats: unknown): number {
  return 1 + Object.keys(recordOf(recordOf(stats)?.["sub_threads"]) ?? {}).length;
}

function kernelIn(name: string, args: JsonRecord): ImportedKernel {
  const extents = (axis: "grid" | "block"): readonly number[] | undefined => {
    const [x = 0, y = 0, z = 0] = ["x", "y", "z"].map((each) => Number(args[`${axis}_${each}`]));
    return Number.isInteger(x) && x >= 1
      ? [x, y, z].map((each) => (Number.isInteger(each) ? Math.max(1, each) : 1))
      : undefined;
  };
  const grid = extents("grid");
  const threadBlock = extents("block");
  return {
    name: name || "kernel",
    ...(grid === undefined ? {} : { grid }),
    ...(threadBlock === undefined ? {} : { threadBlock }),
  };
}

function partsOf({ runs, executions }: Events, isGpu: boolean): readonly ImportedPart[] {
  const byNode = new Map<NodeEvents, Execution[]>();
  for (const execution of isGpu ? executions : outermost(executions)) {
    const list = byNode.get(execution.node) ?? [];
    list.push(execution);
    byNode.set(execution.node, list);
  }
  const counted = runs.length > 1 ? sortedByStart(runs).slice(1) : runs;
  return [...byNode].flatMap(([node, list]): ImportedPart[] => {
    const samples = samplesOf(list, counted);
    const samplesNs = samples.map((group) =>
      group.reduce((sum, each) => sum + timeOf(each, isGpu), 0),
    );
    return samplesNs.length === 0
      ? []
      : [
          {
            label: node.name,
            readings: namesOfKernel(node.name),
            mainTypes: mainTypesOf(node.type),
            timing: timingOf(samplesNs),
            wholeNs: samplesNs.reduce((sum, ns) => sum + ns, 0),
            samplesNs,
            launches: isGpu ? launchesOf(samples) : [],
            ...(node.type === "ReorderInput" ? { neighbor: "next" as const } : {}),
            ...(node.type === "ReorderOutput" ? { neighbor: "previous" as const } : {}),
          },
        ];
  });
}

/** ONNX types that a kernel of ONNX Runtime may have been. */
function mainTypesOf(type: string): readonly string[] {
  const plain = type.replace(/^Fused/, "");
  return plain === "Gemm" ? ["Gemm", "MatMul"] : [plain];
}

function sortedByStart<T extends Interval>(intervals: readonly T[]): readonly T[] {
  return [...intervals].sort((a, b) => a.startNs - b.startNs || b.endNs - a.endNs);
}

/** Executions that are not inside another one of their thread: what a body runs is part of its node. */
function outermost(executions: readonly Execution[]): readonly Execution[] {
  const ends = new Map<unknown, number>();
  return sortedByStart(executions).filter(({ thread, startNs, endNs }) => {
    const isInside = startNs < (ends.get(thread) ?? 0);
    if (!isInside) {
      ends.set(thread, endNs);
    }
    return !isInside;
  });
}

function timeOf({ startNs, endNs, kernels }: Execution, isGpu: boolean): number {
  return isGpu ? kernels.reduce((sum, { ns }) => sum + ns, 0) : endNs - startNs;
}

/** The executions of each run that counts; of each by itself where no run is marked. */
function samplesOf(
  executions: readonly Execution[],
  runs: readonly Interval[],
): readonly (readonly Execution[])[] {
  if (runs.length === 0) {
    return executions.map((each) => [each]);
  }
  const groups = runs.map((): Execution[] => []);
  let run = 0;
  for (const execution of sortedByStart(executions)) {
    while (run < runs.length && (runs[run] as Interval).endNs < execution.startNs) {
      run++;
    }
    if (run < runs.length && (runs[run] as Interval).startNs <= execution.startNs) {
      groups[run]?.push(execution);
    }
  }
  return groups.some((group) => group.length > 0) ? groups : [];
}

/** The kernels of a run, each with its times over all runs that have as many. */
function launchesOf(samples: readonly (readonly Execution[])[]): readonly ImportedLaunch[] {
  return commonLaunches(samples.map((group) => group.flatMap(({ kernels }) => kernels)));
}
