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
  "models-exceed-memory": {
    exit: 1,
    meaning: "The weights of all models, with one task in flight, are more than the device holds.",
    action: "Serve fewer models, smaller batches, or use a device with more memory.",
  },
  "trace-invalid": {
    exit: 1,
    meaning: "A trace of arrivals has something in it that is no time, or too few times.",
    action: "Write one time in microseconds on each line.",
  },
} as const;
