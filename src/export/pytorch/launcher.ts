/** The program that runs an exported schedule on PyTorch: short, complete, for the user to fill. */

/** What of the launcher depends on the schedule. */
export interface LauncherFacts {
  /** The name of the schedule's file. */
  readonly schedule: string;
  readonly ranks: number;
  /** Stages of each of two chains; `undefined`: there is one. */
  readonly chainLength: number | undefined;
  readonly isTraining: boolean;
}

/** How launchers begin. */
export const LAUNCHER_MARK: RegExp = /^"""Runs a pipeline schedule of top-compile on PyTorch/;

const CHAINS = `
# Two chains in opposite directions: stages 0 to CHAIN - 1, and CHAIN to 2 * CHAIN - 1.
CHAIN = @CHAIN@


class Stage(PipelineStage):
    """Ends the first chain and begins the second between two stages that PyTorch takes for neighbors."""

    @property
    def is_first(self):
        return self.stage_index % CHAIN == 0

    @property
    def is_last(self):
        return self.stage_index % CHAIN == CHAIN - 1

    def set_local_fwd_input(self, outputs, mb_index):
        if not self.is_first:
            super().set_local_fwd_input(outputs, mb_index)

    def get_local_bwd_output(self, mb_index):
        if self.is_first:
            return self.bwd_cache.pop(mb_index)
        return super().get_local_bwd_output(mb_index)

    def set_local_bwd_input(self, grads, mb_index):
        if not self.is_last:
            super().set_local_bwd_input(grads, mb_index)

`;

const ONE_CHAIN = `
Stage = PipelineStage
CHAIN = 1 + max(map(max, stages_of))
`;

const STEP = {
  train: `
optimizer = torch.optim.SGD([p for s in stages for p in s.submod.parameters()], 0.1)
for step in range(3):
    optimizer.zero_grad()
    x, target = batch(step)
    losses = []
    schedule.step(
        *([x] if is_first else []),
        target=target if is_last else None,
        losses=losses if is_last else None,
    )
@ADD@    optimizer.step()
    if is_last:
        print(f"step {step}: loss {sum(losses).item() / len(losses):.6f}", flush=True)
`,
  infer: `
for step in range(3):
    x, target = batch(step)
    output = schedule.eval(*([x] if is_first else []), target=target if is_last else None)
    if is_last:
        print(f"step {step}: output of shape {tuple(output.shape)}", flush=True)
`,
} as const;

const ADD_COPIES = `    # Stages k and CHAIN + k may be copies of one module: add their gradients here, then step.
`;

/** The text of the launcher: Python for PyTorch 2.7 and later. */
export function launcherText(facts: LauncherFacts): string {
  const { schedule, ranks, chainLength, isTraining } = facts;
  const chains = chainLength === undefined ? ONE_CHAIN : CHAINS;
  const step = isTraining ? STEP.train : STEP.infer;
  const text = `"""Runs a pipeline schedule of top-compile on PyTorch, one process for each row of the schedule:

    torchrun --nproc-per-node=${ranks} THIS_FILE

It is yours to change: fill build and batch, and take the optimizer of your choice.
"""

import csv
import os
import pathlib
import re

import torch
import torch.distributed as dist
from torch.distributed.pipelining import PipelineStage
from torch.distributed.pipelining.schedules import _PipelineScheduleRuntime

SCHEDULE = pathlib.Path(__file__).parent / ${pythonText(schedule)}

ROWS = [row for row in csv.reader(SCHEDULE.open(newline=""))]
ACTIONS = [[re.match(r"(\\d+)([FBIW])(\\d+)$", cell) for cell in row] for row in ROWS]
stages_of = [sorted({int(a[1]) for a in row if a}) for row in ACTIONS]
MICRO_BATCHES = 1 + max(int(a[3]) for row in ACTIONS for a in row if a)
FORMAT = "compute_comms" if any("SEND" in cell for row in ROWS for cell in row) else "compute_only"
${chains}

def build(stage):
    """The modules of a stage, counted from 0: yours."""
    torch.manual_seed(stage % CHAIN)
    return torch.nn.Linear(64, 64)


def batch(step):
    """The inputs and targets of a step, the same on all ranks: yours. They are split along dim 0."""
    generator = torch.Generator().manual_seed(step)
    x, target = torch.randn(2, 4 * MICRO_BATCHES, 64, generator=generator)
    return x.to(device), target.to(device)


class OwnOutput(torch.nn.Module):
    """I and W detach the outputs of a stage in place, which PyTorch refuses for views: hand out copies."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, *inputs):
        outputs = self.inner(*inputs)
        if isinstance(outputs, tuple):
            return tuple(each.clone() for each in outputs)
        return outputs.clone()


if torch.cuda.is_available():
    device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
    torch.cuda.set_device(device)
    dist.init_process_group("nccl")
else:
    device = torch.device("cpu")
    dist.init_process_group("gloo")
rank = dist.get_rank()
if dist.get_world_size() != len(ROWS):
    raise SystemExit(f"the schedule has {len(ROWS)} rows, so it needs as many processes")

count = 1 + max(map(max, stages_of))
own = stages_of[rank]
stages = [Stage(OwnOutput(build(s)).to(device), s, count, device) for s in own]
# Never with defer_pp_recv=True: it swaps tensors between stages of the same two ranks.
schedule = _PipelineScheduleRuntime(stages, MICRO_BATCHES, loss_fn=torch.nn.functional.mse_loss)
schedule._load_csv(str(SCHEDULE), format=FORMAT)
is_first = any(s % CHAIN == 0 for s in own)
is_last = any(s % CHAIN == CHAIN - 1 for s in own)
${step}
dist.destroy_process_group()
`;
  return text
    .replaceAll("@CHAIN@", String(chainLength))
    .replaceAll("@ADD@", chainLength === undefined ? "" : ADD_COPIES);
}

/** A text as a Python literal: JSON's escapes mean the same there. */
function pythonText(text: string): string {
  return JSON.stringify(text);
}
