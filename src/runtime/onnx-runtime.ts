/**
 * The one door to ONNX Runtime. The package is optional: it is loaded when first needed, and its
 * few functions that we use are declared here, so that this program builds and starts without it.
 */
import { fail, ok, type Result } from "../core/result.js";
import type { ElementType } from "../ir/element-type.js";
import { modelRefusedByRuntime, modelRunFailed, runtimeMissing } from "./failures.js";
import { type ElementArray, elementsOver, type TensorData } from "./tensor-data.js";

/** A tensor of ONNX Runtime. */
export interface RuntimeTensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: ElementArray;
}

/** A session's description of an input or output; unknown and symbolic dims are names, possibly empty. */
export interface RuntimeValue {
  readonly name: string;
  readonly isTensor: boolean;
  readonly type?: string;
  readonly shape?: readonly (number | string)[];
}

/** A session of ONNX Runtime, as in its Node binding. */
export interface RuntimeSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly inputMetadata: readonly RuntimeValue[];
  readonly outputMetadata: readonly RuntimeValue[];
  run(
    feeds: Readonly<Record<string, RuntimeTensor>>,
    fetches: Readonly<Record<string, RuntimeTensor | null>>,
  ): Promise<Readonly<Record<string, RuntimeTensor>>>;
  release(): Promise<void>;
  endProfiling(): void;
}

/** The loaded package. */
export interface OnnxRuntime {
  readonly version: string;
  readonly Tensor: new (type: string, data: ElementArray, dims: readonly number[]) => RuntimeTensor;
  create(model: Uint8Array | string, options: object): Promise<RuntimeSession>;
}

/** Options of a session. */
export interface SessionOptions {
  /** Threads inside an operator (default 1). */
  readonly intraThreads?: number;
  /** Threads across operators; with more than one the session runs in parallel mode (default 1). */
  readonly interThreads?: number;
  /** Graph optimization (default `all`, ONNX Runtime's own default). */
  readonly level?: "disabled" | "basic" | "extended" | "layout" | "all";
  /** Writes a profile to `<prefix>_<date>.json` when the profiling ends. */
  readonly profilePrefix?: string;
  /**
   * Writes the optimized model to this path, its larger weights to a file next to it if one is named. ONNX
   * Runtime 1.30 then writes initializers of bodies twice, which makes the model invalid.
   */
  readonly optimizedModel?: { readonly path: string; readonly weightsFile?: string };
  /** Further configuration entries of the session, by their dotted names' parts. */
  readonly extra?: Readonly<Record<string, string>>;
}

const PACKAGE = "onnxruntime-node";

/** Only fatal messages of the library reach stderr: refusals come back as failures. */
const LOG_FATAL = 4;

let loaded: OnnxRuntime | undefined;

/**
 * Keeps ONNX Runtime from reporting its use to its makers, which version 1.30 does on Linux too: it
 * leaves `.ses` and `mat-debug-*.log` in the folder for temporary files and sends events. We work
 * offline. A value that the user has set stays.
 *
 * Requires: called on the main thread before the library is loaded anywhere in the process (a worker
 * thread's `process.env` is a copy that native code does not see).
 */
export function disableTelemetry(): void {
  const { ORT_DISABLE_TELEMETRY: chosen = "1" } = process.env;
  Object.assign(process.env, { ORT_DISABLE_TELEMETRY: chosen });
}

/** ONNX Runtime, loaded on the first call. Fails: `onnxruntime-missing`. */
export async function loadOnnxRuntime(packageName: string = PACKAGE): Promise<Result<OnnxRuntime>> {
  if (loaded !== undefined && packageName === PACKAGE) {
    return ok(loaded);
  }
  disableTelemetry();
  try {
    const library = await import(packageName);
    library.env.logLevel = "fatal";
    loaded = {
      version: String(library.env.versions.node ?? library.env.versions.common),
      Tensor: library.Tensor,
      create: (model, options) => library.InferenceSession.create(model, options),
    };
    return ok(loaded);
  } catch (error) {
    return fail([runtimeMissing(error)]);
  }
}

/**
 * A session over a model, given as bytes or as the path of its file.
 *
 * Requires: `where` names the model for the user.
 * Fails: `onnxruntime-refused-model`.
 * Cost: blocks the calling thread while ONNX Runtime optimizes the graph.
 */
export async function createSession(
  runtime: OnnxRuntime,
  model: Uint8Array | string,
  options: SessionOptions,
  where: string,
): Promise<Result<RuntimeSession>> {
  try {
    return ok(await runtime.create(model, toLibraryOptions(options)));
  } catch (error) {
    return fail([modelRefusedByRuntime(where, error)]);
  }
}

/** The options object of the Node binding. */
export function toLibraryOptions(options: SessionOptions): object {
  const interThreads = options.interThreads ?? 1;
  const dump = options.optimizedModel;
  return {
    intraOpNumThreads: options.intraThreads ?? 1,
    interOpNumThreads: interThreads,
    executionMode: interThreads > 1 ? "parallel" : "sequential",
    graphOptimizationLevel: options.level ?? "all",
    logSeverityLevel: LOG_FATAL,
    ...(options.profilePrefix === undefined
      ? {}
      : { enableProfiling: true, profileFilePrefix: options.profilePrefix }),
    ...(dump === undefined ? {} : { optimizedModelFilePath: dump.path }),
    extra: {
      session: {
        ...options.extra,
        ...(dump?.weightsFile === undefined
          ? {}
          : {
              optimized_model_external_initializers_file_name: dump.weightsFile,
              optimized_model_external_initializers_min_size_in_bytes: "1024",
            }),
      },
    },
  };
}

/** A tensor of ONNX Runtime over the same memory when `data` fills an own buffer, else over a copy. */
function toRuntimeTensor(runtime: OnnxRuntime, data: TensorData): RuntimeTensor {
  const { bytes } = data;
  const buffer =
    bytes.buffer instanceof ArrayBuffer && bytes.byteOffset === 0
      ? bytes.buffer
      : Uint8Array.from(bytes).buffer;
  const elements = elementsOver(data.elementType, buffer, bytes.length);
  return new runtime.Tensor(data.elementType, elements, data.dims);
}

/** Our record of a tensor that ONNX Runtime gave, over the same memory. */
function fromRuntimeTensor(tensor: RuntimeTensor): TensorData {
  const { buffer, byteOffset, byteLength } = tensor.data;
  return {
    elementType: tensor.type as ElementType,
    dims: tensor.dims,
    bytes: new Uint8Array(buffer, byteOffset, byteLength),
  };
}

/** A model that runs on the calling thread, with its inputs bound once. */
export interface BoundModel {
  /** Runs once and returns every tensor output by name. */
  run(): Promise<Result<ReadonlyMap<string, TensorData>>>;
  release(): Promise<void>;
}

/**
 * Binds a session to fixed inputs, so that repeated runs time nothing but ONNX Runtime.
 *
 * Fails (when run): `onnxruntime-run-failed`.
 */
export function bindSession(
  runtime: OnnxRuntime,
  session: RuntimeSession,
  feeds: ReadonlyMap<string, TensorData>,
  where: string,
): BoundModel {
  // From entries: an input may be called `__proto__`.
  const named = Object.fromEntries(
    session.inputNames.flatMap((name) => {
      const feed = feeds.get(name);
      return feed === undefined ? [] : [[name, toRuntimeTensor(runtime, feed)]];
    }),
  );
  const fetches = Object.fromEntries(
    session.outputMetadata.filter((value) => value.isTensor).map((value) => [value.name, null]),
  );
  return {
    run: async () => {
      try {
        const outputs = await session.run(named, fetches);
        return ok(
          new Map(
            Object.entries(outputs).map(([name, t]) => [name, fromRuntimeTensor(t)] as const),
          ),
        );
      } catch (error) {
        return fail([modelRunFailed(where, error)]);
      }
    },
    release: () => session.release(),
  };
}
