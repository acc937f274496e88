import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const ROOT = resolve(import.meta.dirname, "../..");
const PAGE = readFileSync(join(ROOT, "docs/library.md"), "utf8");

const blockOf = (language: string): string =>
  new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``).exec(PAGE)?.[1] ?? "";

/** A folder with the package as npm packs it, and what it depends on. */
let folder: string;
const at = (path: string): string => join(folder, path);
const installed = "node_modules/top-compile";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "top-compile-library-"));
  mkdirSync(at(installed), { recursive: true });
  const pack = ["pack", "--ignore-scripts", "--silent", "--pack-destination", folder];
  const name = execFileSync("npm", pack, { cwd: ROOT, encoding: "utf8" }).trim();
  execFileSync("tar", ["-xzf", at(name), "-C", at(installed), "--strip-components=1"]);
  const { dependencies } = JSON.parse(readFileSync(at(`${installed}/package.json`), "utf8"));
  for (const each of Object.keys(dependencies)) {
    const place = at(`node_modules/${each}`);
    mkdirSync(dirname(place), { recursive: true });
    symlinkSync(join(ROOT, "node_modules", each), place);
  }
  copyFileSync(join(ROOT, "fixtures/models/two-branch.onnx"), at("model.onnx"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function node(...argv: readonly string[]): string {
  return execFileSync(process.execPath, argv, { cwd: folder, encoding: "utf8" });
}

/** Runs a module in the folder and returns what it prints, as JSON. */
function evaluate(code: string): unknown {
  writeFileSync(at("evaluate.mjs"), code);
  return JSON.parse(node("evaluate.mjs"));
}

describe("the package", () => {
  it("runs the example of docs/library.md", () => {
    writeFileSync(at("example.mjs"), blockOf("js"));
    expect(node("example.mjs")).toBe(blockOf("text"));
  });

  it("has a program, documents and schemas", () => {
    expect(node(`${installed}/bin/top-compile.js`, "--version")).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(existsSync(at(`${installed}/docs/build.md`))).toBe(true);
    const files = readdirSync(join(ROOT, "docs/schema"));
    const code = `import { createRequire } from "node:module";
      const load = createRequire(import.meta.url);
      console.log(JSON.stringify(${JSON.stringify(files)}.map((file) => load("top-compile/schema/" + file).$id)));`;
    expect(evaluate(code)).toEqual(
      files.map((file) => {
        const name = file.replace(".schema.json", "");
        return expect.stringMatching(new RegExp(`^urn:top-compile:${name}:[1-9]$`));
      }),
    );
  });

  it("exports what is promised, and nothing else", () => {
    expect(
      evaluate('console.log(JSON.stringify(Object.keys(await import("top-compile")).sort()));'),
    ).toEqual(["compile", "exportArtifact", "partition", "readArtifact", "search", "verify"]);
    expect(
      evaluate(`import("top-compile/dist/cli/main.js").then(
        () => console.log("true"), (error) => console.log(JSON.stringify(error.code)));`),
    ).toBe("ERR_PACKAGE_PATH_NOT_EXPORTED");
  });

  it("has types that a strict program compiles with, without those of Node", () => {
    const source = `
      import { compile, type Failure, partition, type ScheduleArtifact, verify } from "top-compile";
      const compiled = await compile({ model: "m.onnx", dim: { batch: 8 }, devices: "a=2,b" });
      const artifact: ScheduleArtifact | undefined = compiled.ok ? compiled.value : undefined;
      const failures: readonly Failure[] = compiled.ok ? [] : compiled.error;
      const cut = await partition({ model: "m.onnx", stages: 4 }, { signal: undefined as never });
      export const all = [artifact?.operators?.latencyNs.predicted, failures, cut.ok && cut.value.stages];
      // @ts-expect-error: there is no such device.
      await compile({ model: "m.onnx", device: 7 });
      // @ts-expect-error: there is no such option.
      await verify({ schedule: "s.json", algorithm: "ios" });`;
    writeFileSync(at("typed.mts"), source);
    const options = ["--strict", "--noEmit", "--module", "nodenext", "--target", "es2023"];
    const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
    expect(node(tsc, ...options, "--types", "", "typed.mts")).toBe("");
  });
});

describe("a call", () => {
  it("writes nothing unless told where", () => {
    const before = readdirSync(folder);
    const code = `import { compile, partition, search } from "top-compile";
      const results = [
        await compile({ model: "model.onnx", device: "h200" }),
        await compile({ model: "model.onnx", device: "h200", devices: 2 }),
        await partition({ model: "model.onnx", device: "h200", stages: 2 }),
        await search({ shape: "v", devices: 2 }),
      ];
      console.log(JSON.stringify(results.map(({ ok, value }) => [ok, Object.keys(value)])));`;
    expect(evaluate(code)).toEqual([
      [true, expect.arrayContaining(["provenance", "operators"])],
      [true, expect.arrayContaining(["provenance", "stages", "pipeline"])],
      [true, expect.arrayContaining(["method", "stages", "placement"])],
      [true, expect.arrayContaining(["provenance", "pipeline"])],
    ]);
    expect(readdirSync(folder).filter((name) => name !== "evaluate.mjs")).toEqual(
      before.filter((name) => name !== "evaluate.mjs"),
    );
  });

  it("returns the bytes that the command writes, and takes the same options", () => {
    const options = ["--device=h200", "--max-streams=2", "--progress=0,0.5", "--concurrency=2"];
    node(`${installed}/bin/top-compile.js`, "model.onnx", ...options, "--quiet", "-o", "cli.json");
    evaluate(`import { compile } from "top-compile";
      const { ok } = await compile({ model: "model.onnx", device: "h200", maxStreams: 2,
        progress: [0, 0.5], concurrency: 2, out: "api.json" });
      console.log(ok);`);
    expect(readFileSync(at("api.json"))).toEqual(readFileSync(at("cli.json")));
  });

  it("hands over what an export writes, except weights", () => {
    const code = `import { compile, exportArtifact } from "top-compile";
      await compile({ model: "model.onnx", device: "h200", out: "to-export.json" });
      const model = "model.onnx";
      const results = [
        await exportArtifact({ schedule: "to-export.json", to: "csv", model }),
        await exportArtifact({ schedule: "to-export.json", to: "csv", model, out: "to-export.csv" }),
        await exportArtifact({ schedule: "to-export.json", to: "hints", model }),
        await exportArtifact({ schedule: "to-export.json", to: "cvs", model }),
      ];
      console.log(JSON.stringify(results.map(({ ok, value, error }) => ok ? value.files : error[0].code)));`;
    const [[csv], written, [hints], refused] = evaluate(code) as [
      { text: string }[],
      object[],
      { text: string }[],
      string,
    ];
    expect(written).toEqual([{ path: "to-export.csv" }]);
    expect(csv?.text).toBe(readFileSync(at("to-export.csv"), "utf8"));
    expect(hints?.text).toMatch(/^TensorRT: trtexec --maxAuxStreams=\d+/);
    expect(refused).toBe("usage");
  });

  it("returns failures of every kind as values", () => {
    const code = `import { compile, readArtifact, search, verify } from "top-compile";
      const stop = new AbortController();
      stop.abort();
      const results = [
        await compile({ model: "none.onnx", device: "h200" }),
        await compile({ model: "--help", device: "h200" }),
        await compile({ model: "model.onnx", device: "h200", maxStreams: 0 }),
        await compile({ model: "model.onnx", device: "h200", colour: "red" }),
        await compile({ model: "model.onnx", device: "h200", compare: false, remeasure: true }),
        await compile({ model: "model.onnx", device: "h200", devices: 2 }, { signal: stop.signal }),
        await search({}),
        await verify({ schedule: "model.onnx" }),
        readArtifact("none.json"),
      ];
      console.log(JSON.stringify(results.map(({ ok, error }) => ok || [error[0].code, error[0].exit])));`;
    expect(evaluate(code)).toEqual([
      ["model-unreadable", 1],
      ["model-unreadable", 1],
      ["usage", 2],
      ["usage", 2],
      ["option-not-applicable", 2],
      ["stopped", 3],
      ["search-source", 2],
      ["file-not-text", 1],
      ["file-unreadable", 1],
    ]);
  });
});
