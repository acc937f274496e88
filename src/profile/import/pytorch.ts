/**
 * Traces of PyTorch's profiler: the kernels that each operator of ATen launched.
 *
 * They have no names of nodes: parts are matched with operators by type, size and order, which is
 * guesswork, and done on request only.
 */

import { fieldSpans, listItems, type Span, spanValue } from "../../core/json-items.js";
import { productOf } from "../../core/product.js";
import { fail, ok, type Result } from "../../core/result.js";
import {
  type JsonRecord,
  MAX_EVENTS,
  readingSource,
  recordOf,
  type SourceFile,
  SourceProblem,
  timeIn,
} from "../../import/read-problem.js";
import { timingOf } from "../timing.js";
import { onnxTypesOf } from "./aten-types.js";
import { commonLaunches } from "./common-launches.js";
import { importNothingMeasured } from "./failures.js";
import type { ImportedKernel, ImportedPart, ImportedSource } from "./imported-part.js";
import { noteOnOverlap } from "./note-on-overlap.js";

const US = 1000;

interface TraceKernel {
  readonly operator: unknown;
  readonly startNs: number;
  readonly endNs: number;
  readonly kernel: ImportedKernel;
}

interface TraceOperator {
  readonly name: string;
  readonly startNs: number;
  readonly elements: number | undefined;
}

interface Trace {
  /** By their number in the trace, to which kernels refer. */
  readonly operators: ReadonlyMap<unknown, TraceOperator>;
  readonly kernels: readonly TraceKernel[];
  /** Steps of the profiler; empty where the trace is one run. */
  readonly steps: readonly { readonly startNs: number; readonly endNs: number }[];
  readonly deviceName: string | undefined;
}

/** An operator with the kernels that it launched. */
interface Launcher {
  readonly operator: TraceOperator;
  readonly kernels: TraceKernel[];
}

/** Reads a trace. Fails: `import-malformed`, `import-nothing-measured`. */
export function readPytorch(file: SourceFile): Result<ImportedSource> {
  const read = readingSource(file, () => traceIn(file));
  if (!read.ok) {
    return read;
  }
  const { kernels, deviceName } = read.value;
  const runs = runsOf(read.value);
  const parts = partsOf(runs);
  const lost = kernels.filter(({ operator }) => !read.value.operators.has(operator));
  const lostNs = lost.reduce((sum, { startNs, endNs }) => sum + endNs - startNs, 0);
  const stray: readonly ImportedPart[] = lost.length === 0 ? [] : [strayPart(lostNs, lost.length)];
  return ok({
    tool: "pytorch",
    measuredBy: "PyTorch",
    kind: "gpu",
    ...(deviceName === undefined ? {} : { deviceName }),
    resolutionNs: 1,
    includesGaps: false,
    hasQuantiles: true,
    threads: 1,
    parts: [...parts, ...stray],
    totalNs: parts.reduce((sum, { wholeNs }) => sum + wholeNs, lostNs),
    notes: noteOnOverlap(kernels),
  });
}

function strayPart(ns: number, samples: number): ImportedPart {
  const timing = { medianNs: ns, p10Ns: ns, p90Ns: ns, samples };
  return { label: "kernels of no operator", readings: [], timing, wholeNs: ns, launches: [] };
}

function traceIn(file: SourceFile): Result<Trace> {
  const fields = fieldSpans(file.text);
  const events = fields.get("traceEvents");
  if (events === undefined || file.text[events.start] !== "[") {
    throw new SourceProblem(file, "traceEvents", "must be a list");
  }
  const operators = new Map<unknown, TraceOperator>();
  const kernels: TraceKernel[] = [];
  const steps = new Map<string, { readonly startNs: number; readonly endNs: number }>();
  let index = 0;
  // Positions in time are large: counted from the first, nanoseconds stay exact.
  let origin: number | undefined;
  for (const item of listItems(file.text, events)) {
    const event = recordOf(item);
    const place = `traceEvents ${index++}`;
    if (event === undefined) {
      throw new SourceProblem(file, place, "must be an object");
    }
    const { cat, name } = event;
    const isStep = cat === "user_annotation" && String(name).startsWith("ProfilerStep#");
    if (event["ph"] !== "X" || !(cat === "kernel" || cat === "cpu_op" || isStep)) {
      continue;
    }
    if (operators.size + kernels.length >= MAX_EVENTS) {
      throw new SourceProblem(file, place, `is beyond ${MAX_EVENTS} operators and kernels`);
    }
    const { ts } = event;
    if (typeof ts !== "number" || !Number.isFinite(ts)) {
      throw new SourceProblem(file, `${place}, ts`, "must be a number");
    }
    origin ??= ts;
    const startNs = Math.round((ts - origin) * US);
    const args = recordOf(event["args"]) ?? {};
    const endNs = startNs + timeIn(file, `${place}, dur`, event["dur"], US);
    const id = args["External id"];
    if (isStep) {
      steps.set(String(name), { startNs, endNs });
    } else if (cat === "kernel") {
      kernels.push({ operator: id, startNs, endNs, kernel: kernelIn(String(name), args) });
    } else if (id !== undefined) {
      operators.set(id, { name: String(name), startNs, elements: elementsIn(args["Input Dims"]) });
    }
  }
  return kernels.length === 0
    ? fail([importNothingMeasured(file.path, "kernel event: it was recorded without CUDA")])
    : ok({
        operators,
        kernels: kernels.sort((a, b) => a.startNs - b.startNs || a.endNs - b.endNs),
        steps: [...steps.values()].sort((a, b) => a.startNs - b.startNs),
        deviceName: deviceIn(file, fields.get("deviceProperties")),
      });
}

function deviceIn(file: SourceFile, span: Span | undefined): string | undefined {
  const devices = span === undefined ? undefined : spanValue(file.text, span);
  const name = Array.isArray(devices) ? recordOf(devices[0])?.["name"] : undefined;
  return typeof name === "string" && name !== "" ? name : undefined;
}

function kernelIn(name: string, args: JsonRecord): ImportedKernel {
  const registers = args["registers per thread"];
  const shared = args["shared memory"];
  const isCount = (value: unknown): value is number =>
    Number.isSafeInteger(value) && Number(value) >= 0;
  const extents = (value: unknown): readonly number[] | undefined =>
    Array.isArray(value) && value.length === 3 && value.every((each) => isCount(each) && each > 0)
      ? value
      : undefined;
  const grid = extents(args["grid"]);
  const threadBlock = extents(args["block"]);
  return {
    name: name || "kernel",
    ...(grid === undefined ? {} : { grid }),
    ...(threadBlock === undefined ? {} : { threadBlock }),
    ...(isCount(registers) ? { registersPerThread: registers } : {}),
    ...(isCount(shared) ? { sharedBytesPerBlock: shared } : {}),
  };
}

/** Elements of the largest input; `undefined` where shapes were not recorded. */
function elementsIn(dims: unknown): number | undefined {
  const counts = (Array.isArray(dims) ? dims : []).flatMap((each): number[] =>
    Array.isArray(each) && each.length > 0 && each.every(Number.isSafeInteger)
      ? [productOf(each as number[])]
      : [],
  );
  return counts.length === 0 ? undefined : counts.reduce((a, b) => Math.max(a, b));
}

/** The operators that launched kernels, in the order of the program, for each run. */
function runsOf({ operators, kernels, steps }: Trace): readonly (readonly Launcher[])[] {
  const launchers = new Map<TraceOperator, Launcher>();
  for (const kernel of kernels) {
    const operator = operators.get(kernel.operator);
    if (operator !== undefined) {
      const launcher = launchers.get(operator) ?? { operator, kernels: [] };
      launcher.kernels.push(kernel);
      launchers.set(operator, launcher);
    }
  }
  const sorted = [...launchers.values()].sort((a, b) => a.operator.startNs - b.operator.startNs);
  if (steps.length === 0) {
    return [sorted];
  }
  const runs = steps.map(({ startNs, endNs }) =>
    sorted.filter(({ operator }) => operator.startNs >= startNs && operator.startNs < endNs),
  );
  return runs.filter((run) => run.length > 0);
}

/** Runs that launch the same operators are runs of one program: most of them; the others are left out. */
function partsOf(runs: readonly (readonly Launcher[])[]): readonly ImportedPart[] {
  const alike = new Map<string, (readonly Launcher[])[]>();
  for (const run of runs) {
    const key = run.map(({ operator }) => `${operator.name} ${operator.elements}`).join("\n");
    alike.set(key, [...(alike.get(key) ?? []), run]);
  }
  const [usual = []] = [...alike.values()].sort((a, b) => b.length - a.length);
  return (usual[0] ?? []).map(({ operator }, at): ImportedPart => {
    const kernels = usual.map((run) =>
      (run[at]?.kernels ?? []).map(({ startNs, endNs, kernel }) => ({
        ns: endNs - startNs,
        kernel,
      })),
    );
    const samplesNs = kernels.map((list) => list.reduce((sum, { ns }) => sum + ns, 0));
    const { name, elements } = operator;
    return {
      label: name,
      readings: [],
      timing: timingOf(samplesNs),
      wholeNs: samplesNs.reduce((sum, ns) => sum + ns, 0),
      samplesNs,
      launches: commonLaunches(kernels),
      order: { types: onnxTypesOf(name), ...(elements === undefined ? {} : { elements }) },
    };
  });
}
