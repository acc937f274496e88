"""What other runtimes take for the models of the bench, on the same GPU.

    python3 others.py OUT.json MODEL,... [--models-folder FOLDER]

PyTorch runs a model of the same structure and sizes as a CUDA graph: as it is (NCHW), with channels last, in half
precision, and compiled by torch.compile. TensorRT and ONNX Runtime with CUDA run the model file, where they are
installed. OUT.json is written after every measurement; one that fails is named there with the reason, and the next
one starts. Without PyTorch on a GPU nothing is measured, the file says why, and the status is 0.

Times are of the device, between two events around a replay, behind a kernel that keeps the device busy while the
host launches, as those of top-compile. Those of ONNX Runtime, which replays its graph itself, are of ten runs that follow
each other, by the host's clock: their share of launching is in them.
"""

import argparse
import json
import os
import statistics
import sys
import time

SAMPLES = 101
WARM_UP = 20
# Cycles of the device that hide the host's launching: 50 us at 2 GHz.
SLEEP_CYCLES = 100_000
IN_A_ROW = 10


def vision(name, side, **options):
    """A model of torchvision and its input."""

    def build(torch):
        import torchvision

        model = getattr(torchvision.models, name)(weights=None, **options)
        return model, (torch.rand(1, 3, side, side),)

    return build


def bert(torch):
    from transformers import BertConfig, BertModel

    return BertModel(BertConfig()), (torch.randint(0, 1000, (1, 128)),)


def gpt2(torch):
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(use_cache=False, return_dict=False)
    return GPT2LMHeadModel(config), (torch.randint(0, 1000, (1, 128)),)


def t5(torch):
    from transformers import T5Config, T5ForConditionalGeneration

    config = T5Config(use_cache=False, return_dict=False)

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = T5ForConditionalGeneration(config)

        def forward(self, words, started):
            return self.inner(input_ids=words, decoder_input_ids=started)

    return Model(), (torch.randint(0, 1000, (1, 128)), torch.randint(0, 1000, (1, 32)))


def nasnet(torch):
    import timm

    return timm.create_model("nasnetalarge", pretrained=False), (torch.rand(1, 3, 331, 331),)


MODELS = {
    "googlenet": vision("googlenet", 224, init_weights=False, aux_logits=False),
    "inception-v3": vision("inception_v3", 299, init_weights=False, aux_logits=False),
    "squeezenet": vision("squeezenet1_1", 224),
    "resnet50": vision("resnet50", 224),
    "swin-t": vision("swin_t", 224),
    "bert-base": bert,
    "gpt2": gpt2,
    "t5-small": t5,
    "nasnet-a-large": nasnet,
}

# Runtime, precision, half, channels last, compiled.
VARIANTS = (
    ("PyTorch, NCHW", "tf32", False, False, False),
    ("PyTorch, channels last", "tf32", False, True, False),
    ("torch.compile", "tf32", False, False, True),
    ("PyTorch, NCHW", "f16", True, False, False),
    ("PyTorch, channels last", "f16", True, True, False),
    ("torch.compile", "f16", True, True, True),
)


def placed(torch, model, inputs, is_half, is_channels_last):
    """The model and its inputs on the GPU, in the form that is asked for."""
    model = model.cuda().eval()
    model = model.half() if is_half else model.float()
    inputs = [each.cuda() for each in inputs]
    if is_half:
        inputs = [each.half() if each.is_floating_point() else each for each in inputs]
    if is_channels_last:
        model = model.to(memory_format=torch.channels_last)
        inputs = [
            each.to(memory_format=torch.channels_last) if each.dim() == 4 else each
            for each in inputs
        ]
    return model, inputs


def graph_of(torch, run):
    """A CUDA graph of a function that has run before, on a stream of its own."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(5):
            run()
    torch.cuda.current_stream().wait_stream(side)
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        run()
    return graph


def device_times(torch, launch):
    """Microseconds of each of many launches, by the device's clock."""
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    sleep = getattr(torch.cuda, "_sleep", None)
    times = []
    for _ in range(WARM_UP + SAMPLES):
        if sleep is not None:
            sleep(SLEEP_CYCLES)
        start.record()
        launch()
        end.record()
        end.synchronize()
        times.append(start.elapsed_time(end) * 1000)
    return times[WARM_UP:]


def time_torch(torch, build, variant):
    _, _, is_half, is_channels_last, is_compiled = variant
    model, inputs = placed(torch, *build(torch), is_half, is_channels_last)
    if is_compiled:
        torch._dynamo.reset()
        model = torch.compile(model, mode="max-autotune-no-cudagraphs")
    with torch.no_grad():
        graph = graph_of(torch, lambda: model(*inputs))
        return device_times(torch, graph.replay)


def time_tensorrt(torch, path, is_half):
    import tensorrt as trt

    logger = trt.Logger(trt.Logger.ERROR)
    builder = trt.Builder(logger)
    network = builder.create_network(0)
    parser = trt.OnnxParser(network, logger)
    if not parser.parse_from_file(path):
        raise RuntimeError(str(parser.get_error(0)))
    config = builder.create_builder_config()
    if is_half:
        config.set_flag(trt.BuilderFlag.FP16)
    engine = trt.Runtime(logger).deserialize_cuda_engine(
        builder.build_serialized_network(network, config)
    )
    context = engine.create_execution_context()
    kinds = {
        trt.DataType.FLOAT: torch.float32,
        trt.DataType.HALF: torch.float16,
        trt.DataType.INT32: torch.int32,
        trt.DataType.INT64: torch.int64,
    }
    kept = []
    for i in range(engine.num_io_tensors):
        name = engine.get_tensor_name(i)
        shape = tuple(engine.get_tensor_shape(name))
        kept.append(torch.zeros(shape, dtype=kinds[engine.get_tensor_dtype(name)]).cuda())
        context.set_tensor_address(name, kept[-1].data_ptr())
    run = lambda: context.execute_async_v3(torch.cuda.current_stream().cuda_stream)
    return device_times(torch, graph_of(torch, run).replay)


def time_onnxruntime(_, path, is_half):
    import numpy
    import onnxruntime

    if is_half:
        raise RuntimeError("the model file is in float32")
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        raise RuntimeError("built without CUDA")
    options = {"enable_cuda_graph": "1", "use_tf32": "1"}
    session = onnxruntime.InferenceSession(path, providers=[("CUDAExecutionProvider", options)])
    types = {"tensor(float)": numpy.float32, "tensor(int64)": numpy.int64}
    binding = session.io_binding()
    kept = []
    for each in session.get_inputs():
        value = numpy.zeros(each.shape, dtype=types[each.type])
        kept.append(onnxruntime.OrtValue.ortvalue_from_numpy(value, "cuda", 0))
        binding.bind_ortvalue_input(each.name, kept[-1])
    for each in session.get_outputs():
        value = numpy.zeros(each.shape, dtype=types[each.type])
        kept.append(onnxruntime.OrtValue.ortvalue_from_numpy(value, "cuda", 0))
        binding.bind_ortvalue_output(each.name, kept[-1])
    times = []
    for _ in range(WARM_UP + SAMPLES):
        start = time.perf_counter()
        for _ in range(IN_A_ROW):
            session.run_with_iobinding(binding)
        times.append((time.perf_counter() - start) * 1e6 / IN_A_ROW)
    return times[WARM_UP:]


def versions(torch):
    found = {"torch": torch.__version__, "cuda": str(torch.version.cuda)}
    cudnn = torch.backends.cudnn.version()
    if cudnn is not None:
        found["cudnn"] = str(cudnn)
    for name in ("torchvision", "transformers", "timm", "tensorrt", "onnxruntime"):
        try:
            found[name] = __import__(name).__version__
        except Exception:  # What is not there is not compared with.
            pass
    return found


def summary(times):
    ordered = sorted(times)
    at = lambda share: round(ordered[round(share * (len(ordered) - 1))], 2)
    return {
        "medianUs": round(statistics.median(times), 2),
        "p10Us": at(0.1),
        "p90Us": at(0.9),
        "samples": len(times),
    }


def measure_all(torch, names, folder, report, write):
    def take(model, runtime, precision, measure):
        row = {"model": model, "runtime": runtime, "precision": precision}
        try:
            row.update(summary(measure()))
        except Exception as problem:
            row["failed"] = f"{type(problem).__name__}: {problem}".splitlines()[0][:300]
        report["rows"].append(row)
        print(json.dumps(row), flush=True)
        write()

    def take_torch(name, is_compiled):
        build = MODELS.get(name)
        for variant in VARIANTS if build is not None else ():
            if variant[-1] == is_compiled:
                take(name, variant[0], variant[1], lambda: time_torch(torch, build, variant))

    for name in names:
        take_torch(name, False)
        path = os.path.join(folder, f"{name}.onnx")
        for runtime, package, measure in (
            ("TensorRT", "tensorrt", time_tensorrt),
            ("ONNX Runtime, CUDA", "onnxruntime", time_onnxruntime),
        ):
            if package in report["versions"]:
                for precision in ("tf32", "f16"):
                    take(name, runtime, precision, lambda: measure(torch, path, precision == "f16"))
    # Last: compiling takes minutes, and the time may end before it does.
    for name in names:
        take_torch(name, True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out")
    parser.add_argument("models")
    parser.add_argument("--models-folder", default="fixtures/models")
    asked = parser.parse_args()
    report = {"format": "top-compile/others", "version": 1, "versions": {}, "rows": []}

    def write():
        with open(asked.out, "w", encoding="utf-8") as file:
            json.dump(report, file, indent=1)
            file.write("\n")

    try:
        import torch

        if not torch.cuda.is_available():
            raise RuntimeError("PyTorch finds no GPU")
    except Exception as problem:
        report["skipped"] = f"{type(problem).__name__}: {problem}"
        print(report["skipped"])
        write()
        return 0
    # What users of Ampere and newer GPUs have, and what --math tf32 is.
    torch.backends.cuda.matmul.allow_tf32 = True
    torch.backends.cudnn.allow_tf32 = True
    torch.backends.cudnn.benchmark = True
    report["versions"] = versions(torch)
    report["device"] = torch.cuda.get_device_name(0)
    write()
    measure_all(torch, asked.models.split(","), asked.models_folder, report, write)
    return 0


if __name__ == "__main__":
    sys.exit(main())
