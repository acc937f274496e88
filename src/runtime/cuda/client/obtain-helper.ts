import { delimiter, join } from "node:path";
import { fail, type Result } from "../../../core/result.js";
import { buildHelper } from "./build-helper.js";
import { driverMissing } from "./failures.js";
import { mayHaveDriver } from "./find-driver.js";
import { type GpuHelper, startGpuHelper } from "./gpu-helper.js";

/** The source of a helper. */
export interface ObtainHelperOptions {
  /** The program's cache folder: built helpers are kept in its folder `native`. */
  readonly cacheFolder: string;
  /**
   * `CXX` and `PATH` for building; `TOP_COMPILE_CUDA_LIBS` names folders, separated as in `PATH`,
   * in which NVIDIA's libraries are looked for first; the helper inherits all of it.
   */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Ends the helper and fails the request in progress with `stopped`. */
  readonly signal?: AbortSignal;
  /** Called when the helper has to be built, which takes some seconds. */
  readonly onBuild?: () => void;
}

/**
 * Builds the helper if that has not been done yet, and starts it. Where there is certainly no driver,
 * it fails at once and builds nothing.
 *
 * Fails: `cuda-driver-missing`, as `buildHelper` and `startGpuHelper`; always with exit status 4 (3 when stopped).
 */
export async function obtainGpuHelper(options: ObtainHelperOptions): Promise<Result<GpuHelper>> {
  const { env, signal, onBuild } = options;
  if (!(await mayHaveDriver({ env }))) {
    return fail([driverMissing()]);
  }
  const built = await buildHelper({
    folder: join(options.cacheFolder, "native"),
    env,
    ...(onBuild === undefined ? {} : { onBuild }),
  });
  return built.ok
    ? startGpuHelper({
        program: { path: built.value.path, args: libraryArguments(env), env },
        ...(signal === undefined ? {} : { signal }),
      })
    : built;
}

/** The helper's arguments for the folders that the user names. */
export function libraryArguments(
  env: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  return (env["TOP_COMPILE_CUDA_LIBS"] ?? "")
    .split(delimiter)
    .filter((folder) => folder !== "")
    .flatMap((folder) => ["--lib-dir", folder]);
}
