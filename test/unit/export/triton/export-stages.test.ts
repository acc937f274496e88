import { describe, expect, it } from "vitest";
import type { Result } from "../../../../src/core/result.js";
import type { Exported } from "../../../../src/export/export-format.js";
import { exportStagesForTriton } from "../../../../src/export/triton/export-stages.js";
import { modelPipeline, type PipelineForm } from "../../../support/model-pipelines.js";
import { branchingModel, loweredTinyModel } from "../../../support/tiny-model.js";
import { repositoryProblems } from "../../../support/triton-repository.js";
import { value } from "../../../support/values.js";

// r | a1 a2 b1 | b2 b3 c1 m y z
const STAGES = Int32Array.from([0, 1, 1, 1, 2, 2, 2, 2, 2, 2]);

async function exported(
  form: Partial<PipelineForm>,
  device: "cpu" | "gpu" | "unknown" = "gpu",
): Promise<Result<Exported>> {
  const { lowered, remove } = await loweredTinyModel(branchingModel());
  const pipeline = modelPipeline(lowered, { stageOf: STAGES, devicesOf: [[0], [1], [2]], ...form });
  const made = exportStagesForTriton({ pipeline, stem: "m", device });
  remove();
  return made;
}

function configsOf({ files }: Exported): ReadonlyMap<string, string> {
  return new Map(
    files.flatMap((file) => {
      const [folder = "", name] = file.name.split("/");
      return name === "config.pbtxt" && "content" in file
        ? [[folder, String(file.content)] as const]
        : [];
    }),
  );
}

describe("a pipeline for Triton", () => {
  it("is an ensemble of its stages, each on its device", async () => {
    const made = value(await exported({}));
    const configs = configsOf(made);
    expect(repositoryProblems(configs)).toEqual([]);
    expect([...configs.keys()]).toEqual(["m_s0", "m_s1", "m_s2", "m"]);
    expect(configs.get("m")).toContain("max_inflight_requests: 1\n");
    expect(configs.get("m_s2")).toContain("gpus: [ 2 ]");
    expect(made.files.map(({ name }) => name)).toContain("m_s1/1/model.onnx");
    expect([...configs.values()].join()).not.toContain("rate_limiter");
  });

  it("leaves it to the server where the devices are not known", async () => {
    const configs = configsOf(value(await exported({}, "unknown")));
    expect(configs.get("m_s1")).toContain("  kind: KIND_AUTO\n  count: 1\n  gpus: [ 1 ]\n");
    expect(repositoryProblems(configs)).toEqual([]);
  });

  it("lets stages of one device run one at a time", async () => {
    const configs = configsOf(value(await exported({ devicesOf: [[0], [1], [0]] }, "cpu")));
    expect(repositoryProblems(configs)).toEqual([]);
    const limited = [...configs].filter(([, text]) => text.includes('name: "device_0"'));
    expect(limited.map(([name]) => name)).toEqual(["m_s0", "m_s2"]);
    expect(configs.get("m_s1")).toContain("kind: KIND_CPU");
  });

  it("keeps stages apart whose ids differ only in what no folder can be called", async () => {
    const ids = ["a/b.forward", "a:b.forward", "A_B.forward"];
    const configs = configsOf(value(await exported({ ids })));
    expect([...configs.keys()]).toEqual(["m_a_b", "m_a_b_1", "m_A_B_2", "m"]);
    expect(repositoryProblems(configs)).toEqual([]);
  });

  it.each([
    [{ trains: true }, "s2.backward", "is not a forward pass of a stage"],
    [{ devicesOf: [[0], [1, 2], [0]] }, "s1.forward", "runs on 2 devices at once"],
  ] as const)("refuses what is not served so: %j", async (form, where, message) => {
    const made = await exported(form);
    const [failure] = made.ok ? [undefined] : made.error;
    expect([failure?.code, failure?.where]).toEqual(["export-triton-impossible", where]);
    expect(failure?.message).toContain(message);
  });
});

describe("repositoryProblems", () => {
  it("finds open tensors and unknown fields", async () => {
    const configs = new Map(configsOf(value(await exported({}))));
    const whole = configs.get("m") ?? "";
    configs.set("m", whole.replace("max_inflight_requests", "max_inflight"));
    expect(repositoryProblems(configs)).toEqual(["m: ModelEnsembling has no field max_inflight"]);
    configs.set("m", whole.replace('key: "r"\n      value: "r"', 'key: "r"\n      value: "q"'));
    expect(repositoryProblems(configs).join("\n")).toContain("made twice or too late");
  });
});
