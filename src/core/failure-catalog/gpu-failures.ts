/** Failures of GPUs: of the helper, of NVIDIA's libraries and of models that a GPU cannot run. */
export const GPU_FAILURES = {
  "cublas-error": {
    exit: 4,
    meaning: "A call of cuBLAS failed.",
    action: "Run again; `--verbose` names the call and its status.",
  },
  "cuda-driver-missing": {
    exit: 4,
    meaning: "NVIDIA's driver is not installed.",
    action: "Install it, or compile for a device model or from a recorded profile.",
  },
  "cuda-driver-too-old": {
    exit: 4,
    meaning: "NVIDIA's driver is older than the oldest supported.",
    action: "Install a newer one; the message says which.",
  },
  "cuda-error": {
    exit: 4,
    meaning: "A call of the CUDA driver failed.",
    action: "Run again; `--verbose` names the call and its status.",
  },
  "cuda-library-missing": {
    exit: 4,
    meaning: "One of NVIDIA's libraries was not found.",
    action: "`top-compile doctor` says where it was looked for.",
  },
  "cudnn-error": {
    exit: 4,
    meaning: "A call of cuDNN failed.",
    action: "Run again; `--verbose` names the call and its status.",
  },
  "device-memory-exceeded": {
    exit: 1,
    meaning: "A tensor, or the constants of the model with one, is more than the GPU's memory.",
    action: "Give smaller sizes with `--dim` or `--batch`, cut the model, or give another GPU.",
  },
  "device-memory-lost": {
    exit: 4,
    meaning: "The GPU helper was started again, and what was on the device is gone.",
    action: "Run again.",
  },
  "gpu-missing": {
    exit: 4,
    meaning: "The driver shows no GPU, or not the one asked for.",
    action: "`nvidia-smi` lists the GPUs; `CUDA_VISIBLE_DEVICES` may hide them.",
  },
  "gpu-out-of-memory": {
    exit: 4,
    meaning: "The GPU has too little free memory.",
    action: "Use a smaller batch, or stop what else uses the GPU.",
  },
  "gpu-unsupported": {
    exit: 4,
    meaning: "The GPU or its libraries lack something that is needed.",
    action: "Use a newer GPU or newer libraries; the message says what is missing.",
  },
  "helper-answer-invalid": {
    exit: 4,
    meaning: "The GPU helper sent a malformed answer.",
    action: "Delete the kept helper so that it is built again, and report it if it stays.",
  },
  "helper-closed": {
    exit: 4,
    meaning: "The GPU helper had been stopped.",
    action: "Run again.",
  },
  "helper-compiler-missing": {
    exit: 4,
    meaning: "No C++ compiler was found to build the GPU helper with.",
    action: "Install g++ or clang++, or name one in `CXX`.",
  },
  "helper-crashed": {
    exit: 4,
    meaning: "The GPU helper ended while it was working.",
    action: "Run again, and report it if it stays.",
  },
  "helper-folder-refused": {
    exit: 4,
    meaning: "The folder in which the GPU helper is kept cannot be used.",
    action: "Set `XDG_CACHE_HOME` to a folder that can be written.",
  },
  "helper-internal-error": {
    exit: 4,
    meaning: "The GPU helper reports a mistake of its own.",
    action: "Report it with the command and its input.",
  },
  "helper-io-error": {
    exit: 4,
    meaning: "The GPU helper cannot read or write a file.",
    action: "Check the path in the message, its permissions and the free space.",
  },
  "helper-not-built": {
    exit: 4,
    meaning: "The compiler cannot build the GPU helper.",
    action: "Use a compiler for C++17; another one can be named in `CXX`.",
  },
  "helper-not-started": {
    exit: 4,
    meaning: "The GPU helper cannot be started.",
    action: "Delete the file to have it built again.",
  },
  "helper-refused-request": {
    exit: 4,
    meaning: "The GPU helper refused a request.",
    action: "Report it with the command and its input.",
  },
  "helper-sources-missing": {
    exit: 4,
    meaning: "The installation lacks the sources of the GPU helper.",
    action: "Install top-compile again.",
  },
  "helper-timed-out": {
    exit: 4,
    meaning: "The GPU helper did not answer in time and was stopped.",
    action: "Stop what else keeps the GPU busy.",
  },
  "helper-version-wrong": {
    exit: 4,
    meaning: "The GPU helper is of another version.",
    action: "Delete the file to have it built again.",
  },
  "nvrtc-error": {
    exit: 4,
    meaning: "NVIDIA's run-time compiler refused the source of a kernel.",
    action: "Report it; `--verbose` adds the compiler's log.",
  },
  "operators-not-capturable": {
    exit: 1,
    meaning:
      "The model has control flow that its sizes do not decide, which a CUDA graph cannot hold.",
    action:
      "Export it with the condition fixed, or the parts before and behind it as models of their own, or compile for `--device cpu`.",
  },
  "operators-unknown": {
    exit: 1,
    meaning: "The model has operators of unknown type, whose kernels cannot be estimated.",
    action: "`--estimate-unsupported` counts them as copies of their bytes.",
  },
  "replay-differs": {
    exit: 1,
    meaning: "A schedule's outputs are not those of the same kernels on one stream.",
    action: "Report it: a verified schedule must not race.",
  },
  "side-file-failed": {
    exit: 4,
    meaning: "Constants for the GPU cannot be written to a temporary file.",
    action: "Free some space in the folder for temporary files, or set `TMPDIR`.",
  },
  "streams-too-many": {
    exit: 1,
    meaning: "The schedule uses more streams than are executed on a GPU.",
    action: "Choose another algorithm.",
  },
  "unsupported-operator": {
    exit: 1,
    meaning: "Operators of the model have no GPU code.",
    action: "`--estimate-unsupported` puts copies of their bytes in their place, for estimates.",
  },
} as const;
