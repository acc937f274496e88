"""The models that others.py times, as JSON: parameters, FLOPs of convolutions and products, shapes of inputs."""

import json
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, "test/bench/first-hour")

import torch  # noqa: E402
from others_models import MODELS  # noqa: E402
from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

for name in sys.argv[1:]:
    torch.manual_seed(1)
    try:
        model, inputs = MODELS[name](torch, "fixtures/models")
    except ImportError as missing:
        print(json.dumps({"name": name, "missing": str(missing)}), flush=True)
        continue
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(*inputs)
    made = {
        "name": name,
        "parameters": sum(each.numel() for each in model.parameters()),
        "flops": counter.get_total_flops(),
        "inputs": [list(each.shape) for each in inputs],
        "isTraining": any(each.training for each in model.modules()),
    }
    print(json.dumps(made), flush=True)
