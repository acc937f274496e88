import { availableParallelism, cpus, freemem, totalmem } from "node:os";
import { join } from "node:path";
import { nearestFolder } from "../core/make-folder.js";
import { untrustedPart } from "../core/trusted-path.js";
import { tryWriting } from "../core/write-file.js";
import { findCompiler } from "../runtime/cuda/client/build-helper.js";
import { loadOnnxRuntime } from "../runtime/onnx-runtime.js";
import { examineGpu } from "./doctor-gpu.js";
import type { Finding } from "./finding.js";

/** Options of `doctor`. */
export interface DoctorRequest {
  /** The program's cache folder; nothing is left there. */
  readonly cacheFolder: string;
  /** The user's number, where users have one. */
  readonly user: number | undefined;
  /** The environment: search path for programs, compiler, folders of libraries. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Version of Node, without `v`. */
  readonly node: string;
}

/** Oldest Node that this program runs on. */
const LEAST_NODE = 20;

/** Checks this machine for the things that commands need. Never fails. */
export async function examineMachine(request: DoctorRequest): Promise<readonly Finding[]> {
  return [
    nodeFinding(request.node),
    await runtimeFinding(),
    processorFinding(),
    cacheFinding(request),
    ...(await examineGpu(request)),
    await compilerFinding(request.env),
  ];
}

function nodeFinding(node: string): Finding {
  const isOld = Number.parseInt(node, 10) < LEAST_NODE;
  return isOld
    ? { name: "Node", status: "missing", value: node, hint: `install Node ${LEAST_NODE} or newer` }
    : { name: "Node", status: "found", value: node };
}

async function runtimeFinding(): Promise<Finding> {
  const runtime = await loadOnnxRuntime();
  if (runtime.ok) {
    return { name: "ONNX Runtime", status: "found", value: runtime.value.version };
  }
  const [{ hint }] = runtime.error;
  return {
    name: "ONNX Runtime",
    status: "missing",
    value: "cannot be loaded: nothing can be measured or run",
    ...(hint === undefined ? {} : { hint }),
  };
}

function processorFinding(): Finding {
  const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
  const model = cpus()[0]?.model.trim() || "unknown processor";
  const cores = availableParallelism();
  const memory = `${gib(totalmem())} of memory, ${gib(freemem())} free`;
  const value = `${model}, ${cores} ${cores === 1 ? "core" : "cores"}, ${memory}`;
  return cores > 1
    ? { name: "processor", status: "found", value }
    : {
        name: "processor",
        status: "found",
        value,
        hint: "with one core no schedule can be faster than sequential execution",
      };
}

function cacheFinding({ cacheFolder, user }: DoctorRequest): Finding {
  const name = "profile cache";
  const untrusted = untrustedPart(cacheFolder, user);
  const hint = "set XDG_CACHE_HOME to a folder of your own";
  if (untrusted !== undefined) {
    return { name, status: "missing", value: `cannot be used: ${untrusted}`, hint };
  }
  try {
    tryWriting(join(nearestFolder(cacheFolder), "profile"));
    return { name, status: "found", value: cacheFolder };
  } catch {
    return { name, status: "missing", value: `${cacheFolder} cannot be written`, hint };
  }
}

async function compilerFinding(
  env: Readonly<Record<string, string | undefined>>,
): Promise<Finding> {
  const found = await findCompiler(env);
  return found.ok
    ? { name: "C++ compiler", status: "found", value: found.value }
    : {
        name: "C++ compiler",
        status: "absent",
        value: "none found; only --device cuda needs one, to build its helper once",
      };
}
