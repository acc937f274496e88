import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const SRC = resolve(import.meta.dirname, "../../src");

/** Floor of each folder, ground first: imports go down only; folders of one floor do not meet. */
const FLOORS: Record<string, number> = {
  core: 0,
  ir: 1,
  onnx: 2,
  placement: 2,
  learn: 2,
  arrivals: 2,
  cost: 3,
  kernels: 3,
  schedule: 4,
  estimate: 5,
  runtime: 5,
  import: 5,
  profile: 6,
  "search/operator": 6,
  "search/pipeline": 6,
  partition: 7,
  launcher: 7,
  artifact: 8,
  staging: 9,
  report: 10,
  export: 10,
  verify: 10,
  driver: 11,
  cli: 12,
  api: 13,
};

/** The folders that may import each package or Node module; core and driver may use Node's file modules. */
const OWNERS: Record<string, readonly string[]> = {
  protobufjs: ["onnx"],
  "onnxruntime-node": ["runtime"],
  commander: ["cli"],
  chalk: ["cli"],
  "javascript-lp-solver": ["launcher"],
  "@dagrejs": ["report"],
  "d3-array": ["report"],
  "d3-selection": ["report"],
  "d3-zoom": ["report"],
  uplot: ["report"],
  "node:fs": ["core", "onnx", "runtime", "profile", "verify", "driver"],
  "node:buffer": ["core"],
  "node:crypto": ["core"],
  "node:path": [
    "core",
    "arrivals",
    "onnx",
    "runtime",
    "profile",
    "artifact",
    "export",
    "verify",
    "driver",
    "cli",
  ],
  "node:os": ["runtime", "profile", "driver", "cli"],
  "node:url": ["runtime", "driver", "cli"],
  "node:worker_threads": ["runtime"],
  "node:child_process": ["runtime"],
  "node:module": ["runtime", "driver"],
  "node:zlib": ["driver"],
};

/** Files that may read a clock or ask the environment; nothing may use unseeded randomness. */
const IMPURE: readonly RegExp[] = [
  /^runtime\//,
  /^profile\//,
  /^cli\//,
  /^api\//,
  /^driver\/clock\.ts$/,
];

function folderOf(file: string): string {
  const parts = relative(SRC, file).split("/");
  return parts[0] === "search" ? `search/${parts[1]}` : (parts[0] ?? "");
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

const files = filesIn(SRC);
const sources = new Map(files.map((file) => [file, readFileSync(file, "utf8")]));

function importsOf(source: string): string[] {
  const static_ = source.matchAll(/^(?:import|export)\s[^;]*?from\s+"([^"]+)"/gm);
  const dynamic = source.matchAll(/\bimport\(\s*"([^"]+)"\s*\)/g);
  return [...static_, ...dynamic].map((match) => match[1] ?? "");
}

describe("layers", () => {
  it("finds the source", () => {
    expect(files.length).toBeGreaterThan(5);
  });

  it.each(files.map((file) => relative(SRC, file)))("%s imports downwards only", (name) => {
    const file = join(SRC, name);
    const from = folderOf(file);
    const floor = FLOORS[from];
    expect(floor, `${from} has no floor`).toBeDefined();
    for (const target of importsOf(sources.get(file) ?? "")) {
      if (target.startsWith(".")) {
        const to = folderOf(resolve(dirname(file), target));
        if (to !== from) {
          expect(FLOORS[to], `${name} imports ${target}`).toBeLessThan(floor ?? -1);
        }
      } else {
        const pkg = target.startsWith("node:") ? target : target.split("/")[0];
        expect(OWNERS[pkg ?? ""] ?? [], `${name} imports ${target}`).toContain(from);
      }
    }
  });

  it("verify reaches nothing of search, by any way", () => {
    const reached = new Map<string, string>();
    const pending = files.filter((file) => folderOf(file) === "verify");
    expect(pending.length).toBeGreaterThan(5);
    for (let file = pending.pop(); file !== undefined; file = pending.pop()) {
      for (const target of importsOf(sources.get(file) ?? "")) {
        const to = resolve(dirname(file), target.replace(/\.js$/, ".ts"));
        if (target.startsWith(".") && !reached.has(to)) {
          reached.set(to, file);
          pending.push(to);
        }
      }
    }
    const searches = [...reached].filter(([to]) => folderOf(to).startsWith("search"));
    expect(searches.map(([to, from]) => [relative(SRC, to), relative(SRC, from)])).toEqual([]);
  });

  it.each(files.map((file) => relative(SRC, file)))("%s is pure where it must be", (name) => {
    const source = (sources.get(join(SRC, name)) ?? "").replaceAll(
      /\/\*[\s\S]*?\*\/|\/\/.*$/gm,
      "",
    );
    expect(source).not.toMatch(/Math\.random\(/);
    if (!IMPURE.some((allowed) => allowed.test(name))) {
      expect(source).not.toMatch(/\bDate\.now\(|\bnew Date\(|\bperformance\.now\(|\bprocess\./);
    }
  });

  it.each(files.map((file) => relative(SRC, file)))("%s documents its exports", (name) => {
    const lines = (sources.get(join(SRC, name)) ?? "").split("\n");
    const bare = lines.filter(
      (line, i) =>
        /^export (?:async |abstract |declare )*(?:function|class|interface|type|const|let)\b/.test(
          line,
        ) && !/\*\/\s*$/.test(lines[i - 1] ?? ""),
    );
    expect(bare).toEqual([]);
  });
});

describe("docs/architecture.md", () => {
  const page = readFileSync(resolve(SRC, "../docs/architecture.md"), "utf8");

  it("names every folder that has files, and no other", () => {
    const named = [...page.matchAll(/^\| `(src\/[\w/-]+)` \|/gm)].map((match) => match[1]);
    const there = new Set(files.map((file) => `src/${relative(SRC, dirname(file))}`));
    expect(named.sort()).toEqual([...there].sort());
  });

  it("has the floors of this test", () => {
    const rows = [...page.matchAll(/^\| (\d+) \| (.*) \|$/gm)].map(([, floor, folders]) => [
      Number(floor),
      [...(folders ?? "").matchAll(/`([^`]+)`/g)].map((match) => match[1]).sort(),
    ]);
    const there = new Set(files.map(folderOf));
    const floors = Object.entries(FLOORS).filter(([folder]) => there.has(folder));
    const wanted = [...new Set(floors.map(([, floor]) => floor))]
      .sort((a, b) => b - a)
      .map((floor) => [floor, floors.flatMap(([name, of]) => (of === floor ? [name] : [])).sort()]);
    expect(rows).toEqual(wanted);
  });

  it("names functions that exist", () => {
    const road = page.slice(page.indexOf("| step |"), page.indexOf("## Folders"));
    const names = [...road.matchAll(/`([a-z]+[A-Z]\w*)(?:\(.*?\))?`/g)].map((match) => match[1]);
    const text = [...sources.values()].join("\n");
    expect(names.length).toBeGreaterThan(20);
    expect(
      names.filter((name) => !new RegExp(`export (async )?function ${name}\\b`).test(text)),
    ).toEqual([]);
  });
});
