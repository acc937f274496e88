import { accessSync, constants, existsSync, readdirSync, readFileSync } from "node:fs";
import { availableParallelism, cpus, freemem, totalmem } from "node:os";
import { delimiter, join } from "node:path";
import { makeFolder } from "../core/make-folder.js";
import { loadOnnxRuntime } from "../runtime/onnx-runtime.js";

/** One thing that was looked for. */
export interface Finding {
  readonly name: string;
  /** `missing`: a command needs it and will fail; `absent`: nothing needs it in this version. */
  readonly status: "found" | "missing" | "absent";
  /** What was found, with its version, or what is lacking. */
  readonly value: string;
  /** What to do; only where there is something to do. */
  readonly hint?: string;
}

/** Where to look. */
export interface DoctorRequest {
  /** Folder in which profiles are cached. */
  readonly cacheFolder: string;
  /** The search path for programs. */
  readonly path: string;
  /** Version of Node, without `v`. */
  readonly node: string;
}

/** Oldest Node that this program runs on. */
const LEAST_NODE = 20;

/** What this machine has of the things that commands need. Never fails. */
export async function examineMachine(request: DoctorRequest): Promise<readonly Finding[]> {
  return [
    nodeFinding(request.node),
    await runtimeFinding(),
    processorFinding(),
    cacheFinding(request.cacheFolder),
    gpuFinding(),
    compilerFinding(request.path),
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

function cacheFinding(folder: string): Finding {
  try {
    makeFolder(folder);
    accessSync(folder, constants.R_OK | constants.W_OK);
    return { name: "profile cache", status: "found", value: folder };
  } catch {
    return {
      name: "profile cache",
      status: "missing",
      value: `${folder} cannot be written`,
      hint: "set XDG_CACHE_HOME to a folder that can",
    };
  }
}

const DRIVER = "/proc/driver/nvidia";

function gpuFinding(): Finding {
  try {
    const version = /Kernel Module\D*([\d.]+)/.exec(readFileSync(`${DRIVER}/version`, "utf8"))?.[1];
    const names = readdirSync(`${DRIVER}/gpus`).map((gpu) => {
      const text = readFileSync(join(`${DRIVER}/gpus`, gpu, "information"), "utf8");
      return /Model:\s*(.+)/.exec(text)?.[1]?.trim() ?? "unknown model";
    });
    return {
      name: "GPU",
      status: "absent",
      value: `${names.join(", ")}, driver ${version ?? "unknown"}: not used by this version`,
    };
  } catch {
    return { name: "GPU", status: "absent", value: "no NVIDIA driver found; none is needed" };
  }
}

function compilerFinding(path: string): Finding {
  const names = ["c++", "g++", "clang++"];
  for (const folder of path.split(delimiter)) {
    const found = names.map((name) => join(folder, name)).find((file) => existsSync(file));
    if (found !== undefined) {
      return { name: "C++ compiler", status: "found", value: found };
    }
  }
  return { name: "C++ compiler", status: "absent", value: "none found; none is needed" };
}
