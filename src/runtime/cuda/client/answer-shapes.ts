/** Checked reading of the helper's answers: what does not fit the protocol is reported, not used. */
import { dictionary, list, object, optional } from "../../../core/json-containers.js";
import {
  boolean,
  custom,
  integer,
  type JsonProblem,
  number,
  oneOf,
  problem,
  type Shape,
  text,
} from "../../../core/json-shape.js";
import type { CudaDevice, LibraryReport, MathLibrary, ProbeResult, TriedPath } from "./devices.js";
import { HELPER_ERROR_CODES, type HelperError, type HelperResponse } from "./helper-error.js";
import type { Extents, PlanAction } from "./nodes.js";
import type {
  GraphPlans,
  HelperOp,
  KernelFacts,
  NodeKernels,
  ProgrammedNode,
  ResultOf,
} from "./protocol.js";

/** Texts of compilers and linkers can be long and can be empty. */
const anyText: Shape<string> = custom((value, pointer, problems) =>
  typeof value === "string" ? value : problem(problems, pointer, "must be a string"),
);

const anything: Shape<unknown> = custom((value) => value);

const count: Shape<number> = integer(0);

const helperError: Shape<HelperError> = object<HelperError>({
  code: oneOf(...HELPER_ERROR_CODES),
  message: anyText,
  details: optional(dictionary(anything)),
  fatal: boolean,
});

const answered: Shape<HelperResponse> = object<{ id: number; ok: true; result: unknown }>({
  id: count,
  ok: oneOf(true),
  result: anything,
});

const countOrNull: Shape<number | null> = custom((value, pointer, problems) => {
  if (typeof value === "number") {
    return count.read(value, pointer, problems);
  }
  return value === null ? null : problem(problems, pointer, "must be null or a number");
});

const refused: Shape<HelperResponse> = object<{
  id: number | null;
  ok: false;
  error: HelperError;
}>({
  id: countOrNull,
  ok: oneOf(false),
  error: helperError,
});

const response: Shape<HelperResponse> = custom((value, pointer, problems) =>
  (isRecord(value) && value["ok"] === true ? answered : refused).read(value, pointer, problems),
);

const extents = list(integer(1), 3, 3) as Shape<Extents>;

const capability = list(count, 2, 2) as Shape<readonly [number, number]>;

const device: Shape<CudaDevice> = object<CudaDevice>({
  index: count,
  name: text(),
  capability,
  multiprocessors: integer(1),
  threadsPerMultiprocessor: integer(1),
  blocksPerMultiprocessor: integer(1),
  registersPerMultiprocessor: integer(1),
  sharedBytesPerMultiprocessor: count,
  sharedBytesPerBlock: count,
  sharedBytesReservedPerBlock: count,
  threadsPerBlock: integer(1),
  warpSize: integer(1),
  l2Bytes: count,
  memoryBytes: count,
  clockKhz: count,
  memoryClockKhz: count,
  memoryBusBits: count,
});

const tried: Shape<TriedPath> = object<TriedPath>({ name: anyText, error: anyText });

const foundLibrary: Shape<LibraryReport> = object<Extract<LibraryReport, { found: true }>>({
  found: oneOf(true),
  path: anyText,
  version: optional(text()),
  missing: list(text()),
});

const missingLibrary: Shape<LibraryReport> = object<Extract<LibraryReport, { found: false }>>({
  found: oneOf(false),
  tried: list(tried),
});

const library: Shape<LibraryReport> = custom((value, pointer, problems) =>
  (isRecord(value) && value["found"] === true ? foundLibrary : missingLibrary).read(
    value,
    pointer,
    problems,
  ),
);

const probe: Shape<ProbeResult> = object<ProbeResult>({
  driver: library,
  driverVersion: optional(text()),
  libraries: object<Record<MathLibrary, LibraryReport>>({
    nvrtc: library,
    cublasLt: library,
    cublas: library,
    cudnn: library,
  }),
  devices: list(device),
  problem: optional(helperError),
  warnings: list(anyText),
});

const launchAction: Shape<PlanAction> = object<Extract<PlanAction, { do: "launch" }>>({
  do: oneOf("launch"),
  stream: count,
  node: count,
});

const eventAction: Shape<PlanAction> = object<Extract<PlanAction, { event: number }>>({
  do: oneOf("record", "wait") as Shape<"record"> & Shape<"wait">,
  stream: count,
  event: count,
});

const action: Shape<PlanAction> = custom((value, pointer, problems) =>
  (isRecord(value) && value["do"] === "launch" ? launchAction : eventAction).read(
    value,
    pointer,
    problems,
  ),
);

const kernel: Shape<KernelFacts> = object<KernelFacts>({
  name: anyText,
  grid: extents,
  block: extents,
  registers: count,
  staticSharedBytes: count,
  dynamicSharedBytes: count,
  localBytes: count,
  residentBlocks: optional(count),
});

/** The shape of what each request gives. */
const RESULTS: { readonly [O in HelperOp]: Shape<ResultOf<O>> } = {
  hello: object<ResultOf<"hello">>({ protocol: count, helper: text() }),
  probe,
  plan: object<ResultOf<"plan">>({ streams: count, events: count, actions: list(action) }),
  open: object<ResultOf<"open">>({ device, connections: count }),
  arena: object<ResultOf<"arena">>({ bytes: count, freeBytes: count }),
  upload: object<ResultOf<"upload">>({ bytes: count }),
  fill: object({}),
  download: object<ResultOf<"download">>({ base64: optional(anyText) }),
  compile: object<ResultOf<"compile">>({ module: optional(count), log: anyText, bytes: count }),
  program: object<ResultOf<"program">>({
    nodes: list(
      object<ProgrammedNode>({
        workspaceBytes: count,
        algorithm: optional(text()),
        addsBias: optional(boolean),
        copies: optional(oneOf("result", "all")),
        behind: optional(oneOf("graph", "kernel")),
      }),
    ),
    graphs: optional(object<GraphPlans>({ different: count, planMs: number(0) })),
  }),
  kernels: object<ResultOf<"kernels">>({
    nodes: list(
      object<NodeKernels>({
        kernels: list(kernel),
        transfers: count,
        prefixUs: optional(list(list(number(0)))),
      }),
    ),
  }),
  run: object<ResultOf<"run">>({ us: number(0) }),
  measure: object<ResultOf<"measure">>({
    samplesUs: list(list(number(0))),
    hostUs: list(list(number(0))),
  }),
  quit: object({}),
};

/** Something read, or the first thing wrong with it. */
export type Checked<T> = { readonly value: T } | { readonly problem: string };

/** Reads a line of the helper. */
export function readResponse(line: string): Checked<HelperResponse> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { problem: `a line that is not JSON (${JSON.stringify(line.slice(0, 80))})` };
  }
  return check(response, value);
}

/** Reads the result of a request. */
export function readResult<O extends HelperOp>(op: O, result: unknown): Checked<ResultOf<O>> {
  return check(RESULTS[op], result);
}

function check<T>(shape: Shape<T>, value: unknown): Checked<T> {
  const problems: JsonProblem[] = [];
  const read = shape.read(value, "", problems);
  const [first] = problems;
  return read === undefined || first !== undefined
    ? { problem: `${first?.pointer ?? ""} ${first?.message ?? "is missing"}`.trim() }
    : { value: read };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
