import { join } from "node:path";
import type { DeviceNode } from "../../src/kernels/device-node.js";
import { type EmittedModel, emitModel } from "../../src/kernels/emit.js";
import { bytesMoved, emitInBestLayout } from "../../src/kernels/layout-choice.js";
import type { FloatStorage, TensorLayout } from "../../src/kernels/operator-call.js";
import { withKernelList } from "../../src/onnx/fuse/fuse-operators.js";
import { FUSION_PATTERNS } from "../../src/onnx/fuse/fusion-patterns.js";
import { inspectModel } from "../../src/onnx/inspect-model.js";
import type { FusionList } from "../../src/onnx/kernel-groups.js";
import type { LoweredModel } from "../../src/onnx/lowered-model.js";
import { loadModel } from "../../src/runtime/load-model.js";

const MODELS = join(import.meta.dirname, "../../fixtures/models");

/** Models of the table of launches. */
const NAMES = [
  "bert-base",
  "dlrm",
  "flava",
  "googlenet",
  "gpt2",
  "inception-v3",
  "nasnet-a-large",
  "randwire-1",
  "resnet50",
  "squeezenet",
  "swin-t",
  "t5-small",
] as const;

const HEAD = `# What one launch computes together

A runtime for GPUs does not launch a kernel for every operator of a model: it folds normalizations, applies
activations where results are made anyway, and has one kernel for a whole LayerNorm or attention. Everything here
that predicts, schedules, cuts, verifies or runs a model for a GPU uses one such *kernel list*:

| \`--fuse\` | list |
|---|---|
| \`patterns\` | all patterns of the table below; the default |
| \`elements\` | element-wise chains alone |
| \`none\` | every operator is a launch |

\`inspect\` counts the launches of a model with each list. An artifact records its list (\`fuse\` of its options;
files of version 0.1.0 have \`true\` for \`elements\`, and nothing for \`none\`), and \`verify\` and \`run\` use
the recorded one. A GPU profile is of one list, which it records too. On a CPU, ONNX Runtime fuses by its own
rules: there is no list.

## Rules of every group

- A group ends in one operator, whose launch computes all of it. What the others write is read inside the
  group alone: a value that another operator reads, or that is an output of the model, is not swallowed.
- So no way leads out of a group and back into it, and the graph of groups has no cycle.
- The operators stay what they are. A schedule names all of them; those that another one computes launch nothing,
  take no time, and pass on what they wait for.
- The searches schedule launches, not operators: an algorithm never sees an operator that launches nothing.
- A pipeline is not cut inside of a group.
- An operator is in one group at most. Patterns are looked for in the order of the table.

## Costs

A group that our program makes one kernel or call of moves what enters the group and what its last operator writes, and
nothing in between; it does the arithmetic of all members; the launch counts once. What is computed on the way to or from
memory takes no time of its own, so an epilogue is as good as free. A group that the program launches as several kernels
costs all of them: [the kernels of our program](cost-model.md#kernels-of-our-program).

## Patterns

*\`--device cuda\`*: what our own program launches for a group, on a GPU that is there and in predictions for one by its data
sheet. Where it has no kernel for a group, it launches the kernels of the members one
after the other, as one unit of the schedule, and they are measured and counted as what they are. Where a library
refuses at run time what its call should compute too, a kernel follows the call
([protocol](native-protocol.md#nodes)).

GELU by the error function is applied by cuBLASLt as its approximation by tanh, where products are made with TF32 or
halves: the two differ by less than 5e-4, which is about the precision of TF32. With \`--math ieee\` and \`torch\` it is
a kernel of its own behind the product.

| pattern | becomes | where | lists | \`--device cuda\` |
|---|---|---|---|---|
`;

const COUNTS = `
Reshape, Flatten, Squeeze, Unsqueeze and other operators that only change the shape are [views](operators.md): they
launch nothing with any list.

A folded normalization is right where its scales and means are constants, as they are in models for inference. An
addition of two results is part of the kernel that is ready last, so that the other one waits for nothing.

A runtime may fuse less: PyTorch without a compiler launches nearly every operator. For it, compile with \`--fuse none\`.

### Activations behind convolutions

cuDNN's call of a convolution has ReLU and no other activation. With channels last in memory, as programs on tensor cores have
them, the others are one *graph* of cuDNN with the convolution, its bias and an addition, in front of the activation or behind:
x * sigmoid(x) with any factor inside, HardSwish, HardSigmoid, Clip and ReLU6, LeakyRelu, Elu, Sigmoid, Tanh, Softplus, Mish, and
GELU by the error function or tanh, in whatever operators they are written; and an addition behind ReLU, or behind the
convolution's own. Where the cuDNN that is there takes no such graph, the call is made as ever and the kernel of what is left follows: the
helper finds out when it prepares the program, tells which of the two it is, and what plans of graphs took. Counts of launches
are with graphs; each that is not taken is one launch more.

cuDNN 9.24 plans the graphs of all these activations with TF32 and halves, for an H200 and an A100; for an H200 those with additions, groups,
odd numbers of channels, and results that are some channels of a larger tensor were tried, too: asked without a GPU, by plans for devices
that are only described ([how](cuda.md#what-was-checked-without-a-gpu)). It plans none with rows in memory. What they take has not been measured yet.

## Launches of an inference

*Program*: the kernels and library calls of our own CUDA program with the list \`patterns\` and \`--math tf32\`. Calls of
libraries may launch several kernels each.

| model | \`none\` | \`elements\` | \`patterns\` | program |
|---|---|---|---|---|
`;

/** Models of the table of layouts: those with convolutions. */
const CONVOLUTIONAL = [
  "flava",
  "googlenet",
  "inception-v3",
  "nasnet-a-large",
  "randwire-1",
  "resnet50",
  "squeezenet",
  "swin-t",
] as const;

const LAYOUTS = `
## Layouts

Tensor cores take the channels of a place together. A library that is given [N, C, H, W] row by row turns input, filters and
result of a convolution in kernels of its own, in every inference. So with \`--math tf32\`, \`torch\` and \`f16\` the program
of a model keeps activations with *channels last*, [N, H, W, C], through convolutions, element-wise operators, pools,
normalizations and concatenations, where that moves fewer bytes: filters are turned once, when they are brought to the
device; a Concat of channels is written in place, whatever the batch; tensors that something else takes stay rows, and
convolutions copy them. Inputs and outputs of the model are rows. On a GPU that is there both layouts are
[timed](cuda.md#measuring), and the faster one is taken.

The megabytes that an inference moves by kernels of our own, every operand once, and by turning around convolutions in rows (of
4 or more channels, 8 in halves), which is taken to read and write input, filters and result once. Counted, not measured:
what a GPU gains has not been measured yet.

| model | rows | channels last | program | rows, f16 | channels last, f16 | program, f16 |
|---|---|---|---|---|---|---|
`;

/** The text of docs/fusion.md: the table of patterns, and what they do for the fixtures. */
export async function fusionDoc(): Promise<string> {
  const patterns = FUSION_PATTERNS.map(
    ({ pattern, becomes, where, lists, cuda }) =>
      `| ${pattern} | ${becomes} | ${where} | ${lists.join(", ")} | ${cuda} |`,
  );
  const counts = await Promise.all(
    NAMES.map(async (name) => {
      const { none, elements, patterns: all } = await launchesOf(name);
      const program = nodesOf(await emitted(name)).length;
      const counts = [none, elements, all, program].map((count) => count.toLocaleString("en-US"));
      return `| ${name} | ${counts.join(" | ")} |`;
    }),
  );
  const layouts = await Promise.all(CONVOLUTIONAL.map(layoutRow));
  const rows = [counts, layouts].map((lines) => lines.join("\n"));
  return `${HEAD}${patterns.join("\n")}\n${COUNTS}${rows[0]}\n${LAYOUTS}${rows[1]}\n`;
}

/** What a model moves in each layout, f32 then f16. */
async function layoutRow(name: (typeof NAMES)[number]): Promise<string> {
  const lowered = withKernelList(await loaded(name), "patterns");
  const cells = (["f32", "f16"] as const).flatMap((floats) => {
    const [rows, turned] = (["rows", "channels-last"] as const).map((layout) =>
      megabytes(lowered, floats, layout),
    ) as [number, number];
    const chosen = turned < rows ? "channels last" : "rows";
    return [rows.toFixed(1), turned.toFixed(1), chosen];
  });
  return `| ${name} | ${cells.join(" | ")} |`;
}

function megabytes(lowered: LoweredModel, floats: FloatStorage, layout: TensorLayout): number {
  const approximatesGelu = true;
  const made = emitModel(lowered, { floats, estimateUnsupported: false, approximatesGelu, layout });
  if (!made.ok) {
    throw new Error(made.error[0].message);
  }
  return bytesMoved(made.value) / 1e6;
}

/** Launches of a fixture, by kernel list. */
export async function launchesOf(name: (typeof NAMES)[number]) {
  return inspectModel(await loaded(name)).launches;
}

async function loaded(name: (typeof NAMES)[number]): Promise<LoweredModel> {
  const lowered = await loadModel(join(MODELS, `${name}.onnx`), { dims: new Map() });
  if (!lowered.ok) {
    throw new Error(lowered.error[0].message);
  }
  return lowered.value;
}

/** The program of a fixture, as with `--math tf32`. */
export async function emitted(
  name: (typeof NAMES)[number],
  list: FusionList = "patterns",
): Promise<EmittedModel> {
  const options = { floats: "f32", estimateUnsupported: false, approximatesGelu: true } as const;
  const made = emitInBestLayout(withKernelList(await loaded(name), list), options, true);
  if (!made.ok) {
    throw new Error(made.error[0].message);
  }
  return made.value;
}

/** All that a program launches. */
export function nodesOf({ plans }: EmittedModel): readonly DeviceNode[] {
  return plans.flatMap(({ nodes }) => nodes);
}
