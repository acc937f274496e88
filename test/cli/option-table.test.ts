import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { longName, RECORDED_NAMES } from "../../src/artifact/recorded-options.js";
import { COMMANDS } from "../../src/cli/command-list.js";
import { BUILD } from "../../src/cli/commands/build.js";
import { COMPILE } from "../../src/cli/commands/compile-options.js";
import { EXPLAIN } from "../../src/cli/commands/explain-options.js";
import { EXPORT } from "../../src/cli/commands/export.js";
import { IMPORT } from "../../src/cli/commands/import.js";
import { INIT } from "../../src/cli/commands/init.js";
import { INSPECT } from "../../src/cli/commands/inspect.js";
import { LAUNCH } from "../../src/cli/commands/launch.js";
import { PARTITION } from "../../src/cli/commands/partition.js";
import { PROFILE_OPTIONS } from "../../src/cli/commands/profile.js";
import { IMPORT_OPTIONS } from "../../src/cli/commands/profile-import.js";
import { RUN } from "../../src/cli/commands/run.js";
import { SEARCH } from "../../src/cli/commands/search-options.js";
import { VERIFY } from "../../src/cli/commands/verify.js";
import type { AnyOptionTable, OptionSpec, Trait } from "../../src/cli/options/option-spec.js";
import { DEVICE_MODELS } from "../../src/cost/device-models/catalog.js";
import { runCli } from "../support/run-cli.js";
import { npyBytes, npyHeader } from "../support/tensor-files.js";

const MODEL = "fixtures/models/two-branch.onnx";
const PROFILE = "fixtures/profiles/cpu-example/two-branch.profile.json";
const BERT = "fixtures/models/bert-base.onnx";
const GPU = ["--device", "h200"] as const;
const SERVED = [MODEL, "--rate", "two-branch=5"] as const;

/** Recorded beside options, though nobody types them: what was measured, and whether outputs were compared. */
const MEASURED: readonly string[] = ["tensor-layout", "verified"];

const folder = mkdtempSync(join(tmpdir(), "top-compile-options-"));
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  const made: readonly (readonly string[])[] = [
    [MODEL, "--profile", PROFILE, "-o", at("one.json")],
    [MODEL, "--profile", PROFILE, "--devices", "2", "-o", at("two.json")],
    ["launch", ...SERVED, "--samples", "1", "-o", at("policies.json")],
  ];
  const square = [512, 512];
  writeFileSync(at("input.npy"), npyBytes(npyHeader("<f4", square), new Float32Array(512 * 512)));
  for (const argv of made) {
    expect((await runCli([...argv, "--quiet"])).status).toBe(0);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A command with its table, and for each trait that its options know command lines that have it. */
interface Subject {
  readonly name: string;
  readonly table: AnyOptionTable;
  readonly lines: Partial<Record<Trait, () => readonly (readonly string[])[]>>;
}

const SUBJECTS: readonly Subject[] = [
  {
    name: "compile",
    table: COMPILE as AnyOptionTable,
    lines: {
      cpu: () => [[]],
      cuda: () => [["--device", "cuda"]],
      "data-sheet": () => [GPU],
      profile: () => [
        ["--profile", PROFILE],
        [...GPU, "--profile", PROFILE],
        ["--device", "cuda", "--profile", PROFILE],
      ],
      "one-device": () => [[]],
      pipeline: () => [
        ["--devices", "2"],
        [...GPU, "--devices", "2"],
        ["--device", "cuda", "--devices", "2"],
      ],
      "gpu-pipeline": () => [[...GPU, "--devices", "2"]],
      "cuda-pipeline": () => [["--device", "cuda", "--devices", "2"]],
      inference: () => [["--devices", "2"]],
      "by-hand": () => [["--placement", "p.json"]],
      "unlearned-method": () => [["--devices", "2", "--method", "greedy"]],
      "unmerged-algorithm": () => [[...GPU, "--algorithm", "opara"]],
      "other-algorithm": () => [["--devices", "2", "--pipeline-algorithm", "greedy"]],
    },
  },
  {
    name: "partition",
    table: PARTITION as AnyOptionTable,
    lines: {
      cpu: () => [["--stages", "2"]],
      "data-sheet": () => [[...GPU, "--stages", "2"]],
      profile: () => [
        ["--profile", PROFILE, "--stages", "2"],
        [...GPU, "--profile", PROFILE, "--stages", "2"],
      ],
      pipeline: () => [["--stages", "2"]],
      "gpu-pipeline": () => [[...GPU, "--stages", "2"]],
      "cuda-pipeline": () => [["--device", "cuda", "--stages", "2"]],
      inference: () => [["--stages", "2"]],
      "by-hand": () => [["--placement", "p.json"]],
      "unlearned-method": () => [["--stages", "2", "--method", "greedy"]],
    },
  },
  {
    name: "search",
    table: SEARCH as AnyOptionTable,
    lines: {
      "placement-file": () => [["p.json"]],
      pareto: () => [["--shape", "v", "--devices", "2", "--pareto"]],
      inference: () => [["--shape", "v", "--devices", "2", "--mode", "infer"]],
      "unlimited-algorithm": () => [["--shape", "v", "--devices", "2", "--algorithm", "gpipe"]],
      "other-algorithm": () => [["--shape", "v", "--devices", "2", "--algorithm", "tessel"]],
      "no-output": () => [["--shape", "v", "--devices", "2"]],
      "named-shape": () => [["--shape", "v", "--devices", "2"]],
      "layout-given": () => [["--preset", "megatron", "--devices", "2", "--layers", "4"]],
      "layout-searched": () => [
        ["--preset", "megatron", "--devices", "2", "--layers", "4", "--layout", "search"],
      ],
    },
  },
  {
    name: "profile",
    table: PROFILE_OPTIONS as AnyOptionTable,
    lines: { cpu: () => [[]], cuda: () => [["--device", "cuda"]] },
  },
  {
    name: "profile import",
    table: IMPORT_OPTIONS as AnyOptionTable,
    lines: {
      cpu: () => [["n.csv", "--model", MODEL]],
      "data-sheet": () => [["n.csv", "--model", MODEL, ...GPU]],
    },
  },
  {
    name: "import",
    table: IMPORT as AnyOptionTable,
    lines: { "placement-file": () => [["s.csv", "--placement", "p.json"]] },
  },
  {
    name: "run",
    table: RUN as AnyOptionTable,
    lines: {
      "no-output": () => [[at("one.json")], [at("two.json")]],
      cpu: () => [[at("one.json")]],
      "one-device": () => [[at("one.json")]],
      pipeline: () => [[at("two.json")]],
      serving: () => [SERVED],
      policies: () => [[at("policies.json")], [at("policies.json"), "--rate", "two-branch=5"]],
      profile: () => [[...SERVED, "--profile", PROFILE]],
    },
  },
  {
    name: "explain",
    table: EXPLAIN as AnyOptionTable,
    lines: {
      comparison: () => [[at("two.json"), "--against", at("two.json")]],
      "no-page": () => [[at("one.json")]],
    },
  },
  { name: "build", table: BUILD as AnyOptionTable, lines: {} },
  { name: "init", table: INIT as AnyOptionTable, lines: {} },
  { name: "inspect", table: INSPECT as AnyOptionTable, lines: {} },
  {
    name: "launch",
    table: LAUNCH as AnyOptionTable,
    lines: {
      cpu: () => [[...SERVED, "--device", "cpu"]],
      "data-sheet": () => [SERVED],
      profile: () => [[...SERVED, "--device", "cpu", "--profile", PROFILE]],
    },
  },
  { name: "verify", table: VERIFY as AnyOptionTable, lines: {} },
  {
    name: "export",
    table: EXPORT as AnyOptionTable,
    lines: {
      "not-chrome-trace": () => [[at("two.json"), "--to", "csv"]],
      "not-pytorch": () => [[at("two.json"), "--to", "csv"]],
    },
  },
];

/** A value of every option that has one and no choices. */
const VALUES: Readonly<Record<string, string>> = {
  out: "o.json",
  device: "cuda",
  profile: PROFILE,
  batch: "2",
  maxStreams: "2",
  concurrency: "2",
  progress: "0,0.5",
  devices: "2",
  stages: "2",
  placement: "p.json",
  against: "a.json",
  placementOut: "p2.json",
  fineTune: "2",
  chunks: "2",
  chains: "2",
  backwardRatio: "3",
  weightRatio: "1",
  parameterCopies: "2",
  tensorEfficiency: "0.5",
  linkBandwidth: "25G",
  linkLatency: "5",
  memory: "16GiB",
  microBatches: "8",
  maxNodes: "1000",
  timeLimit: "5",
  forward: "2",
  backward: "2",
  weight: "2",
  latency: "1",
  dim: "n=1",
  input: "x=x.npy",
  inputs: "test_data_set_0",
  saveOutputs: "out",
  saveTrace: "trace.txt",
  seed: "2",
  rounds: "5",
  model: MODEL,
  workersOf: PROFILE,
  html: "o.html",
  duration: "2",
  sessions: "2",
  threads: "2",
  period: "2",
  measured: "ran.json",
  layers: "4",
  embedding: "1",
  head: "1",
  mtp: "1",
  mtpLayers: "1",
  layerMemory: "1",
};

function typed(key: string, spec: OptionSpec<unknown>, except: readonly unknown[] = []): string[] {
  const choice = spec.choices?.find((each) => !except.includes(each));
  const value = choice === undefined ? VALUES[key] : String(choice);
  return spec.value === undefined ? [`--${longName(key)}`] : [`--${longName(key)}`, `${value}`];
}

/** Every pair of an option and a trait that the tables mark: what is refused, and why. */
const MARKED = SUBJECTS.flatMap(({ name, table, lines }) =>
  Object.entries(table).flatMap(([key, spec]) => [
    ...Object.entries(spec.not ?? {}).map(([trait, why]) => {
      return { name, key, trait: trait as Trait, why, argv: typed(key, spec), lines };
    }),
    ...Object.entries(spec.only ?? {}).map(([trait, { values, why }]) => {
      return { name, key, trait: trait as Trait, why, argv: typed(key, spec, values), lines };
    }),
  ]),
);

/** Traits that no command line of a command has: its options share a row with other commands. */
const NEVER: readonly string[] = [
  "explain one-device",
  "import one-device",
  "profile profile",
  "profile pipeline",
  "profile import profile",
  "profile import pipeline",
  "profile import cuda-pipeline",
];

describe("an option that would be ignored", () => {
  const cases = MARKED.filter(({ name, trait }) => !NEVER.includes(`${name} ${trait}`));

  it("is found often", () => {
    expect(cases.length).toBeGreaterThan(60);
  });

  it.each(cases.map((each) => [each.name, longName(each.key), each.trait, each] as const))(
    "is refused: %s --%s with %s",
    async (_name, option, trait, { name, argv, why, lines }) => {
      const line = lines[trait];
      if (line === undefined) {
        // A device or a profile that the command does not have.
        expect(["run data-sheet", "profile data-sheet", "partition cuda"]).toContain(
          `${name} ${trait}`,
        );
        return;
      }
      const model = ["compile", "partition", "profile"].includes(name) ? [MODEL] : [];
      const refused: string[] = [];
      for (const base of lines[trait]?.() ?? []) {
        const has = base.includes(argv[0] ?? "");
        const run = await runCli([...name.split(" "), ...model, ...base, ...(has ? [] : argv)]);
        expect(run).toMatchObject({ status: 2, stdout: "" });
        refused.push(...run.stderr.split("\n").filter((each) => each.includes(why)));
      }
      expect(refused[0], `nowhere: ${why}`).toMatch(/^error\[option-not-applicable\] /);
      expect(refused[0]).toContain(`--${option}`);
      expect(refused[0]).toMatch(/cannot be used with(out)? \S/);
    },
  );

  it("is named with all others of the command line", async () => {
    const run = await runCli([
      MODEL,
      "--fuse",
      "none",
      "--math",
      "ieee",
      "--shape",
      "v",
      "--compare",
    ]);
    expect(run.status).toBe(2);
    for (const option of ["--fuse none", "--math ieee", "--shape v", "--compare"]) {
      expect(run.stderr).toContain(`error[option-not-applicable] ${option}: cannot be used with`);
    }
  });
});

describe("an option that is accepted", () => {
  /** Command lines of the smallest kind for which each option means something. */
  const cut = ["--devices", "2", ...GPU];
  const train = [...cut, "--mode", "train"];
  const shape = ["search", "--shape", "v", "--devices", "2"];
  const preset = ["search", "--preset", "megatron", "--devices", "2", "--layers", "4"];
  const served = ["launch", MODEL, "--rate", "two-branch=5", "--samples", "1"];
  const used: Readonly<Record<string, readonly string[]>> = {
    device: [MODEL, ...GPU],
    math: [MODEL, ...GPU, "--math", "ieee"],
    "estimate-unsupported": [MODEL, ...GPU, "--estimate-unsupported"],
    "merge-convolutions": [MODEL, ...GPU, "--merge-convolutions"],
    algorithm: [MODEL, "--profile", PROFILE, "--algorithm", "opara"],
    batch: ["fixtures/models/squeezenet.onnx", ...GPU, "--batch", "2"],
    "max-streams": [MODEL, ...GPU, "--max-streams", "2"],
    progress: [MODEL, ...GPU, "--concurrency", "2"],
    dim: [BERT, ...GPU, "--algorithm", "sequential", "--dim", "batch=2"],
    input: [MODEL, ...GPU, "--input", `0=${at("input.npy")}`],
    devices: [MODEL, ...cut],
    shape: [MODEL, ...cut, "--shape", "v"],
    chains: ["import", "fixtures/imports/zb-v-2.csv", "--chains", "2"],
    chunks: [MODEL, ...cut, "--shape", "interleaved-1f1b", "--chunks", "2"],
    mode: [MODEL, ...train],
    "backward-ratio": [MODEL, ...train, "--backward-ratio", "3"],
    "weight-ratio": [MODEL, ...train, "--weight-ratio", "1"],
    "parameter-copies": [MODEL, ...train, "--parameter-copies", "2"],
    "tensor-efficiency": [MODEL, ...cut, "--tensor-efficiency", "0.5"],
    "link-bandwidth": [MODEL, ...cut, "--link-bandwidth", "1G"],
    "link-latency": [MODEL, ...cut, "--link-latency", "5"],
    memory: [...shape, "--memory", "3"],
    "micro-batches": [...shape, "--micro-batches", "8"],
    method: [MODEL, ...cut, "--method", "greedy"],
    "fine-tune": [MODEL, ...cut, "--fine-tune", "2"],
    "pipeline-algorithm": [MODEL, ...cut, "--pipeline-algorithm", "greedy"],
    effort: [...shape, "--effort", "quick"],
    objective: [...shape, "--objective", "span"],
    "max-nodes": [...shape, "--max-nodes", "1000"],
    forward: [...shape, "--forward", "2"],
    backward: [...shape, "--backward", "4"],
    weight: ["search", "--shape", "zb-h", "--devices", "2", "--weight", "2"],
    latency: [...shape, "--latency", "1"],
    preset,
    layers: preset,
    layout: ["search", "--preset", "megatron", "--devices", "2", "--layout", "Et|tL"],
    embedding: [...preset, "--embedding", "1"],
    head: [...preset, "--head", "1"],
    mtp: [...preset, "--mtp", "2"],
    "layer-memory": [...preset, "--layer-memory", "2"],
    rate: served,
    "rates-scale": [...served, "--rates-scale", "0.5"],
    samples: [...served, "--samples", "1"],
    "train-steps": [...served, "--train-steps", "1"],
  };

  it.each(Object.entries(used))("is recorded by its long name: %s", async (name, argv) => {
    const out = at("recorded.json");
    const run = await runCli([...argv, "-o", out, "--force", "--quiet"]);
    expect(run, run.stderr).toMatchObject({ status: 0 });
    const { options } = JSON.parse(readFileSync(out, "utf8")).provenance;
    expect(Object.keys(options)).toContain(name);
    for (const key of Object.keys(options)) {
      expect(RECORDED_NAMES).toContain(key);
    }
  });

  /** Options that an artifact does not record, and what they change instead. */
  const effects: Readonly<Record<string, string>> = {
    out: "where the result is written",
    "placement-out": "where the placement is written",
    html: "writes a page",
    force: "whether it may replace a file",
    profile: "recorded as an input",
    placement: "recorded as an input",
    inputs: "recorded as input, file by file",
    remeasure: "whether measurements are made again",
    seed: "recorded beside the options",
    against: "what is printed",
    compare: "what is printed",
    ascii: "what is printed",
    pareto: "what is printed",
    arrivals: "recorded as an input",
    duration: "how long models are served, which writes no file",
    policy: "how models are served",
    sessions: "the same",
    threads: "the same",
    period: "the same",
    config: "what is built",
    check: "what is built or only compared",
    remake: "whether outputs are made again",
    jobs: "how many outputs are made at a time",
    concurrency: "recorded as progress",
    "time-limit": "noted when it ends a search: the result is that of the machine",
    "stage-models": "writes models",
    "save-outputs": "writes outputs",
    "save-trace": "writes requests",
    stages: "the devices of the placement",
    model: "which file is read",
    rounds: "how long is measured",
    fuse: "recorded with every GPU",
    "match-by-order": "recorded in the profile",
    to: "which format is written",
    "compute-only": "what is written",
    "mtp-layers": "recorded in the layout",
    "all-instances": "how what is found is written",
    measured: "what is drawn beside the prediction",
    "workers-of": "costs of workers in the profile",
  };

  it("is recorded, or does something else that is known", () => {
    const names = SUBJECTS.flatMap(({ table }) => Object.keys(table).map(longName));
    for (const name of new Set(names)) {
      expect([...Object.keys(used), ...Object.keys(effects)], name).toContain(name);
    }
  });

  it("is written about", () => {
    const documents = readdirSync("docs")
      .filter((file) => file.endsWith(".md") && file !== "cli.md")
      .map((file) => readFileSync(join("docs", file), "utf8"));
    const help = readFileSync("docs/cli.md", "utf8");
    const text = [...documents, readFileSync("README.md", "utf8")].join("\n");
    for (const { name, table } of SUBJECTS) {
      for (const key of Object.keys(table)) {
        expect(help.split(`## ${name}\n`)[1], name).toContain(`--${longName(key)}`);
      }
    }
    expect(
      RECORDED_NAMES.filter((each) => !MEASURED.includes(each) && !text.includes(`--${each}`)),
    ).toEqual([]);
  });
});

describe("the table of options", () => {
  it("has every command", () => {
    const names = [...SUBJECTS.map(({ name }) => name), "doctor", "completion"];
    expect([...names].sort()).toEqual(COMMANDS.map(({ name }) => name).sort());
  });

  it("names in the help all data sheets that there are", async () => {
    const { stdout } = await runCli(["compile", "--help"]);
    const words = stdout.replace(/\s+/g, " ");
    expect(words).toContain(DEVICE_MODELS.map(({ name }) => name).join(", "));
  });

  it("has a clause for a reason, and a phrase for the help", () => {
    for (const { table } of SUBJECTS) {
      for (const [key, { help, not = {} }] of Object.entries(table)) {
        for (const words of [help, ...Object.values(not)]) {
          expect(words, key).toMatch(/^[^A-Z].*[^.]$|^ONNX Runtime .*[^.]$/);
        }
      }
    }
  });
});
