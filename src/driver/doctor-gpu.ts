import type { Failure } from "../core/failure.js";
import type { Result } from "../core/result.js";
import type {
  CudaDevice,
  LibraryReport,
  MathLibrary,
  ProbeResult,
} from "../runtime/cuda/client/devices.js";
import { mayHaveDriver } from "../runtime/cuda/client/find-driver.js";
import type { GpuHelper } from "../runtime/cuda/client/gpu-helper.js";
import { obtainGpuHelper } from "../runtime/cuda/client/obtain-helper.js";
import type { Finding } from "./finding.js";

/** Options for examining what `--device cuda` needs. */
export interface GpuExamination {
  readonly cacheFolder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Starts the helper; default: the installed one. */
  readonly obtain?: () => Promise<Result<GpuHelper>>;
  /** Whether the machine has an NVIDIA driver; default: detected. */
  readonly hasDriver?: boolean;
}

/** The purpose of each library, and the pip packages that contain it. */
const LIBRARIES: Readonly<
  Record<MathLibrary, { readonly name: string; readonly does: string; readonly pip: string }>
> = {
  nvrtc: { name: "NVRTC", does: "compiles kernels", pip: "nvidia-cuda-nvrtc" },
  cublasLt: { name: "cuBLASLt", does: "is part of cuBLAS", pip: "nvidia-cublas" },
  cublas: { name: "cuBLAS", does: "multiplies matrices", pip: "nvidia-cublas" },
  cudnn: { name: "cuDNN", does: "does convolutions", pip: "nvidia-cudnn-cu13" },
};

/**
 * Checks everything that `--device cuda` needs. Never fails.
 *
 * On a machine with NVIDIA's driver it builds the native helper (once) and queries it; elsewhere it
 * only reports that there is no GPU.
 */
export async function examineGpu(examination: GpuExamination): Promise<readonly Finding[]> {
  const { cacheFolder, env } = examination;
  if (!(examination.hasDriver ?? (await mayHaveDriver({ env })))) {
    return [
      {
        name: "GPU",
        status: "absent",
        value: "no NVIDIA driver found; only --device cuda needs one",
      },
    ];
  }
  const helper = await (examination.obtain?.() ?? obtainGpuHelper({ cacheFolder, env }));
  if (!helper.ok) {
    return helper.error.map((failure) => findingOf("GPU helper", failure));
  }
  const probe = await helper.value.call("probe", {});
  await helper.value.close();
  return probe.ok
    ? findingsOfProbe(probe.value)
    : probe.error.map((failure) => findingOf("GPU helper", failure));
}

/** The findings of a probe of the helper, library by library. */
export function findingsOfProbe(probe: ProbeResult): readonly Finding[] {
  const names = Object.keys(LIBRARIES) as readonly MathLibrary[];
  return [
    ...gpuFindings(probe),
    ...names.map((name) => libraryFinding(name, probe.libraries[name])),
    ...probe.warnings.map(
      (warning): Finding => ({
        name: "CUDA libraries",
        status: "found",
        value: warning,
        hint: "libraries of one release belong together; TOP_COMPILE_CUDA_LIBS chooses others",
      }),
    ),
  ];
}

function gpuFindings({ devices, driverVersion, problem }: ProbeResult): readonly Finding[] {
  if (problem !== undefined) {
    return [
      {
        name: "GPU",
        status: "missing",
        value: problem.message,
        hint: "nvidia-smi shows whether the driver works; a container needs access to the GPU",
      },
    ];
  }
  const driver = driverVersion === undefined ? "" : `; driver for CUDA ${driverVersion}`;
  return devices.map((device) => ({
    name: "GPU",
    status: "found",
    value: `${describe(device)}${driver}`,
  }));
}

function describe(device: CudaDevice): string {
  const memory = `${(device.memoryBytes / 2 ** 30).toFixed(1)} GiB`;
  const capability = device.capability.join(".");
  return `cuda:${device.index} ${device.name}, ${device.multiprocessors} multiprocessors, ${memory}, compute capability ${capability}`;
}

function libraryFinding(key: MathLibrary, report: LibraryReport): Finding {
  const { name, does, pip } = LIBRARIES[key];
  const hint = `pip install ${pip}, or name its folder in TOP_COMPILE_CUDA_LIBS`;
  if (!report.found) {
    return { name, status: "missing", value: `not found; it ${does}`, hint };
  }
  const version = report.version ?? "of unknown version";
  return report.missing.length === 0
    ? { name, status: "found", value: `${version}, ${report.path}` }
    : {
        name,
        status: "missing",
        value: `${version}, ${report.path} lacks ${report.missing.join(", ")}`,
        hint,
      };
}

function findingOf(name: string, { message, hint }: Failure): Finding {
  return {
    name,
    status: "missing",
    value: message,
    ...(hint === undefined ? {} : { hint }),
  };
}
