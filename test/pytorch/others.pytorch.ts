/** The models that are timed in PyTorch are those of the fixtures: their inputs, parameters and work. */
import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { runCli } from "../support/run-cli.js";

const PYTHON = process.env["PYTHON"] ?? "python3";
const hasTorch = spawnSync(PYTHON, ["-c", "import torch"]).status === 0;

/** FLOPs of attention, which PyTorch's counter does not count in every kernel of the CPU, are below this share. */
const UNCOUNTED = 0.035;

/**
 * Parameters beyond those of the file: where the file computes with tables that are no parameters, or leaves out what no output
 * needs (positions and types of BERT beyond 128 words, for one), the published number of the network instead.
 */
const PUBLISHED: Readonly<Record<string, number>> = {
  "bert-base": 109_482_240,
  gpt2: 124_439_808,
  "t5-small": 60_506_624,
  "swin-t": 28_288_354,
};
/** Numbers that stand in files besides parameters, such as those of normalizations that fold into no convolution. */
const FURTHER = 100_000;

const MODELS =
  "googlenet inception-v3 squeezenet resnet50 swin-t bert-base gpt2 t5-small dlrm nasnet-a-large randwire-1".split(
    " ",
  );

interface Inspected {
  readonly inputs: readonly { readonly dims: readonly number[] }[];
  readonly parameters: { readonly count: number };
  readonly types: readonly { readonly type: string; readonly flops: number }[];
}

describe.skipIf(!hasTorch)(
  `models in PyTorch (${PYTHON} ${hasTorch ? "has it" : "has none"})`,
  () => {
    it.each(MODELS)("%s is the fixture", async (name) => {
      const done = spawnSync(PYTHON, ["test/pytorch/model_sizes.py", name], { encoding: "utf8" });
      expect({ status: done.status, error: done.status === 0 ? "" : done.stderr }).toMatchObject({
        status: 0,
      });
      const made = JSON.parse(done.stdout);
      if (made.missing !== undefined) {
        console.log(`${name}: skipped, ${made.missing}`);
        return;
      }
      const told = await runCli(["inspect", `fixtures/models/${name}.onnx`, "--json"]);
      const { inputs, parameters, types }: Inspected = JSON.parse(told.stdout);
      const taken = inputs.map(({ dims }) => dims);
      // The mask of BERT, whose words are all there, is left out.
      expect(made.inputs).toEqual(name === "bert-base" ? taken.slice(0, 2) : taken);
      expect(made.isTraining).toBe(false);
      const flops = types
        .filter(({ type }) => /^(?:Conv|Gemm|MatMul)$/.test(type))
        .reduce((sum, each) => sum + each.flops, 0);
      expect(Math.abs(made.flops / flops - 1)).toBeLessThan(UNCOUNTED);
      const published = PUBLISHED[name];
      if (published === undefined) {
        expect(parameters.count - made.parameters).toBeGreaterThanOrEqual(0);
        expect(parameters.count - made.parameters).toBeLessThan(FURTHER);
      } else {
        expect(made.parameters).toBe(published);
      }
    });
  },
);
