import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { sha256 } from "../../src/core/digest.js";
import { readTensor } from "../../src/runtime/tensor-files/read-tensor.js";
import { runCli } from "../support/run-cli.js";
import { npyBytes, npyHeader, tensorProto } from "../support/tensor-files.js";
import { textModel } from "../support/text-model.js";
import { value } from "../support/values.js";

vi.mock("../../src/profile/warm-up.js", () => import("../support/brief-warm-up.js"));
vi.mock("../../src/profile/timed-run.js", () => import("../support/brief-timed-run.js"));

const folder = mkdtempSync(join(tmpdir(), "inputs-"));
const at = (name: string): string => join(folder, name);
const run = (...argv: string[]) => runCli(argv, { env: { XDG_CACHE_HOME: at("cache") } });

/** A row of a table and a row of another, added up and scaled. */
const LOOKUP = textModel({
  inputs: "ids:i64[B,T] kinds:i32[B,T] shift:f32[]",
  weights: "table:f32[4,2]=0,1,10,11,20,21,30,31 extra:f32[2,2]=0,0,100,200",
  nodes: [
    "a = Gather(table, ids)",
    "b = Gather(extra, kinds)",
    "s = Add(a, b)",
    "y = Mul(s, shift)",
    "z = Neg(a)",
  ],
  outputs: "y:f32[B,T,2] z:f32[B,T,2]",
});

const ids = (...numbers: readonly number[]): Uint8Array =>
  npyBytes(npyHeader("<i8", [1, numbers.length]), BigInt64Array.from(numbers, BigInt));
const kinds = (...numbers: readonly number[]): Uint8Array =>
  npyBytes(npyHeader("<i4", [1, numbers.length]), Int32Array.from(numbers));

beforeAll(() => {
  writeFileSync(at("lookup.onnx"), LOOKUP);
  writeFileSync(at("ids.npy"), ids(3, 0, 2));
  writeFileSync(at("kinds.npy"), kinds(0, 1, 0));
  writeFileSync(at("short.npy"), kinds(0, 1));
  writeFileSync(at("shift.npy"), npyBytes(npyHeader("<f4", []), Float32Array.of(2)));
  writeFileSync(at("damaged.npy"), ids(3, 0, 2).slice(0, 140));
  mkdirSync(at("empty"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The failure with which a command ends. */
async function failureOf(...argv: string[]) {
  const { status, stderr } = await run(...argv, "--json");
  const [failure] = JSON.parse(stderr.slice(stderr.indexOf("{"))).failures;
  return { ...failure, status };
}

describe("inputs of the user's", () => {
  it("are measured and run with, give dims their sizes, and are recorded by digest", async () => {
    const inputs = ["--input", `ids=${at("ids.npy")}`, "--input", `1=${at("kinds.npy")}`];
    const compiled = await run(at("lookup.onnx"), ...inputs, "-o", at("a.json"));
    expect(compiled.status, compiled.stderr).toBe(0);
    expect(compiled.stderr).toContain("inputs given: ids, kinds; drawn from the seed: shift");
    expect(compiled.stderr).not.toContain("dynamic dims without --dim");
    const text = readFileSync(at("a.json"), "utf8");
    expect(text).not.toContain(folder);
    const { provenance, operators } = JSON.parse(text);
    expect(operators.dims).toEqual([
      { name: "B", size: 1 },
      { name: "T", size: 3 },
    ]);
    expect(provenance.options).toMatchObject({
      dim: ["B=1", "T=3"],
      input: ["ids=ids.npy", "kinds=kinds.npy"],
    });
    expect(provenance.inputs.slice(1)).toEqual([
      { role: "input", name: "ids.npy", sha256: sha256(ids(3, 0, 2)) },
      { role: "input", name: "kinds.npy", sha256: sha256(kinds(0, 1, 0)) },
    ]);
    expect((await run("verify", at("a.json"), "--model", at("lookup.onnx"))).status).toBe(0);

    const drawn = await run("run", at("a.json"), "--rounds", "5", "--model", at("lookup.onnx"));
    expect(drawn.status, drawn.stderr).toBe(0);
    expect(drawn.stderr).toContain(
      "compiled with given inputs (ids=ids.npy, kinds=kinds.npy), run with drawn ones",
    );
    const again = await run("run", at("a.json"), "--rounds", "5", ...inputs);
    expect(again.status, again.stderr).toBe(0);
    expect(again.stderr).toContain("inputs given: ids, kinds");

    writeFileSync(at("four.npy"), ids(1, 1, 1, 1));
    const other = await failureOf("run", at("a.json"), "--input", `ids=${at("four.npy")}`);
    expect(other).toMatchObject({
      status: 1,
      code: "input-shape-differs",
      message: 'is int64[1,4], and the schedule is for int64[1,3] of input "ids"',
    });
  });

  it("are part of a profile, from which a compile takes the sizes", async () => {
    mkdirSync(at("set"));
    const raw = new Uint8Array(BigInt64Array.of(1n, 2n, 3n, 0n, 1n).buffer);
    const first = tensorProto({ name: "ids", dims: [1, 5], dataType: 7, rawData: raw });
    writeFileSync(at("set/input_0.pb"), first);
    // Without a name of its own: by position.
    writeFileSync(
      at("set/input_1.pb"),
      tensorProto({ dims: [1, 5], dataType: 6, int32Data: [1, 1, 0, 0, 1] }),
    );
    const profiled = await run(
      "profile",
      at("lookup.onnx"),
      "--inputs",
      at("set"),
      "-o",
      at("p.json"),
    );
    expect(profiled.status, profiled.stderr).toBe(0);
    const { key } = JSON.parse(readFileSync(at("p.json"), "utf8"));
    expect(key.dims).toEqual(["B=1", "T=5"]);
    expect(key.inputs).toMatch(/^[0-9a-f]{64}$/);
    const compiled = await run(at("lookup.onnx"), "--profile", at("p.json"), "-o", at("b.json"));
    expect(compiled.status, compiled.stderr).toBe(0);
    expect(JSON.parse(readFileSync(at("b.json"), "utf8")).operators.dims[1].size).toBe(5);
  });

  it("are used by pipelines", async () => {
    const inputs = ["--input", `ids=${at("ids.npy")}`];
    const out = at("pipe.json");
    const compiled = await run(at("lookup.onnx"), ...inputs, "--devices", "2", "-o", out);
    expect(compiled.status, compiled.stderr).toBe(0);
    expect(JSON.parse(readFileSync(out, "utf8")).provenance.options.input).toEqual(["ids=ids.npy"]);
    expect((await run("verify", out)).status).toBe(0);
    const all = [
      ...inputs,
      "--input",
      `kinds=${at("kinds.npy")}`,
      "--input",
      `shift=${at("shift.npy")}`,
    ];
    const ran = await run("run", out, "--rounds", "5", ...all);
    expect(ran.status, ran.stderr).toBe(0);
    expect(ran.stderr).toContain("inputs given: ids, kinds, shift\n");
    expect(ran.stdout).toContain("identical to the whole model's");
  });

  it("decide the sizes that depend on data", async () => {
    const model = textModel({
      inputs: "x:f32[6]",
      nodes: ["places = NonZero(x)", "y = Neg(places)"],
      outputs: "y:i64",
    });
    writeFileSync(at("places.onnx"), model);
    writeFileSync(at("x.npy"), npyBytes(npyHeader("<f4", [6]), Float32Array.of(0, 1, 0, 0, 5, 0)));
    const out = at("places.json");
    const compiled = await run(at("places.onnx"), "--input", `x=${at("x.npy")}`, "-o", out);
    expect(compiled.status, compiled.stderr).toBe(0);
    expect(compiled.stderr).toContain("taken from a run on given inputs (places[1]=2");
    const saved = at("places");
    const argv = ["--input", `x=${at("x.npy")}`, "--rounds", "5", "--save-outputs", saved];
    const ran = await run("run", out, ...argv);
    expect(ran.status, ran.stderr).toBe(0);
    const y = value(readTensor(join(saved, "y.npy")));
    expect(y.dims).toEqual([1, 2]);
    expect([...new BigInt64Array(y.bytes.buffer)]).toEqual([-1n, -4n]);
  });

  it("have as many entries as a batch", async () => {
    const gpu = ["--device", "h200", "--batch", "2", "-o", at("batch.json")];
    const one = ["--input", `ids=${at("ids.npy")}`];
    expect(await failureOf(at("lookup.onnx"), ...gpu, ...one)).toMatchObject({
      code: "input-shape-differs",
      message: 'is int64[1,3], and input "ids" is int64[2,T]',
    });
    const pair = BigInt64Array.of(0n, 1n, 2n, 3n, 2n, 1n);
    writeFileSync(at("pair.npy"), npyBytes(npyHeader("<i8", [2, 3]), pair));
    const two = await run(at("lookup.onnx"), ...gpu, "--input", `ids=${at("pair.npy")}`);
    expect(two.status, two.stderr).toBe(0);
    const { operators } = JSON.parse(readFileSync(at("batch.json"), "utf8"));
    expect(operators.dims).toEqual([
      { name: "B", size: 2 },
      { name: "T", size: 3 },
    ]);
  });

  it.each<[string, readonly string[], object]>([
    [
      "an unknown name",
      ["--input", `idz=${at("ids.npy")}`],
      {
        status: 2,
        code: "input-unknown",
        message: 'has no input "idz"; it has "ids", "kinds", "shift"',
      },
    ],
    ["a position beyond the last", ["--input", `3=${at("ids.npy")}`], { code: "input-unknown" }],
    [
      "two files for one input",
      ["--input", `ids=${at("ids.npy")}`, "--input", `0=${at("ids.npy")}`],
      { status: 2, code: "input-twice" },
    ],
    [
      "integers of another width",
      ["--input", `kinds=${at("ids.npy")}`],
      {
        status: 1,
        code: "input-type-differs",
        message: 'has int64 for input "kinds", which takes int32',
      },
    ],
    [
      "another rank",
      ["--input", `shift=${at("shift2.npy")}`],
      { code: "input-shape-differs", message: 'is float32[1], and input "shift" is float32[]' },
    ],
    [
      "inputs of different lengths",
      ["--input", `ids=${at("ids.npy")}`, "--input", `kinds=${at("short.npy")}`],
      { code: "input-shape-differs" },
    ],
    [
      "another size than --dim",
      ["--input", `ids=${at("ids.npy")}`, "--dim", "T=8"],
      {
        code: "input-shape-differs",
        message: 'gives the dim T the size 3 (input "ids"), and --dim T=8 gives it 8',
      },
    ],
    ["a damaged file", ["--input", `ids=${at("damaged.npy")}`], { code: "input-invalid" }],
    ["no file", ["--input", `ids=${at("none.npy")}`], { code: "file-unreadable" }],
    ["no test data", ["--inputs", at("empty")], { code: "input-invalid" }],
    ["no folder", ["--inputs", at("nowhere")], { code: "file-unreadable" }],
    [
      "a profile beside",
      ["--input", `ids=${at("ids.npy")}`, "--profile", at("p.json")],
      { status: 2, code: "option-not-applicable" },
    ],
    [
      "themselves as the output",
      ["--input", `ids=${at("ids.npy")}`, "-o", at("ids.npy")],
      { status: 2, code: "output-is-input" },
    ],
  ])("are refused with %s", async (_what, argv, expected) => {
    writeFileSync(at("shift2.npy"), npyBytes(npyHeader("<f4", [1]), Float32Array.of(2)));
    expect(await failureOf(at("lookup.onnx"), ...argv)).toMatchObject(expected);
  });

  it("are refused without a name", async () => {
    const { status, stderr } = await run(at("lookup.onnx"), "--input", at("ids.npy"));
    expect(status).toBe(2);
    expect(stderr).toContain("It must be NAME=FILE");
  });

  it("may have names and files with an equals sign", async () => {
    const model = textModel({ inputs: "a=b:f32[2]", nodes: ["y = Neg(a=b)"], outputs: "y:f32[2]" });
    writeFileSync(at("odd.onnx"), model);
    writeFileSync(at("x=y.npy"), npyBytes(npyHeader("<f4", [2]), Float32Array.of(1, 2)));
    const compiled = await run(
      at("odd.onnx"),
      "--input",
      `a=b=${at("x=y.npy")}`,
      "--device",
      "h200",
    );
    expect(compiled.status, compiled.stderr).toBe(0);
  });
});

/** What a `.npy` file of floats holds. */
function floatsIn(path: string): readonly number[] {
  const { bytes } = value(readTensor(path));
  return [...new Float32Array(bytes.buffer, 0, bytes.length / 4)];
}

const proto = (name: string, dims: readonly number[], numbers: readonly number[]): Uint8Array =>
  tensorProto({ name, dims, dataType: 1, floatData: [...numbers] });

describe("outputs", () => {
  // Rows 3, 0, 2 of the table, and of them the second of `extra` added to the middle one, doubled.
  const y = [60, 62, 200, 402, 40, 42];
  const z = [-30, -31, -0, -1, -20, -21];
  const all = [
    ...["--input", `ids=${at("ids.npy")}`, "--input", `kinds=${at("kinds.npy")}`],
    ...["--input", `shift=${at("shift.npy")}`],
  ];

  beforeAll(async () => {
    mkdirSync(at("data"));
    const raw = new Uint8Array(BigInt64Array.of(3n, 0n, 2n).buffer);
    const files: readonly (readonly [string, Uint8Array])[] = [
      ["input_0.pb", tensorProto({ name: "ids", dims: [1, 3], dataType: 7, rawData: raw })],
      [
        "input_1.pb",
        tensorProto({ name: "kinds", dims: [1, 3], dataType: 6, int32Data: [0, 1, 0] }),
      ],
      ["input_2.npy", npyBytes(npyHeader("<f4", []), Float32Array.of(2))],
      // The second output first, and far from it by less than a thousandth.
      ["output_0.pb", proto("z", [1, 3, 2], [-30.001, -31, 0, -1, -20, -21])],
      ["output_1.pb", proto("y", [1, 3, 2], y)],
    ];
    files.forEach(([name, bytes]) => {
      writeFileSync(join(at("data"), name), bytes);
    });
    for (const [out, more] of [
      ["one.json", []],
      ["two.json", ["--devices", "2"]],
    ] as const) {
      const compiled = await run(at("lookup.onnx"), "--inputs", at("data"), "-o", at(out), ...more);
      expect(compiled.status, compiled.stderr).toBe(0);
    }
  });

  it.each(["one.json", "two.json"])("are saved and as expected: %s", async (schedule) => {
    const out = at(`saved-${schedule}`);
    const ran = await run(
      "run",
      at(schedule),
      "--inputs",
      at("data"),
      "--rounds",
      "5",
      "--save-outputs",
      out,
    );
    expect(ran.status, ran.stderr).toBe(0);
    expect(ran.stdout).toContain("expected   2 outputs as given, within 1.0e-3");
    expect(ran.stdout).toContain(`saved      2 outputs in ${out}`);
    expect(readdirSync(out).sort()).toEqual(["y.npy", "z.npy"]);
    expect(floatsIn(join(out, "y.npy"))).toEqual(y);
    expect(floatsIn(join(out, "z.npy"))).toEqual(z);
    expect(value(readTensor(join(out, "y.npy"))).dims).toEqual([1, 3, 2]);
  });

  it("that are others than expected are a failure, and saved", async () => {
    const wrong = [...y.slice(0, 5), 43];
    writeFileSync(join(at("data"), "output_1.pb"), proto("y", [1, 3, 2], wrong));
    const out = at("saved-wrong");
    const argv = ["run", at("one.json"), "--inputs", at("data"), "--rounds", "5"];
    expect(await failureOf(...argv, "--save-outputs", out)).toMatchObject({
      status: 1,
      code: "expected-outputs-differ",
      message: 'output "y" differs in 1 elements, by up to 1',
    });
    expect(floatsIn(join(out, "y.npy"))).toEqual(y);
    // Nothing is replaced unasked, and the inputs never.
    expect(await failureOf(...argv, "--save-outputs", out)).toMatchObject({ code: "file-exists" });
    writeFileSync(at("z.npy"), npyBytes(npyHeader("<f4", []), Float32Array.of(2)));
    const beside = ["run", at("one.json"), "--rounds", "5", "--input", `shift=${at("z.npy")}`];
    expect(await failureOf(...beside, "--save-outputs", folder, "--force")).toMatchObject({
      status: 2,
      code: "output-is-input",
    });
    expect(
      await failureOf("run", at("one.json"), ...all, "--save-outputs", at("ids.npy")),
    ).toMatchObject({
      code: "file-unwritable",
    });
  });
});
