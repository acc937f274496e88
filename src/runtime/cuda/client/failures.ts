/** The failures of the native GPU helper and of building it; all but a stop end with status 4. */
import { errorLine } from "../../../core/error-text.js";
import type { Failure, FailureOf } from "../../../core/failure.js";
import { type HelperError, type HelperErrorCode, NO_DRIVER } from "./helper-error.js";

const LIBRARY_HINT =
  "top-compile doctor says where it was looked for; TOP_COMPILE_CUDA_LIBS names further folders";

/** No program that compiles C++ was found, and no helper was built before. */
export function compilerMissing(tried: readonly string[]): Failure {
  return {
    code: "helper-compiler-missing",
    message: `the GPU helper has to be built once, and no C++ compiler was found (${tried.join(", ")})`,
    hint: "install g++ or clang++ (Debian: apt-get install g++), or name one in CXX",
    exit: 4,
  };
}

/** The sources of the helper are not where this installation should have them. */
export function helperSourcesMissing(folder: string): Failure {
  return {
    code: "helper-sources-missing",
    message: "this installation lacks the sources of the GPU helper",
    where: folder,
    hint: "install top-compile again",
    exit: 4,
  };
}

/** The compiler refused the helper's sources. */
export function helperNotBuilt(compiler: string, said: string): Failure {
  return {
    code: "helper-not-built",
    message: `${compiler} cannot build the GPU helper: ${firstError(said)}`,
    hint: "a compiler for C++17 is needed (GCC 8, Clang 7, or newer); another one can be named in CXX",
    exit: 4,
    cause: said,
  };
}

/** The folder in which the helper is kept cannot be written. */
export function helperFolderRefused(folder: string, cause: unknown): Failure {
  return {
    code: "helper-folder-refused",
    message: `the GPU helper cannot be kept: ${errorLine(cause)}`,
    where: folder,
    hint: "set XDG_CACHE_HOME to a folder that you alone can write to, or take that right from others (chmod -R go-w)",
    exit: 4,
    cause,
  };
}

/** The helper did not start. */
export function helperNotStarted(path: string, cause: unknown): Failure {
  return {
    code: "helper-not-started",
    message: `the GPU helper cannot be started: ${errorLine(String(cause))}`,
    where: path,
    hint: "delete the file to have it built again",
    exit: 4,
    cause,
  };
}

/** The helper speaks another version of the protocol. */
export function helperVersionWrong(path: string, said: number, wanted: number): Failure {
  return {
    code: "helper-version-wrong",
    message: `the GPU helper speaks protocol ${said}, this program ${wanted}`,
    where: path,
    hint: "delete the file to have it built again",
    exit: 4,
  };
}

/** The helper ended during a request; `said` is the end of what it printed. */
export function helperCrashed(op: string, how: string, said: string): Failure {
  return {
    code: "helper-crashed",
    message: `the GPU helper ${how} during ${op}${said === "" ? "" : `: ${lastLine(said)}`}`,
    exit: 4,
    ...(said === "" ? {} : { cause: said }),
  };
}

/** The helper did not answer in time and was stopped. */
export function helperTimedOut(op: string, limitMs: number): Failure {
  return {
    code: "helper-timed-out",
    message: `the GPU helper did not answer ${op} within ${limitMs / 1000} s and was stopped`,
    hint: "another program may be keeping the GPU busy (nvidia-smi shows which)",
    exit: 4,
  };
}

/** The helper's answer does not follow the protocol. */
export function helperAnswerInvalid(op: string, problem: string): Failure {
  return {
    code: "helper-answer-invalid",
    message: `the GPU helper sent a malformed answer to ${op}: ${problem}`,
    exit: 4,
  };
}

/** Results computed before a restart of the helper are gone. */
export function deviceMemoryLost(): Failure {
  return {
    code: "device-memory-lost",
    message: "the GPU helper was started again, and what had been computed on the device is gone",
    hint: "run once more",
    exit: 4,
  };
}

/** The helper was closed before. */
export function helperClosed(): Failure {
  return { code: "helper-closed", message: "the GPU helper was stopped already", exit: 4 };
}

interface Refusal {
  readonly code: FailureOf<4>["code"];
  readonly hint?: string;
}

/** A request that the protocol forbids: our mistake, or a helper of another version. */
const REFUSED_REQUEST: Refusal = { code: "helper-refused-request" };

/** Our codes for the helper's codes, and what can be done about each. */
const REFUSALS: Readonly<Record<HelperErrorCode, Refusal>> = {
  "no-cuda-driver": {
    code: "cuda-driver-missing",
    hint: "install NVIDIA's driver, or compile for a device model or from a recorded profile",
  },
  "driver-too-old": {
    code: "cuda-driver-too-old",
    hint: "install a driver for CUDA 12.0 or newer (R525)",
  },
  "no-device": {
    code: "gpu-missing",
    hint: "nvidia-smi lists the GPUs; CUDA_VISIBLE_DEVICES may hide them",
  },
  "library-missing": { code: "cuda-library-missing", hint: LIBRARY_HINT },
  "cuda-error": { code: "cuda-error" },
  "cublas-error": { code: "cublas-error" },
  "cudnn-error": { code: "cudnn-error" },
  "nvrtc-error": { code: "nvrtc-error" },
  "io-error": { code: "helper-io-error" },
  unsupported: { code: "gpu-unsupported" },
  "bad-request": REFUSED_REQUEST,
  "unknown-op": REFUSED_REQUEST,
  "not-open": REFUSED_REQUEST,
  internal: { code: "helper-internal-error" },
};

const OUT_OF_MEMORY = "CUDA_ERROR_OUT_OF_MEMORY";

/** There is no driver for the helper to find; in the words that the helper has for it. */
export function driverMissing(): Failure {
  return helperRefused("probe", NO_DRIVER);
}

/** The helper's refusal, in our words. */
export function helperRefused(op: string, error: HelperError): Failure {
  if (error.details?.["name"] === OUT_OF_MEMORY) {
    return {
      code: "gpu-out-of-memory",
      message: `the GPU has not enough free memory for ${op}`,
      hint: "use a smaller batch (--dim), or stop what else uses the GPU",
      exit: 4,
      cause: error,
    };
  }
  const { code, hint } = REFUSALS[error.code];
  const path = error.details?.["path"] ?? error.details?.["pointer"];
  return {
    code,
    message: errorLine(error.message),
    ...(typeof path === "string" && path !== "" ? { where: path } : {}),
    ...(hint === undefined ? {} : { hint }),
    exit: 4,
    cause: error,
  };
}

function lastLine(text: string): string {
  return (text.trimEnd().split("\n").at(-1) ?? "").slice(0, 300);
}

/** The first line of a compiler's output that tells an error. */
function firstError(said: string): string {
  const lines = said.split("\n");
  return (lines.find((line) => /\berror\b/i.test(line)) ?? lines[0] ?? "").slice(0, 300);
}
