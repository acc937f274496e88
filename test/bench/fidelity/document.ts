import { cpuSection } from "./cpu.js";
import { errorsOf } from "./errors.js";
import type { Fidelity } from "./fidelity.js";
import { kernelsOfSystem } from "./networks.js";
import type { Published } from "./published.js";
import { groupTable, milliseconds, percent, publishedTable, times } from "./report.js";

/** `docs/fidelity.md`: the tables, and what is compared with what. */
export function fidelityDocument(found: Fidelity): string {
  const { groups, networks, speedUps, program, cpu } = found;
  const lines = [
    "# Predictions beside measurements",
    "",
    "What [the cost model](cost-model.md) predicts for GPUs by their data sheets, beside measurements that",
    "others published. `npm run bench:fidelity` prints this page; a test holds it, so that no change of the",
    "model makes it worse unseen. Only the [schedules on a CPU](#schedules-on-a-cpu) were measured by this project.",
    "",
    "*Median error* is the median of |predicted / measured - 1|, *bias* the median of predicted / measured",
    "(below 1: predicted too fast), *mean abs. log* the mean of |ln(predicted / measured)|, *rank* Spearman's",
    "rank correlation.",
    "",
    "## Operators",
    "",
    "A choice of a few hundred rows a source, [with licences](../fixtures/measured/README.md). *Part*: `fit`,",
    "figures of the model were chosen with rows like these; `test`, they were not. *tuned*: kernels that TVM made",
    "for the shape, predicted as such. *random sizes*: sizes drawn over wide ranges, which models do not have.",
    "Groups of one or two rows are left out.",
    "",
    ...groupTable(groups),
    "",
    "What to watch in the sources:",
    "",
    "- `neusight`: events around one call of PyTorch; the constant time before the kernel starts is taken off, which",
    "  leaves times below 0.3 ms soft. Where products are 32-bit, TF32 is off.",
    "- `deepbench`: calls back to back, cuDNN 7.6. The T4 runs at 70 W, under which its clock falls far below the",
    "  data sheet's; its model has the data sheet's figures.",
    "- `orion`: Nsight Compute at the base clock with cold caches; times are taken 0.9 times as long.",
    "- `roller`: TensorFlow 1.15 with cuDNN 7 at batch 128; `autotuned`: the best times that TVM found at batch 1.",
    "- `kernel-traces`, `resnet50-traces`: profiler traces of PyTorch, partly in whole microseconds. The A100 with no",
    "  more name is taken for the 40 GB card.",
    "",
    "## Networks on one stream",
    "",
    "IOS launches kernels one by one with activations inside convolutions, so ours are predicted with",
    "activations and normalizations inside what they follow. The others are CUDA graphs of PyTorch. Where our",
    "networks differ: RandWire is a family of random graphs, ours are others; RandWire and NASNet of IOS are",
    "counted by it as fewer, larger operators; average pooling of Inception-v3 is a `Pad` and a pooling here. The",
    "image side of Opara's Inception-v3 is not published: at 299 its large batches would run above the peak",
    "of the GPU, so it is taken as 224. The GPU of Opara's figure of GoogLeNet is not named where it stands.",
    "",
    ...publishedTable(networks, milliseconds),
    "",
    "## Speed-ups over one stream",
    "",
    "The schedules of the published algorithms, found and predicted here. Nimble and Rammer are measured as whole",
    "systems; here only their schedules are compared, with the launch costs of all others, and Rammer stands for",
    "the wavefront schedule. IOS waits for the whole device after each stage; ours does not, and the slow-down of",
    "SqueezeNet comes from that. Sequence lengths of BERT and T5 are not published; ours are 128 and 128 + 32.",
    "",
    ...publishedTable(speedUps, times),
    "",
    "## Kernel lists",
    "",
    "A system is compared with [the kernels](fusion.md) that it launched when it was measured, not with those that",
    "are the default here:",
    "",
    "| system | list | why |",
    "|---|---|---|",
    ...systems(speedUps),
    "",
    "## With the kernels of our own program",
    "",
    "What is predicted for a GPU by its data sheet is [our own program](cost-model.md#kernels-of-our-program), which",
    "none of these measurements is of. The figures above again, with its kernels instead of the system's, of the same list:",
    "",
    "| figures | n | median error | bias | mean abs. log | with the system's kernels |",
    "|---|---|---|---|---|---|",
    summaryRow("networks on one stream", program.networks, networks),
    summaryRow("speed-ups over one stream", program.speedUps, speedUps),
    ...(cpu === undefined ? [] : ["", ...cpuSection(cpu)]),
  ];
  return `${lines.join("\n")}\n`;
}

function summaryRow(
  words: string,
  program: readonly Published[],
  system: readonly Published[],
): string {
  const cells = [program, system].map((rows) => {
    const { error, bias, log } = errorsOf(rows);
    return [percent(error), bias.toFixed(2), percent(log)];
  }) as [string[], string[]];
  return `| ${[words, program.length, ...cells[0], cells[1].join(", ")].join(" | ")} |`;
}

function systems(speedUps: Fidelity["speedUps"]): readonly string[] {
  return [...new Set(speedUps.map(({ by }) => by))].map((by) => {
    const { words, why } = kernelsOfSystem(by);
    return `| ${by} | ${words} | ${why} |`;
  });
}
