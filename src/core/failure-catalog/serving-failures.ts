/** Failures of serving requests: how they arrive, and whether models can be served together. */
export const SERVING_FAILURES = {
  "arrivals-invalid": {
    exit: 1,
    meaning: "An arrivals file has the wrong form, or contradicts itself.",
    action: "Correct the place that the message names (docs/arrivals.md).",
  },
  "arrivals-model-missing": {
    exit: 1,
    meaning: "An arrivals file says nothing of one of the models.",
    action: "Give every model its arrivals, or leave the model out.",
  },
  "arrivals-model-unknown": {
    exit: 1,
    meaning: "An arrivals file names a model that is not among those given.",
    action: "Use the name of the model's file, without folder and extension.",
  },
  "arrivals-not-json": {
    exit: 1,
    meaning: "An arrivals file is not JSON.",
    action: "Correct the place that the message names (docs/arrivals.md).",
  },
  "arrivals-source": {
    exit: 2,
    meaning: "`launch` needs arrivals from a file or rates of models, not both.",
    action: "Give `--arrivals FILE`, or `--rate MODEL=100` for every model.",
  },
  "batch-not-served": {
    exit: 1,
    meaning: "`run --batch` asks for a larger batch than a model can be served in.",
    action: "Give a smaller one, or list it in the arrivals file.",
  },
  "launch-device-unsupported": {
    exit: 2,
    meaning: "`launch` is for GPUs that are known by their data sheet and for the CPU.",
    action: "Give `cpu`, the name of such a GPU, or the path of a device model file.",
  },
  "model-name-repeated": {
    exit: 1,
    meaning: "Two models have the same file name, so arrivals could mean either.",
    action: "Rename one of the files, or make a link with another name.",
  },
  "models-exceed-memory": {
    exit: 1,
    meaning: "The weights of all models, with one task in flight, are more than the device holds.",
    action: "Serve fewer models, smaller batches, or use a device with more memory.",
  },
  "objective-impossible": {
    exit: 1,
    meaning: "A model has to answer sooner than one request alone takes.",
    action: "Give it more time (`objectiveMs`), or serve it on a faster device.",
  },
  "policy-changes": {
    exit: 1,
    meaning:
      "`run` was given a learned policy, which changes as requests come; the server here keeps to one.",
    action: "Name another policy of the file with `--policy`.",
  },
  "policy-not-for-cpu": {
    exit: 1,
    meaning: "`run` was given policies for a GPU by its data sheet, on which nothing here serves.",
    action: "Make policies for this machine with `launch --device cpu`.",
  },
  "policy-unknown": {
    exit: 1,
    meaning: "A policy file has no policy of the name that `run --policy` asks for.",
    action: "Give one of the names that the message lists.",
  },
  "serving-failed": {
    exit: 1,
    meaning: "ONNX Runtime refused a model, or failed, while requests for it were served.",
    action: "See the message; `inspect` the model, and try it alone with `run`.",
  },
  "serving-file": {
    exit: 2,
    meaning: "`run` takes one schedule; several files are models to serve, which need arrivals.",
    action: "Give one schedule, or `--arrivals FILE` or `--rate MODEL=100` with models.",
  },
  "threads-not-measured": {
    exit: 1,
    meaning: "`run --threads` asks for threads that a serving profile has no times of.",
    action: "Give a number of threads that was measured: 1, 2, 4, ... or all cores.",
  },
  "trace-invalid": {
    exit: 1,
    meaning: "A trace of arrivals has something in it that is no time, or too few times.",
    action: "Write one time in microseconds on each line.",
  },
} as const;
