/**
 * Names in files may be anything; what commands print may not. Hostile text goes into every text of
 * models, placements, schedules and profiles, one place at a time, and no byte of it that is not seen
 * may reach a terminal, nor may it begin a line of its own.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import onnxProto from "onnx-proto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { escapeControls } from "../../src/core/escape-controls.js";
import { H200 } from "../../src/cost/device-models/hopper.js";
import { runCli } from "../support/run-cli.js";

const { onnx } = onnxProto;

/** Escape sequences, C1 controls, direction controls, separators, joiners, tags, a forged line. */
const HOSTILE =
  "x\u001b[2J\u001b]0;t\u0007\u009b31m\u202e\u2066\u200f\u061c\u200b\u2028\u2029\ufeff\u00ad\u{e0041}\r\nFORGED";

/** What may reach a terminal of it: nothing that is not seen but our own line ends. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\u115f\u3164]/u;

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "top-compile-hostile-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the command, for people and for programs, and looks at all that it prints. */
async function expectHarmless(argv: readonly string[], what: string): Promise<void> {
  for (const form of [["--json"], ["--verbose", "--no-color"]]) {
    const { stdout, stderr } = await runCli([...argv, ...form]);
    for (const text of [stdout, stderr]) {
      const words = `${what}: ${argv[0]} ${form.join(" ")}`;
      const lines = text.split("\n");
      expect(lines.filter((line) => UNSEEN.test(line)).map(escapeControls), words).toEqual([]);
      expect(
        lines.filter((line) => line.trimStart().startsWith("FORGED")),
        words,
      ).toEqual([]);
    }
  }
}

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Copies with one text replaced: of all texts that stand at the same place of lists one. */
function* poisoned(document: Json): Generator<readonly [string, Json]> {
  const seen = new Set<string>();
  const places = function* (value: Json, path: readonly string[]): Generator<readonly string[]> {
    if (typeof value === "string") {
      const pattern = path.map((part) => part.replace(/^\d+$/, "*")).join("/");
      if (!seen.has(pattern)) {
        seen.add(pattern);
        yield path;
      }
    } else if (typeof value === "object" && value !== null) {
      for (const [key, item] of Object.entries(value)) {
        yield* places(item, [...path, key]);
      }
    }
  };
  for (const path of places(document, [])) {
    const copy = structuredClone(document) as Json;
    const last = path[path.length - 1] ?? "";
    // biome-ignore lint/suspicious/noExplicitAny: a test edits JSON in places that types forbid
    const parent = path.slice(0, -1).reduce((at: any, key) => at[key], copy);
    parent[last] = HOSTILE;
    yield [path.join("/"), copy];
  }
  yield ["an unknown field", { ...(document as { [key: string]: Json }), [HOSTILE]: 1 }];
  yield ["every name", everyName(document)];
}

/** All occurrences of the names that documents refer to, so that the references still hold. */
function everyName(document: Json): Json {
  const text = JSON.stringify(document);
  return JSON.parse(
    text.replace(/"(f0|d0|conv1|maxpool|relu1|left|right)"/g, (_, name: string) =>
      JSON.stringify(name + HOSTILE),
    ),
  );
}

describe("hostile text", () => {
  it("in a model is harmless in what commands print", async () => {
    const kinds = ["node", "input", "output", "type", "domain", "dim", "graph", "producer", "meta"];
    for (const kind of [...kinds, "every"]) {
      const path = join(folder, "m.onnx");
      writeFileSync(path, hostileModel(kind));
      expect((await runCli(["inspect", path, "--json"])).status).toBe(0);
      await expectHarmless(["inspect", path], kind);
      const out = join(folder, "m.schedule.json");
      const estimated = ["--device", "h200", "--estimate-unsupported", "--force"];
      await expectHarmless([path, ...estimated, "-o", out], kind);
      await expectHarmless(["explain", out, "--model", path], kind);
      await expectHarmless(["verify", out, "--model", path], kind);
      expect((await runCli(["verify", out, "--model", path])).status).toBe(0);
      const placement = join(folder, "m.placement.json");
      const stages = ["--stages", "2", "--device", "h200", "--force", "-o", placement];
      await expectHarmless(["partition", path, ...stages], kind);
    }
  });

  it("in a placement", async () => {
    const document = JSON.parse(readFileSync("fixtures/placements/k-4-infer.json", "utf8")) as Json;
    for (const [place, copy] of poisoned(document)) {
      const path = join(folder, "p.placement.json");
      const out = join(folder, "p.schedule.json");
      writeFileSync(path, JSON.stringify(copy));
      await expectHarmless(["search", path, "-o", out, "--force"], place);
      if (place === "every name") {
        for (const format of ["csv", "chrome-trace", "svg", "dot", "placement"]) {
          const file = join(folder, "p.exported");
          await expectHarmless(["export", out, "--to", format, "-o", file, "--force"], place);
          expect(existsSync(file), format).toBe(true);
          rmSync(file);
        }
        await expectHarmless(["explain", out], place);
        await expectHarmless(["verify", out], place);
        expect((await runCli(["verify", out])).status).toBe(0);
      }
    }
  });

  it("in schedules of operators and of pipelines", async () => {
    const model = "fixtures/models/two-branch.onnx";
    const operators = join(folder, "o.json");
    const pipeline = join(folder, "q.json");
    expect((await runCli([model, "--device", "h200", "-o", operators])).status).toBe(0);
    const shape = ["search", "--shape", "v", "--devices", "2", "--micro-batches", "4"];
    expect((await runCli([...shape, "-o", pipeline])).status).toBe(0);
    for (const file of [operators, pipeline]) {
      const document = JSON.parse(readFileSync(file, "utf8")) as Json;
      for (const [place, copy] of poisoned(document)) {
        const path = join(folder, "changed.json");
        writeFileSync(path, JSON.stringify(copy));
        await expectHarmless(["explain", path, "--model", model], place);
        await expectHarmless(["verify", path, "--model", model], place);
      }
    }
  });

  it("in a profile and in a device model", async () => {
    const model = "fixtures/models/two-branch.onnx";
    const profile = "fixtures/profiles/cpu-example/two-branch.profile.json";
    const device = { format: "top-compile/device-model", version: 1, ...H200 };
    const out = join(folder, "changed.schedule.json");
    const path = join(folder, "changed.json");
    for (const [option, document] of [
      ["--profile", JSON.parse(readFileSync(profile, "utf8")) as Json],
      ["--device", JSON.parse(JSON.stringify(device)) as Json],
    ] as const) {
      for (const [place, copy] of poisoned(document)) {
        writeFileSync(path, JSON.stringify(copy));
        // One schedule shows where the text of one place goes; of all names, every table does.
        const how = place === "every name" ? [] : ["--algorithm", "sequential"];
        await expectHarmless([model, option, path, ...how, "-o", out, "--force"], place);
      }
    }
  });
});

/** A model of two operators; the texts of one kind, or of every kind, are hostile. */
function hostileModel(kind: string): Uint8Array {
  const name = (of: string, plain: string): string =>
    kind === of || kind === "every" ? plain + HOSTILE : plain;
  const dim = { dimParam: name("dim", "batch") };
  const value = (named: string) => ({
    name: named,
    type: { tensorType: { elemType: 1, shape: { dim: [dim, { dimValue: 4 }] } } },
  });
  const input = name("input", "in");
  const output = name("output", "out");
  const domain = name("domain", "");
  return onnx.ModelProto.encode(
    onnx.ModelProto.create({
      irVersion: 8,
      producerName: name("producer", "p"),
      opsetImport: [
        { domain: "", version: 17 },
        ...(domain === "" ? [] : [{ domain, version: 1 }]),
      ],
      metadataProps: [{ key: name("meta", "k"), value: name("meta", "v") }],
      graph: {
        name: name("graph", "g"),
        node: [
          { name: name("node", "a"), opType: "Relu", input: [input], output: ["middle"] },
          {
            name: name("node", "b"),
            opType: name("type", "Sigmoid"),
            domain,
            input: ["middle"],
            output: [output],
          },
        ],
        input: [value(input)],
        output: [value(output)],
      },
    }),
  ).finish();
}
