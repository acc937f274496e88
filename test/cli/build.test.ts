import {
  appendFileSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sha256OfFile } from "../../src/core/digest.js";
import { type CliRun, runCli } from "../support/run-cli.js";
import { everythingIn, RunningCommand, runFolders } from "../support/running-command.js";

const ROOT = resolve(import.meta.dirname, "../..");
const PROJECT = join(ROOT, "fixtures/project");
const CONFIG = "top-compile.config.json";
const LOCK = "top-compile.lock.json";
/** By one process: each takes longer to load than the files here take it. */
const CHECK = ["build", "--check", "--jobs", "1"] as const;
const TWO_BRANCH = "schedules/two-branch.h200.schedule.json";
const OF_CPU = "schedules/two-branch.cpu.schedule.json";
const CUT = "placements/two-branch.placement.json";
const PIPELINE = "schedules/two-branch.pipeline.schedule.json";

/** Runs the command line in a folder, in this process: its outputs are made by processes of their own anyway. */
async function top(folder: string, ...argv: readonly string[]): Promise<CliRun> {
  const before = process.cwd();
  process.chdir(folder);
  try {
    return await runCli(argv);
  } finally {
    process.chdir(before);
  }
}

let root: string;
let folder: string;

/** The project with the files that it reads, and its outputs. */
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "top-compile-project-"));
  folder = join(root, "project");
  cpSync(PROJECT, folder, { recursive: true });
  for (const path of ["models/two-branch.onnx", "models/small", "profiles/cpu-example"]) {
    cpSync(join(ROOT, "fixtures", path), join(root, path), { recursive: true });
  }
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const at = (path: string): string => join(folder, path);
const read = (path: string): string => readFileSync(at(path), "utf8");
const configured = (change: (config: Config) => void): void => {
  const config = JSON.parse(read(CONFIG));
  change(config);
  writeFileSync(at(CONFIG), JSON.stringify(config));
};

interface Config {
  targets: Record<string, unknown>[];
}

/** The codes and the places of failures that were printed as JSON. */
function found({ stderr }: CliRun): readonly (readonly [string, string])[] {
  const { failures } = JSON.parse(stderr) as {
    readonly failures: readonly { readonly code: string; readonly place: string }[];
  };
  return failures.map(({ code, place }) => [code, place]);
}

const outputs = (): readonly string[] =>
  [...readdirSync(at("schedules")).map((name) => `schedules/${name}`), CUT].sort();

describe("the project of fixtures/project", () => {
  it("is current, byte for byte, on this machine and version of Node", async () => {
    const checked = await top(PROJECT, ...CHECK, "--remake");
    expect(checked.stderr).toBe("checking\n");
    expect(checked.stdout).toBe("10 outputs, all up to date\n");
  });

  it("is made as it stands in the repository", async () => {
    const files = [...outputs(), LOCK];
    expect(files.length).toBe(11);
    for (const file of files) {
      rmSync(at(file));
    }
    const built = await top(folder, "build", "--json");
    expect(built.status).toBe(0);
    expect(JSON.parse(built.stdout).outputs.map((each: { state: string }) => each.state)).toEqual(
      new Array(10).fill("made"),
    );
    for (const file of files) {
      await expect(read(file)).toMatchFileSnapshot(join(PROJECT, file));
    }
  });
});

describe("build", () => {
  it("makes only what changed, and what is made from that", async () => {
    expect((await top(folder, "build")).stdout).toContain("0 outputs made, 10 up to date");
    writeFileSync(at(CUT), read(CUT).replace("0.", "1."));
    rmSync(at(OF_CPU));
    const built = JSON.parse((await top(folder, "build", "--json")).stdout);
    const made = built.outputs.filter(({ state }: { state: string }) => state === "made");
    expect(made.map(({ out, because }: Record<string, string>) => [out, because])).toEqual([
      [OF_CPU, "is not there"],
    ]);
  });

  it("goes on after an output that cannot be made, and does not make what needs it", async () => {
    writeFileSync(join(root, "models/small/quantised.onnx"), "no model");
    configured(({ targets }) => {
      targets[2]!["options"] = { stages: 2, memory: "1KiB" };
    });
    const built = await top(folder, "build", "--width=1000");
    expect(built.status).toBe(1);
    expect(built.stdout).toContain("6 up to date, 4 failed");
    expect(built.stderr).toContain(
      "error[output-not-made] schedules/quantised.h200.schedule.json: [",
    );
    expect(built.stderr).toContain(
      `error[output-not-made] ${PIPELINE}: needs ${CUT}, which could not be made`,
    );
    // What was there stays, whole, and is not taken for current.
    expect(existsSync(at(CUT))).toBe(true);
    const checked = await top(folder, ...CHECK, "--json");
    expect(found(checked).map(([, place]) => place)).toContain(CUT);
  });

  it("writes into folders that are not there, under names that look like options", async () => {
    writeFileSync(
      at(CONFIG),
      JSON.stringify({
        format: "top-compile/config",
        version: 1,
        targets: [
          {
            command: "compile",
            models: ["-m.onnx"],
            devices: ["h200"],
            out: "new/{device}/{model}.json",
          },
        ],
      }),
    );
    rmSync(at(LOCK));
    copyFileSync(join(root, "models/two-branch.onnx"), at("-m.onnx"));
    expect((await top(folder, "build")).status).toBe(0);
    expect(existsSync(at("new/h200/-m.json"))).toBe(true);
    expect((await top(folder, ...CHECK)).status).toBe(0);
  });

  it("keeps the outputs of earlier configurations in mind until they are deleted", async () => {
    configured(({ targets }) => targets.splice(1, 1));
    const built = await top(folder, "build", "--width=1000");
    expect(built.stdout).toContain(`note: ${OF_CPU} is made by nothing in the configuration`);
    expect(found(await top(folder, ...CHECK, "--json"))).toEqual([["artifact-foreign", OF_CPU]]);
    rmSync(at(OF_CPU));
    expect((await top(folder, ...CHECK)).status).toBe(0);
  });
});

/** A folder's files with their contents and times. */
function snapshot(): readonly (readonly [string, string, number])[] {
  return everythingIn(root)
    .filter((path) => statSync(join(root, path)).isFile())
    .map((path) => {
      const file = join(root, path);
      return [path, sha256OfFile(file), statSync(file).mtimeMs];
    });
}

/** A lock file with another digest of an output. */
function withDigest(lock: string, out: string, sha256: string): string {
  const document = JSON.parse(lock);
  document.outputs.find((each: { out: string }) => each.out === out).sha256 = sha256;
  return JSON.stringify(document);
}

interface Case {
  readonly name: string;
  readonly change: () => void;
  readonly failures: readonly (readonly [string, string])[];
  readonly says: string;
}

const swap = (file: string, from: string, to: string): void => {
  expect(read(file)).toContain(from);
  writeFileSync(at(file), read(file).replace(from, to));
};

/** The outputs of the first targets, for the model with two branches. */
const OF_MODEL = [
  TWO_BRANCH,
  "schedules/two-branch.a100-pcie-40gb.schedule.json",
  OF_CPU,
  CUT,
] as const;

const CASES: readonly Case[] = [
  {
    name: "a model that changed",
    change: () => appendFileSync(join(root, "models/two-branch.onnx"), Buffer.from([0x32, 0])),
    failures: [...OF_MODEL, PIPELINE].map((out) => ["artifact-stale", out]),
    says: "../models/two-branch.onnx has changed since it was made",
  },
  {
    name: "a profile that changed",
    change: () => appendFileSync(join(root, "profiles/cpu-example/two-branch.profile.json"), "\n"),
    failures: [["artifact-stale", OF_CPU]],
    says: "two-branch.profile.json has changed",
  },
  {
    name: "an artifact that was edited, and is valid",
    change: () => swap(TWO_BRANCH, "{", "{ "),
    failures: [["artifact-edited", TWO_BRANCH]],
    says: "was changed since it was made",
  },
  {
    name: "an artifact that was edited, and is no longer valid",
    change: () => swap(TWO_BRANCH, '"stream": 0', '"stream": 1'),
    failures: [
      ["artifact-edited", TWO_BRANCH],
      ["artifact-invalid", TWO_BRANCH],
    ],
    says: "verify refuses it: [schedule-",
  },
  {
    name: "an artifact that is missing",
    change: () => rmSync(at(OF_CPU)),
    failures: [["artifact-missing", OF_CPU]],
    says: "is not there",
  },
  {
    name: "a missing artifact that another one is made from",
    change: () => rmSync(at(CUT)),
    failures: [
      ["artifact-missing", CUT],
      ["artifact-stale", PIPELINE],
    ],
    says: `${CUT}, which it is made from, is not there`,
  },
  {
    name: "options that changed",
    change: () =>
      configured(({ targets }) => {
        targets[4]!["options"] = { devices: 2, "micro-batches": 5 };
      }),
    failures: [
      ["artifact-foreign", "schedules/x.shape.schedule.json"],
      ["artifact-foreign", "schedules/m.shape.schedule.json"],
    ],
    says: "was made with --micro-batches=4, the configuration says --micro-batches=5",
  },
  {
    name: "a copy that nothing makes",
    change: () => copyFileSync(at(TWO_BRANCH), at("schedules/copy.h200.schedule.json")),
    failures: [["artifact-foreign", "schedules/copy.h200.schedule.json"]],
    says: "is made by nothing in the configuration",
  },
  {
    name: "another version of the program",
    change: () =>
      writeFileSync(at(LOCK), read(LOCK).replace(/top-compile [^"]+/, "top-compile 0.0.1")),
    failures: [
      ["artifact-stale", CUT],
      ["artifact-stale", PIPELINE],
    ],
    says: "was made by top-compile 0.0.1, this is top-compile",
  },
  {
    name: "an artifact that verify refuses although it is as it was made",
    change: () => {
      swap(OF_CPU, '"stream": 0', '"stream": 1');
      const digest = sha256OfFile(at(OF_CPU));
      writeFileSync(at(LOCK), withDigest(read(LOCK), OF_CPU, digest));
    },
    failures: [["artifact-invalid", OF_CPU]],
    says: "verify refuses it",
  },
];

describe("build --check", () => {
  it.each(CASES)("finds $name", async ({ change, failures, says }) => {
    change();
    const before = snapshot();
    const checked = await top(folder, ...CHECK, "--json");
    expect(checked.status).toBe(1);
    expect(found(checked)).toEqual(failures);
    expect(checked.stderr).toContain(JSON.stringify(says).slice(1, -1));
    expect(snapshot()).toEqual(before);
  });

  it("is content after a build, whatever it found", async () => {
    const left = ["a copy that nothing makes", "an artifact that verify refuses although"];
    const mended = CASES.filter(({ name }) => left.every((start) => !name.startsWith(start)));
    expect(mended.length).toBe(CASES.length - left.length);
    for (const { change } of mended) {
      change();
    }
    expect((await top(folder, "build")).status).toBe(0);
    expect((await top(folder, ...CHECK)).stderr).toBe("checking\n");
  });

  it("needs no lock file: outputs are then made again and compared", async () => {
    rmSync(at(LOCK));
    expect((await top(folder, ...CHECK)).stdout).toBe("10 outputs, all up to date\n");
    swap(TWO_BRANCH, '"stream": 0', '"stream": 1');
    appendFileSync(join(root, "profiles/cpu-example/two-branch.profile.json"), "\n");
    configured(({ targets }) => {
      targets[4]!["options"] = { devices: 2, "micro-batches": 5 };
    });
    rmSync(at("schedules/v.pipeline.schedule.json"));
    const checked = await top(folder, ...CHECK, "--json");
    expect(found(checked)).toEqual([
      ["artifact-edited", TWO_BRANCH],
      ["artifact-stale", OF_CPU],
      ["artifact-missing", "schedules/v.pipeline.schedule.json"],
      ["artifact-foreign", "schedules/x.shape.schedule.json"],
      ["artifact-foreign", "schedules/m.shape.schedule.json"],
    ]);
    expect(existsSync(at(LOCK))).toBe(false);
  });

  it("refuses a lock file that a merge left in two parts", async () => {
    writeFileSync(at(LOCK), `<<<<<<< ours\n${read(LOCK)}`);
    const checked = await top(folder, ...CHECK);
    expect(checked.status).toBe(1);
    expect(checked.stderr).toContain(`error[lock-invalid] ${LOCK}: is not JSON`);
  });

  it("watches external data of models", async () => {
    configured(({ targets }) => {
      targets[0]!["models"] = ["../models/small/external-data.onnx"];
      targets.splice(1, 3);
    });
    rmSync(at("schedules"), { recursive: true });
    rmSync(at(CUT));
    expect((await top(folder, "build")).status).toBe(0);
    appendFileSync(join(root, "models/small/external-data.bin"), "x");
    expect(found(await top(folder, ...CHECK, "--json"))).toEqual([
      ["artifact-stale", "schedules/external-data.h200.schedule.json"],
      ["artifact-stale", "schedules/external-data.a100-pcie-40gb.schedule.json"],
    ]);
  });
});

/** A trace: times between requests, in microseconds. */
const TIMES = "10000\n20000\n".repeat(8);

describe("launcher policies", () => {
  it("are built, verified, and stale when arrivals or their traces change", async () => {
    rmSync(folder, { recursive: true });
    mkdirSync(folder);
    const target = {
      command: "launch",
      models: ["*.onnx"],
      arrivals: ["*.arrivals.json"],
      options: { samples: 1 },
    };
    const config = { format: "top-compile/config", version: 1, targets: [target] };
    const model = { model: "two-branch", process: { kind: "trace", file: "times.csv" } };
    const arrivals = { format: "top-compile/arrivals", version: 1, durationSeconds: 1 };
    writeFileSync(at(CONFIG), JSON.stringify(config));
    writeFileSync(at("a.arrivals.json"), JSON.stringify({ ...arrivals, models: [model] }));
    writeFileSync(at("times.csv"), TIMES);
    copyFileSync(join(root, "models/two-branch.onnx"), at("two-branch.onnx"));
    const built = await top(folder, "build");
    expect([built.status, built.stderr]).toEqual([0, "building\n"]);
    expect((await top(folder, ...CHECK)).stdout).toBe("1 output, all up to date\n");
    const out = "a.arrivals.policy.json";
    appendFileSync(at("times.csv"), "30000\n");
    expect(found(await top(folder, ...CHECK, "--json"))).toEqual([["artifact-stale", out]]);
    writeFileSync(at("times.csv"), TIMES);
    swap(out, '"launcher"', '"launchers"');
    expect(found(await top(folder, ...CHECK, "--json"))).toEqual([
      ["artifact-edited", out],
      ["artifact-invalid", out],
    ]);
  });
});

/** Configurations that are refused: the first target, and what is said. */
const REFUSED: readonly (readonly [string, Record<string, unknown>, string])[] = [
  ["measured devices", { models: ["m.onnx"] }, '/targets/0/devices: "cpu" is measured'],
  [
    "patterns without files",
    { models: ["none/*.onnx"], devices: ["h200"] },
    "/targets/0/models/0: no file fits",
  ],
  ["files that are not there", { models: ["n.onnx"], devices: ["h200"] }, "there is no such file"],
  ["absolute paths", { models: ["/m.onnx"], devices: ["h200"] }, "must be a path relative"],
  [
    "two outputs in one place",
    { models: ["m.onnx"], devices: ["h200", "h100-sxm"] },
    "m.schedule.json would be made twice",
  ],
  [
    "an output that is an input",
    { models: ["m.onnx"], devices: ["h200"], out: "{folder}/m.onnx" },
    "m.onnx is read before it is made",
  ],
  [
    "placeholders without a meaning",
    { models: ["m.onnx"], devices: ["h200"], out: "{name}.json" },
    "{name} means nothing here, only {folder}, {model}, {device}",
  ],
  [
    "options that do not exist",
    { models: ["m.onnx"], devices: ["h200"], options: { algoritm: "ios" } },
    "/targets/0/options/algoritm: the command has no such option; did you mean algorithm?",
  ],
  [
    "values that the option does not take",
    { models: ["m.onnx"], devices: ["h200"], options: { "max-streams": 0 } },
    "/targets/0/options/max-streams: It must be a whole number",
  ],
  [
    "values of switches",
    { models: ["m.onnx"], devices: ["h200"], options: { "merge-convolutions": 1 } },
    "is a switch: must be true or false",
  ],
  [
    "options that a field of the target says",
    { models: ["m.onnx"], devices: ["h200"], options: { out: "x.json" } },
    'the target says it as "out"',
  ],
  ["fields that do not exist", { models: ["m.onnx"], device: "h200" }, "unknown field"],
];

describe("a configuration", () => {
  it.each(REFUSED)("with %s is refused", async (_, target, says) => {
    rmSync(folder, { recursive: true });
    mkdirSync(folder);
    copyFileSync(join(root, "models/two-branch.onnx"), at("m.onnx"));
    const config = {
      format: "top-compile/config",
      version: 1,
      targets: [{ command: "compile", ...target }],
    };
    writeFileSync(at(CONFIG), JSON.stringify(config));
    const built = await top(folder, "build");
    expect(built.status).toBe(1);
    expect(built.stderr).toContain(says);
    expect(readdirSync(folder).sort()).toEqual(["m.onnx", CONFIG]);
  });

  it("that is not there is said with the way to one", async () => {
    rmSync(at(CONFIG));
    expect(await top(folder, "build")).toMatchObject({ status: 1 });
  });
});

describe("init", () => {
  it("writes a configuration of what is there that build makes at once", async () => {
    rmSync(folder, { recursive: true });
    mkdirSync(at("models/deep"), { recursive: true });
    copyFileSync(join(root, "models/two-branch.onnx"), at("models/measured.onnx"));
    copyFileSync(join(root, "models/two-branch.onnx"), at("models/deep/plain.onnx"));
    copyFileSync(
      join(root, "profiles/cpu-example/two-branch.profile.json"),
      at("models/measured.profile.json"),
    );
    copyFileSync(join(PROJECT, "placements/v.json"), at("v.json"));
    expect((await top(folder, "init")).status).toBe(0);
    const config = read(CONFIG);
    expect(JSON.parse(config).targets).toMatchObject([
      { models: ["models/measured.onnx"], devices: ["cpu"] },
      { models: ["models/deep/plain.onnx"], devices: ["h200"] },
      { command: "search", placements: ["v.json"] },
    ]);
    const again = await top(folder, "init");
    expect(again.status).toBe(1);
    expect(again.stderr).toContain("error[config-exists]");
    expect(read(CONFIG)).toBe(config);
    expect((await top(folder, "build")).stdout).toContain("3 outputs made, 0 up to date");
    expect((await top(folder, ...CHECK)).status).toBe(0);
  });

  it("refuses an empty folder, and devices that are measured", async () => {
    rmSync(folder, { recursive: true });
    mkdirSync(folder);
    expect((await top(folder, "init")).stderr).toContain("error[nothing-to-build]");
    const measured = await top(folder, "init", "--device", "cpu");
    expect(measured.status).toBe(2);
    expect(measured.stderr).toContain("error[init-device-measured]");
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("Ctrl-C", () => {
  const run = (): RunningCommand => {
    const folders = runFolders();
    const config = {
      format: "top-compile/config",
      version: 1,
      targets: [
        { command: "search", shapes: ["v"], options: { devices: 2 } },
        {
          command: "search",
          shapes: ["m"],
          options: { devices: 8, "micro-batches": 64, "max-nodes": 1000000000 },
        },
      ],
    };
    writeFileSync(join(folders.out, CONFIG), JSON.stringify(config));
    return new RunningCommand(["build", "--jobs", "2"], folders);
  };

  it("ends every process, leaves nothing half-written, and keeps what is finished", async () => {
    const building = run();
    try {
      const lock = join(building.folders.out, LOCK);
      await building.reach(() => existsSync(lock));
      building.signal("SIGINT");
      expect(await building.ended()).toBe(130);
      expect(building.processes()).toEqual([]);
      expect(everythingIn(building.folders.out)).toEqual([CONFIG, LOCK, "v.schedule.json"]);
      expect(everythingIn(building.folders.temporary)).toEqual([]);
      expect(JSON.parse(readFileSync(lock, "utf8")).outputs).toHaveLength(1);
    } finally {
      building.remove();
    }
  });
});
