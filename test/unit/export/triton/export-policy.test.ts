import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeFolder } from "../../../../src/core/make-folder.js";
import type { Result } from "../../../../src/core/result.js";
import type { Exported } from "../../../../src/export/export-format.js";
import { exportPolicyForTriton } from "../../../../src/export/triton/export-policy.js";
import { loadModel, loadModelForBatch } from "../../../../src/runtime/load-model.js";
import { bindSession, createSession } from "../../../../src/runtime/onnx-runtime.js";
import { onnxRuntime, SKIP_REASON } from "../../../support/onnx-runtime.js";
import { inFolder, writeExport } from "../../../support/ort-export.js";
import { type PolicyOf, servedSection } from "../../../support/served-policies.js";
import { messagesOf, readTextProto, valuesOf, wordsOf } from "../../../support/text-proto.js";
import { tinyModel } from "../../../support/tiny-model.js";
import { repositoryProblems } from "../../../support/triton-repository.js";
import { value } from "../../../support/values.js";

/** Two matrix products, the first dim of whose input is fixed. */
const chain = (first: number) =>
  tinyModel({
    nodes: [
      { type: "MatMul", inputs: ["x", "w"], outputs: ["y"] },
      { type: "Relu", inputs: ["y"], outputs: ["z"] },
    ],
    inputs: [{ name: "x", dims: [first, 4] }],
    outputs: [{ name: "z", dims: [first, 600] }],
    weights: [{ name: "w", dims: [4, 600] }],
  });

async function exported(
  section: Parameters<typeof exportPolicyForTriton>[0]["section"],
  model: Uint8Array,
  use: (made: Result<Exported>, folder: string) => void | Promise<void>,
): Promise<void> {
  await inFolder(async (folder) => {
    const path = join(folder, "m.onnx");
    writeFileSync(path, model);
    const options = { dims: new Map<string, number>() };
    const load = (_: number, batch: number) =>
      batch === 1
        ? loadModel(path, options)
        : loadModelForBatch(path, options, { batch, mayRewrite: true });
    await use(await exportPolicyForTriton({ section, file: "a.policy.json", load }), folder);
  });
}

function configOf({ files }: Exported): string {
  const file = files.find(({ name }) => name === "m/config.pbtxt");
  return file !== undefined && "content" in file ? String(file.content) : "";
}

/** What a policy adds to the configuration of the model. */
async function scheduling(
  policy: PolicyOf,
  options: Parameters<typeof servedSection>[1] = {},
  model: Uint8Array = chain(1),
) {
  let found = { text: "", notes: [] as readonly string[] };
  await exported(servedSection([policy], options), model, (result) => {
    const made = value(result);
    const config = configOf(made);
    expect(repositoryProblems(new Map([["m", config]]))).toEqual([]);
    const text = config.slice(config.indexOf("max_batch_size"));
    found = { text, notes: made.notes.filter((note) => note.startsWith("m: ")) };
  });
  return found;
}

describe("a launcher policy for Triton", () => {
  it("has batch, tasks in flight and period of the policy", async () => {
    const { text, notes } = await scheduling({
      batch: 8,
      concurrency: 3,
      periodNs: 1_500_400,
      inFlight: 2,
    });
    expect(text).toBe(`max_batch_size: 8
instance_group {
  kind: KIND_GPU
  count: 3
  gpus: [ 0 ]
  rate_limiter {
    resources {
      name: "tasks"
      global: true
      count: 1
    }
  }
}
dynamic_batching {
  max_queue_delay_microseconds: 1500
}
`);
    expect(notes).toEqual([
      'm: not said is the operator schedule "wide": streams and launch order are ONNX Runtime\'s own',
      "m: not said is the period of 1500400 ns between launches: the first request of a batch waits that long instead",
    ]);
  });

  it("has the threads of a variant on a CPU, and no GPU", async () => {
    const { text } = await scheduling({ batch: 2 }, { device: "cpu" });
    expect(text).toBe(`max_batch_size: 2
instance_group {
  kind: KIND_CPU
  count: 1
}
dynamic_batching { }
parameters {
  key: "intra_op_thread_count"
  value {
    string_value: "2"
  }
}
`);
  });

  it.each([
    [{ kind: "newest", queue: 7 }, "    max_queue_size: 7\n", 1],
    [{ kind: "oldest", queue: 7 }, "    max_queue_size: 7\n", 2],
    [
      { kind: "deadline" },
      "    timeout_action: REJECT\n    default_timeout_microseconds: 5000\n",
      2,
    ],
  ] as const)("refuses requests as far as a queue can: %j", async (shed, fields, losses) => {
    const { text, notes } = await scheduling({ batch: 4 }, { shed });
    expect(text).toContain(`dynamic_batching {\n  default_queue_policy {\n${fields}  }\n}`);
    expect(notes.length).toBe(losses);
  });

  it("serves a model whose first dim is no batch one request at a time", async () => {
    const { text, notes } = await scheduling({}, { shed: { kind: "deadline" } }, chain(3));
    expect(text).toMatch(/^max_batch_size: 0\n/);
    expect(text).not.toContain("dynamic_batching");
    expect(notes[1]).toContain("a queue is not limited without batching");
  });

  it("refuses batches of a model whose first dim is no batch", async () => {
    await exported(servedSection([{ batch: 2 }]), chain(3), (result) => {
      const [failure] = result.ok ? [undefined] : result.error;
      expect(failure?.code).toBe("export-triton-impossible");
      expect(failure?.message).toContain('the first dim of input "x" is fixed to 3');
    });
  });

  it("takes the regime of the arrivals, and the best policy that stays the same", async () => {
    const merged = { name: "merged", variant: "merged", cost: 1 };
    const policies = [
      merged,
      { name: "fifo", cost: 4, concurrency: 4 },
      { name: "static", cost: 3, concurrency: 3 },
      { name: "greedy", cost: 5, concurrency: 5 },
    ];
    const section = servedSection(policies, { best: "merged", scales: [0.5, 1, 2] });
    await exported(section, chain(1), (result) => {
      const made = value(result);
      expect(made.notes.slice(0, 2)).toEqual([
        'policy "static" for the arrivals',
        'the best policy is "merged", which Triton cannot follow: it takes no more than limits that stay the same',
      ]);
      expect(configOf(made)).toContain("count: 3");
    });
  });

  it.skipIf(SKIP_REASON !== undefined)("has a model that takes batches", async () => {
    await exported(servedSection([{ batch: 8 }]), chain(1), async (result, folder) => {
      const made = value(result);
      const config = readTextProto(configOf(made));
      expect(valuesOf(config, "max_batch_size")).toEqual([{ word: "8" }]);
      for (const { name } of made.files) {
        makeFolder(dirname(join(folder, name)));
      }
      writeExport(made, folder);
      const served = messagesOf(config, "input").concat(messagesOf(config, "output"));
      expect(served.map((tensor) => wordsOf(tensor, "dims"))).toEqual([["4"], ["600"]]);
      expect(await shapesOf(join(folder, "m/1/model.onnx"))).toEqual([
        ["batch", 4],
        ["batch", 600],
      ]);
      const sums = await columnSums(join(folder, "m/1/model.onnx"), [1, 2, 3]);
      for (const [row, sum] of sums.entries()) {
        expect(sum).toBeCloseTo((row + 1) * COLUMN_SUM, 5);
      }
    });
  });
});

/** The sum of the last column of the weights: element i of them is (i mod 7) / 3 / 4. */
const COLUMN_SUM = [0, 1, 2, 3].reduce((sum, row) => sum + ((row * 600 + 599) % 7) / 12, 0);

/** Shapes of inputs and outputs, with the names of open dims. */
async function shapesOf(path: string): Promise<readonly unknown[]> {
  const session = value(await createSession(onnxRuntime(), path, { level: "basic" }, path));
  const shapes = [...session.inputMetadata, ...session.outputMetadata].map(({ shape }) => shape);
  await session.release();
  return shapes;
}

/** The last column of the output, for one row a scale. */
async function columnSums(path: string, scales: readonly number[]): Promise<readonly number[]> {
  const session = value(await createSession(onnxRuntime(), path, { level: "basic" }, path));
  const floats = Float32Array.from(scales.flatMap((scale) => [scale, scale, scale, scale]));
  const feed = {
    elementType: "float32" as const,
    dims: [scales.length, 4],
    bytes: new Uint8Array(floats.buffer),
  };
  const bound = bindSession(onnxRuntime(), session, new Map([["x", feed]]), path);
  const data = value(await bound.run()).get("z");
  const { buffer, byteOffset, byteLength } = data?.bytes ?? new Uint8Array();
  const out = new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength));
  await bound.release();
  return scales.map((_, row) => out[row * 600 + 599] ?? Number.NaN);
}
