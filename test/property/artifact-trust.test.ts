/**
 * A study of `verify`: every field of real artifacts is changed in every way, one at a time. A change
 * that still passes must be one that `FREE` names, with the reason why nobody can tell.
 */
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import { parseArtifact } from "../../src/artifact/artifact-format.js";
import { sha256OfFile } from "../../src/core/digest.js";
import { fail } from "../../src/core/result.js";
import type * as CheckConfigurations from "../../src/schedule/check-configurations.js";
import { modelMismatch } from "../../src/verify/failures.js";
import { loadWith, type ModelLoader } from "../../src/verify/load-model-of-artifact.js";
import { verifyArtifact } from "../../src/verify/verify-artifact.js";
import { type FieldChange, fieldChanges } from "../support/field-changes.js";
import { FREE, KNOWLEDGE } from "../support/free-fields.js";
import { traceOf } from "../support/pytorch-files.js";
import { runCli } from "../support/run-cli.js";
import { tinyModel } from "../support/tiny-model.js";

// The same claim of the same placement is looked through once: most changes leave both as they are.
vi.mock("../../src/schedule/check-configurations.js", async (original) => {
  const { doubtOn, ...others } = await original<typeof CheckConfigurations>();
  const known = new Map<string, CheckConfigurations.ConfigurationDoubt>();
  const remembered: typeof doubtOn = (...claim) => {
    const key = JSON.stringify(claim);
    const doubt = known.has(key) ? known.get(key) : doubtOn(...claim);
    known.set(key, doubt);
    return doubt;
  };
  return { ...others, doubtOn: remembered };
});

const folder = mkdtempSync(join(tmpdir(), "top-compile-trust-"));
afterAll(() => rmSync(folder, { recursive: true }));

const SIDE = 512;

/** Two branches of products that meet: 5 operators. */
function branches(): string {
  const path = join(folder, "branches.onnx");
  const dims = [SIDE, SIDE];
  writeFileSync(
    path,
    tinyModel({
      nodes: [
        { type: "MatMul", inputs: ["x", "w"], outputs: ["a"] },
        { type: "Relu", inputs: ["x"], outputs: ["b"] },
        { type: "MatMul", inputs: ["b", "w"], outputs: ["c"] },
        { type: "Softmax", inputs: ["c"], outputs: ["d"] },
        { type: "Add", inputs: ["a", "d"], outputs: ["y"] },
      ],
      inputs: [{ name: "x", dims }],
      outputs: [{ name: "y", dims }],
      weights: [{ name: "w", dims }],
    }),
  );
  return path;
}

/** Three convolutions of one input. */
function convolutions(): string {
  const path = join(folder, "convolutions.onnx");
  const dims = [1, 16, 8, 8];
  writeFileSync(
    path,
    tinyModel({
      nodes: ["a", "b", "c"].map((name) => ({
        type: "Conv",
        inputs: ["x", `w${name}`],
        outputs: [name],
      })),
      inputs: [{ name: "x", dims }],
      outputs: ["a", "b", "c"].map((name) => ({ name, dims })),
      weights: ["a", "b", "c"].map((name) => ({ name: `w${name}`, dims: [16, 16, 1, 1] })),
    }),
  );
  return path;
}

const MODEL = branches();
const CONVOLUTIONS = convolutions();
const MEASURED = "fixtures/models/two-branch.onnx";
const PROFILE = "fixtures/profiles/cpu-example/two-branch.profile.json";
const PLACEMENT = join(folder, "placement.json");
copyFileSync("fixtures/placements/m-4-infer.json", PLACEMENT);
const CSV = join(folder, "rows.csv");
writeFileSync(
  CSV,
  "0F0,0SEND_F0,0F1,0SEND_F1,0RECV_B0,0I0,0W0,0RECV_B1,0B1\n" +
    "1RECV_F0,1F0,1B0,1SEND_B0,1RECV_F1,1F1,1B1,1SEND_B1\n",
);
const TRACES = [0, 1].map((rank) => {
  const path = join(folder, `rank${rank}.json`);
  const cells = rank === 0 ? ["0F0", "0F1", "0B0", "0B1"] : ["1F0", "1B0", "1F1", "1B1"];
  const row = cells.map((cell, at) => {
    const start = (at + (rank === 0 && at > 1 ? 2 : rank)) * 100;
    return { cell, start, end: start + 90 };
  });
  writeFileSync(path, traceOf([row], { rank }));
  return path;
});
const SEARCH = ["search", "--micro-batches", "3"];

/** Real artifacts of every kind: name, model, command. */
const ARTIFACTS: readonly (readonly [string, string | undefined, readonly string[]])[] = [
  ["measured", MEASURED, [MEASURED, "--profile", PROFILE]],
  ["measured-asked", MEASURED, [MEASURED, "--profile", PROFILE, "--algorithm", "nimble"]],
  ["estimated", MODEL, [MODEL, "--device", "h200"]],
  ["estimated-asked", MODEL, [MODEL, "--device", "v100", "--algorithm", "opara", "--math", "ieee"]],
  ["tasks", MODEL, [MODEL, "--device", "v100", "--concurrency", "2", "--progress", "0,0.5"]],
  ["batch", MODEL, [MODEL, "--device", "v100", "--batch", "512"]],
  ["merged", CONVOLUTIONS, [CONVOLUTIONS, "--device", "h200", "--merge-convolutions"]],
  ["infer", undefined, [...SEARCH, "--shape", "v", "--devices", "3", "--mode", "infer"]],
  ["train", undefined, [...SEARCH, "--shape", "v", "--devices", "2", "--memory", "2"]],
  [
    "fraction",
    undefined,
    [...SEARCH, "--shape", "v", "--devices", "4", "--memory", "3", "--mode", "train"],
  ],
  ["heuristic", undefined, [...SEARCH, "--shape", "v", "--devices", "2", "--algorithm", "gpipe"]],
  ["split", undefined, [...SEARCH, "--shape", "zb-h", "--devices", "2", "--algorithm", "zb-h1"]],
  ["file", undefined, [...SEARCH, PLACEMENT, "--memory", "9"]],
  ["imported", undefined, ["import", CSV, "--forward", "2"]],
  ["imported-measured", undefined, ["import", ...TRACES]],
  ["stages", MODEL, [MODEL, "--device", "v100", "--devices", "2", "--micro-batches", "3"]],
  [
    "stages-measured",
    MEASURED,
    [MEASURED, "--profile", PROFILE, "--devices", "2", "--memory", "1GiB", "--micro-batches", "2"],
  ],
  [
    "stages-train",
    MODEL,
    [MODEL, "--device", "v100", "--devices", "2", "--mode", "train", "--micro-batches", "2"],
  ],
];

/** Loads a model once for each set of recorded options. */
function cachedLoader(path: string): ModelLoader {
  const digest = path === "" ? "" : sha256OfFile(path);
  const known = new Map<string, ReturnType<ModelLoader>>();
  return async ({ provenance }) => {
    const { options, inputs, dataSizes } = provenance;
    if (inputs.find(({ role }) => role === "model")?.sha256 !== digest) {
      return fail([modelMismatch(path, "", digest)]);
    }
    const key = JSON.stringify([options["dim"], options["batch"], options["fuse"], dataSizes]);
    const found = known.get(key) ?? loadWith(path, provenance, "a.json");
    known.set(key, found);
    return found;
  };
}

/** These artifacts serve nothing. */
const noServedModel = (): never => {
  throw new Error("no model is served");
};

/** Whether a changed document is read and passes. */
async function passes(document: unknown, file: string, load: ModelLoader): Promise<boolean> {
  const artifact = parseArtifact(JSON.stringify(document), file);
  return (
    artifact.ok &&
    (await verifyArtifact(artifact.value, file, { model: load, served: noServedModel })).ok
  );
}

/** Position of the reason why a change may pass; -1 for none. */
function reasonFor({ pointer, what }: FieldChange): number {
  return FREE.findIndex(
    ({ where, change }) => where.test(pointer) && (change === undefined || change.test(what)),
  );
}

describe("every change of one field", () => {
  const used = new Set<number>();
  it.each(ARTIFACTS)("of %s is refused or known to be free", async (name, model, argv) => {
    const out = join(folder, `${name}.json`);
    const run = await runCli([...argv, "-o", out, "--quiet"]);
    expect(run).toMatchObject({ status: 0, stderr: "" });
    const original: unknown = JSON.parse(readFileSync(out, "utf8"));
    const load = cachedLoader(model ?? "");
    expect(await passes(original, out, load)).toBe(true);
    const missed: string[] = [];
    let count = 0;
    for (const change of fieldChanges(original, KNOWLEDGE)) {
      count++;
      if (await passes(change.document, out, load)) {
        const reason = reasonFor(change);
        if (reason === -1) {
          missed.push(`${change.pointer}: ${change.what}`);
        }
        used.add(reason);
      }
    }
    expect(count).toBeGreaterThan(200);
    expect(missed).toEqual([]);
  });

  it("finds a use for every reason", () => {
    expect(
      FREE.flatMap(({ where, isRare }, at) => (used.has(at) || isRare ? [] : [String(where)])),
    ).toEqual([]);
  });
});
