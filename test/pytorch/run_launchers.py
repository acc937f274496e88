"""Runs exported launchers as they are on gloo ranks, and compares them with one process.

    python -m torch.distributed.run --nproc-per-node=RANKS run_launchers.py FOLDER LAUNCHER...

Every launcher trains its small model for three steps. Here one process trains the same modules on the same batches,
without pipelines; parameters, losses or outputs of both have to be the same, up to rounding. Rank 0 prints one line of
JSON for each launcher.
"""

import contextlib
import io
import json
import os
import runpy
import sys

import torch
import torch.distributed as dist

STEPS = 3
TOLERANCE = 1e-5

folder, launchers = sys.argv[1], sys.argv[2:]
rank, ranks = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
torch.set_num_threads(1)
begin = dist.init_process_group


def difference(one, other):
    return float((one - other).abs().max() / other.abs().max().clamp_min(1e-12))


def alone(ran):
    """The modules of one chain after the same steps in one process, and the outputs of the last batch."""
    stages = [ran["build"](stage) for stage in range(ran["CHAIN"])]
    optimizer = torch.optim.SGD([p for stage in stages for p in stage.parameters()], 0.1)
    for step in range(STEPS):
        optimizer.zero_grad()
        x, target = ran["batch"](step)
        outputs = []
        for part, wanted in zip(x.chunk(ran["MICRO_BATCHES"]), target.chunk(ran["MICRO_BATCHES"])):
            for stage in stages:
                part = stage(part)
            outputs.append(part)
            loss = torch.nn.functional.mse_loss(part, wanted) / ran["MICRO_BATCHES"]
            if "optimizer" in ran:
                loss.backward()
        if "optimizer" in ran:
            optimizer.step()
    return stages, torch.cat(outputs).detach()


def compared(ran):
    """The largest difference of anything that this rank has."""
    stages, outputs = alone(ran)
    worst = 0.0
    for stage in ran["stages"]:
        own = list(stage.submod.inner.parameters())
        for one, other in zip(own, stages[stage.stage_index % ran["CHAIN"]].parameters(), strict=True):
            worst = max(worst, difference(one.detach(), other.detach()))
    if "output" in ran and ran["is_last"]:
        worst = max(worst, difference(ran["output"], outputs))
    return worst


def run(at, launcher):
    """What is wrong with this rank's part of a launcher; nothing: an empty text."""
    store = os.path.join(folder, f"store-{os.getppid()}-{at}")
    dist.init_process_group = lambda backend: begin(
        backend, init_method=f"file://{store}", rank=rank, world_size=ranks
    )
    with contextlib.redirect_stdout(io.StringIO()):
        ran = runpy.run_path(launcher)
    order = [str(action) for action in ran["schedule"].pipeline_order_with_comms[rank]]
    if ran["FORMAT"] == "compute_comms" and order != ran["ROWS"][rank]:
        return f"rank {rank} ran another order than its row"
    worst = compared(ran)
    return "" if worst <= TOLERANCE else f"rank {rank} differs by {worst:.2e}"


results = []
for at, launcher in enumerate(launchers):
    results.append(run(at, launcher))
begin("gloo", init_method=f"file://{folder}/store-{os.getppid()}-end", rank=rank, world_size=ranks)
of_all = [None] * ranks
dist.all_gather_object(of_all, results)
if rank == 0:
    for at, launcher in enumerate(launchers):
        problems = [own[at] for own in of_all if own[at]]
        print(json.dumps({"launcher": os.path.basename(launcher), "problems": problems}), flush=True)
dist.destroy_process_group()
