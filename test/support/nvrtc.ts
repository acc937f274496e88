/** NVIDIA's run-time compiler, through the native helper, where it is installed. */
import { existsSync, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { buildHelper } from "../../src/runtime/cuda/client/build-helper.js";
import { type GpuHelper, startGpuHelper } from "../../src/runtime/cuda/client/gpu-helper.js";
import { libraryArguments } from "../../src/runtime/cuda/client/obtain-helper.js";
import { COMPILER_ENV, ROOT } from "./native-helper.js";

/** Folders that the user names, then the usual ones of the CUDA toolkit. */
function libraryFolders(): readonly string[] {
  const named = (process.env["TOP_COMPILE_CUDA_LIBS"] ?? "").split(delimiter);
  const toolkits = existsSync("/usr/local")
    ? readdirSync("/usr/local").filter((name) => /^cuda(-1[2-9].*)?$/.test(name))
    : [];
  return [...named, ...toolkits.map((name) => `/usr/local/${name}/lib64`)].filter(
    (folder) => folder !== "" && existsSync(folder),
  );
}

/** The first number of the newest NVRTC that was found; 0 without any. */
export const NVRTC_MAJOR: number = Math.max(
  0,
  ...libraryFolders()
    .flatMap((folder) => readdirSync(folder))
    .map((name) => Number(/^libnvrtc\.so\.(\d+)$/.exec(name)?.[1] ?? 0)),
);

/** Why kernels cannot be compiled here; `undefined`: they can. */
export const NVRTC_SKIP_REASON: string | undefined = libraryFolders().some((folder) =>
  readdirSync(folder).some((name) => name.startsWith("libnvrtc.so")),
)
  ? undefined
  : "no libnvrtc.so in the folders of TOP_COMPILE_CUDA_LIBS or of a CUDA toolkit";

/** The helper, built into the folder for build outputs; the caller closes it. */
export async function startCompiler(): Promise<GpuHelper> {
  const built = await buildHelper({ folder: join(ROOT, "build/native"), env: COMPILER_ENV });
  const env = { ...process.env, TOP_COMPILE_CUDA_LIBS: libraryFolders().join(delimiter) };
  const started = built.ok
    ? await startGpuHelper({
        program: { path: built.value.path, args: libraryArguments(env), env },
      })
    : built;
  if (!started.ok) {
    throw new Error(started.error[0].message);
  }
  return started.value;
}
