/** What the first hour runs, in order: what settles most comes first. */
import { join } from "node:path";

/** A program that is started and waited for. */
export interface Step {
  readonly name: string;
  /** What it settles, in a line. */
  readonly settles: string;
  readonly command: readonly string[];
  /** Whether this Node runs the command; else it is a program of the machine, which may be missing. */
  readonly isOwn: boolean;
  /** It is ended then, and the next one starts. */
  readonly limitS: number;
  /** Besides this environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** JSON files that it writes, from the folder of results. */
  readonly results: readonly string[];
}

/** How much is run, and where results go. */
export interface FirstHourOptions {
  readonly out: string;
  /** Small models only: a dry run. */
  readonly isQuick: boolean;
}

/** What tells most comes first: where time ends, models at the end are not measured. */
const MODELS =
  "googlenet,inception-v3,squeezenet,bert-base,resnet50,randwire-1,dlrm,nasnet-a-large";
const QUICK_MODELS = "small/unsorted";

/** Others end by themselves then, with what was measured. */
const OTHERS_S = 105;

/** A dry run is not on borrowed time, and perhaps on a busy machine. */
const QUICK_PATIENCE = 20;

/** All steps. Order: as they are run. */
export function firstHour(options: FirstHourOptions): readonly Step[] {
  const patience = options.isQuick ? QUICK_PATIENCE : 1;
  return allSteps(options).map((step) => ({ ...step, limitS: step.limitS * patience }));
}

function allSteps({ out, isQuick }: FirstHourOptions): readonly Step[] {
  const models = isQuick ? QUICK_MODELS : MODELS;
  const one = isQuick ? QUICK_MODELS : "googlenet";
  const first = isQuick ? "small/functions" : "squeezenet";
  const model = `fixtures/models/${first}.onnx`;
  const schedule = join(out, "first.schedule.json");
  const run = ["bin/top-compile.js", "run", schedule, "--model", model];
  const own = (name: string, settles: string, command: readonly string[], more: Partial<Step>) => ({
    ...{ name, settles, command, isOwn: true, limitS: 60, results: [] },
    ...more,
  });
  const bench = (folder: string, precision: string, fuse: string, names: string) => ({
    command: [
      ...["build/bench/gpu.js", names, precision, join(out, folder), fuse],
      join(out, "others.json"),
    ],
    results: [join(folder, "gpu-bench.json")],
  });
  return [
    {
      name: "clocks",
      settles: "clocks and power of the idle device",
      command: ["nvidia-smi", "-q", "-d", "CLOCK,POWER"],
      isOwn: false,
      limitS: 15,
      results: [],
    },
    own("doctor", "driver, libraries, versions, the helper", ["bin/top-compile.js", "doctor"], {
      limitS: 30,
    }),
    own(
      "compile",
      "one model through the whole chain",
      [...["bin/top-compile.js", model, "--device", "cuda", "--force", "-o", schedule]],
      { limitS: 60 },
    ),
    own("run", "its schedule, executed and checked", run, { limitS: 30 }),
    own(
      "smoke",
      "what library calls launch and take, queues, order",
      ["build/bench/gpu-smoke.js", out],
      {
        limitS: 60,
        results: ["gpu-smoke.json"],
      },
    ),
    {
      name: "others",
      settles: "what other runtimes take for the same models",
      command: [
        ...["python3", "test/bench/first-hour/others.py", join(out, "others.json"), models],
        ...["--seconds", String(OTHERS_S)],
      ],
      isOwn: false,
      limitS: OTHERS_S + 15,
      results: ["others.json"],
    },
    own("bench", "measured speed-ups, errors of predictions, races", [], {
      limitS: 200,
      ...bench("tf32", "tf32", "patterns", models),
    }),
    own("bench-f16", "the same in half precision", [], {
      limitS: 40,
      ...bench("f16", "f16", "patterns", one),
    }),
    own("bench-unfused", "the same with a launch for each operator", [], {
      limitS: 40,
      ...bench("unfused", "tf32", "none", one),
    }),
    own("bench-8-queues", "the same with as many hardware queues as programs have by default", [], {
      limitS: 40,
      env: { CUDA_DEVICE_MAX_CONNECTIONS: "8" },
      ...bench("queues", "tf32", "patterns", one),
    }),
    {
      name: "counters",
      settles: "bandwidth and blocks of kernels, by the device's counters",
      command: [
        ...["ncu", "--clock-control", "none", "--target-processes", "all", "--launch-count", "40"],
        ...["--section", "SpeedOfLight", "--section", "LaunchStats", "--csv", "--page", "raw"],
        ...[process.execPath, ...run],
      ],
      isOwn: false,
      limitS: 60,
      results: [],
    },
    own(
      "operators",
      "operators one by one, also those of no model above",
      ["build/test/bench/device-operators/main.js", out, isQuick ? "40" : "1"],
      { limitS: 300, results: ["operators.json"] },
    ),
  ];
}
