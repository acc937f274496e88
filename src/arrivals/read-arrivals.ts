import { dirname, isAbsolute, join } from "node:path";
import type { Failure } from "../core/failure.js";
import { readText } from "../core/files.js";
import { fail, ok, type Result } from "../core/result.js";
import {
  type ArrivalsSpec,
  MAX_ARRIVALS_BYTES,
  MAX_REQUESTS,
  type ModelSpec,
  type ProcessSpec,
  parseArrivals,
} from "./arrivals-format.js";
import { traceInvalid } from "./failures.js";
import { mostOfTrace } from "./most-requests.js";
import { MAX_TRACE_BYTES, parseTrace } from "./trace.js";
import type { ArrivalProcess, ModelArrivals, Workload } from "./workload.js";

/**
 * Reads an arrivals file and the traces that it names, which lie relative to its folder.
 *
 * Fails: as `parseArrivals`, `parseTrace` and `readText`.
 */
export function readArrivals(path: string): Result<Workload> {
  const source = readText(path, MAX_ARRIVALS_BYTES);
  if (!source.ok) {
    return source;
  }
  const spec = parseArrivals(source.value, path);
  return spec.ok ? workloadOf(spec.value, dirname(path)) : spec;
}

/** An arrivals file and the traces that it names, as far as it can be read. */
export function arrivalsFiles(path: string): readonly string[] {
  const source = readText(path, MAX_ARRIVALS_BYTES);
  const spec = source.ok ? parseArrivals(source.value, path) : source;
  const models = spec.ok ? spec.value.models : [];
  const traces = models.flatMap(({ process: arriving }) =>
    arriving.kind === "trace" ? [tracePath(arriving.file, dirname(path))] : [],
  );
  return [path, ...traces];
}

function tracePath(file: string, folder: string): string {
  return isAbsolute(file) ? file : join(folder, file);
}

function workloadOf(spec: ArrivalsSpec, folder: string): Result<Workload> {
  const models: ModelArrivals[] = [];
  const failures: Failure[] = [];
  const durationNs = Math.round(spec.durationSeconds * 1e9);
  for (const each of spec.models) {
    const read = processOf(each.process, folder, durationNs);
    if (read.ok) {
      models.push(arrivalsOf(each, read.value));
    } else {
      failures.push(...read.error);
    }
  }
  const [first, ...rest] = failures;
  return first === undefined ? ok({ models, durationNs, seed: spec.seed }) : fail([first, ...rest]);
}

function arrivalsOf(
  { model, objectiveMs, batches, shed }: ModelSpec,
  process: ArrivalProcess,
): ModelArrivals {
  const objectiveNs = objectiveMs === undefined ? undefined : Math.round(objectiveMs * 1e6);
  return { model, process, objectiveNs, batches, ...(shed === undefined ? {} : { shed }) };
}

function processOf(spec: ProcessSpec, folder: string, durationNs: number): Result<ArrivalProcess> {
  switch (spec.kind) {
    case "constant":
    case "poisson":
      return ok(spec);
    case "mmpp": {
      const states = spec.states.map(({ ratePerSecond, meanMs }) => {
        return { ratePerSecond, meanNs: meanMs * 1e6 };
      });
      return ok({ kind: "mmpp", states });
    }
    case "diurnal": {
      const { kind, ratePerSecond, swing, periodSeconds } = spec;
      return ok({ kind, ratePerSecond, swing, periodNs: periodSeconds * 1e9 });
    }
    case "trace":
      return traceOf(tracePath(spec.file, folder), durationNs);
  }
}

function traceOf(path: string, durationNs: number): Result<ArrivalProcess> {
  const source = readText(path, MAX_TRACE_BYTES);
  if (!source.ok) {
    return source;
  }
  const gapsNs = parseTrace(source.value, path);
  if (!gapsNs.ok) {
    return gapsNs;
  }
  const requests = mostOfTrace(gapsNs.value, durationNs);
  if (requests > MAX_REQUESTS) {
    const message = `goes round so often that there are up to ${requests} requests, more than ${MAX_REQUESTS}`;
    return fail([traceInvalid(path, message)]);
  }
  return ok({ kind: "trace", gapsNs: gapsNs.value });
}
