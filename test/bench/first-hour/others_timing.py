"""How long a model takes on the device: by PyTorch as a CUDA graph, by TensorRT, by ONNX Runtime.

Times are of the device, between two events around a replay, behind a kernel that keeps the device busy while the
host launches, as those of top-compile; before, the device has worked for a while, so that its clocks are up. Those of ONNX
Runtime, which replays its graph itself, are of ten runs that follow each other, by the host's clock.
"""

import copy
import statistics
import time

SAMPLES = 101
# Replays before, at least; besides, for a time.
WARM_UP = 20
# The device is kept busy for at least this long before a replay, and for twice what the host takes to launch.
LEAST_SLEEP_US = 50
MOST_SLEEP_US = 5000
CYCLES_PER_US = 2000
IN_A_ROW = 10
# What names of dims in model files stand for.
SIZES = {"batch": 1, "sequence": 128}

def placed(torch, model, inputs, is_half, is_channels_last):
    """A copy of the model and its inputs on the GPU, in the form that is asked for."""
    model = copy.deepcopy(model).cuda().eval()
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
    # What other threads do, as those of the compiler, is no part of it and does not end it.
    with torch.cuda.graph(graph, capture_error_mode="thread_local"):
        run()
    return graph


def device_times(torch, launch, warm_up_s):
    """Microseconds of each of many launches, by the device's clock."""
    torch.cuda.synchronize()
    host, runs, begin = [], 0, time.perf_counter()
    while runs < WARM_UP or time.perf_counter() - begin < warm_up_s:
        before = time.perf_counter()
        launch()
        host.append((time.perf_counter() - before) * 1e6)
        torch.cuda.synchronize()
        runs += 1
    busy = min(MOST_SLEEP_US, max(LEAST_SLEEP_US, 2 * statistics.median(host)))
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    times = []
    for _ in range(SAMPLES):
        torch.cuda._sleep(int(busy * CYCLES_PER_US))
        start.record()
        launch()
        end.record()
        end.synchronize()
        times.append(start.elapsed_time(end) * 1000)
    return times


def time_torch(torch, built, form, is_tuned, warm_up_s):
    """Requires: `built` is a module for inference and its inputs; `form` whether in halves, channels last, compiled."""
    is_half, is_channels_last, is_compiled = form
    model, inputs = placed(torch, *built, is_half, is_channels_last)
    if is_compiled:
        torch._dynamo.reset()
        model = torch.compile(model, mode="max-autotune-no-cudagraphs" if is_tuned else None)
    with torch.no_grad():
        return device_times(torch, graph_of(torch, lambda: model(*inputs)).replay, warm_up_s)


def shape_of(dims):
    """The sizes of an input, with those that names stand for."""
    return [SIZES[each] if isinstance(each, str) else each for each in dims]


def time_tensorrt(torch, path, is_half, warm_up_s):
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
    profile = builder.create_optimization_profile()
    shapes = {}
    for i in range(network.num_inputs):
        each = network.get_input(i)
        names = [each.get_dimension_name(at) or size for at, size in enumerate(each.shape)]
        shapes[each.name] = shape_of(names)
        if -1 in tuple(each.shape):
            profile.set_shape(each.name, *3 * [shapes[each.name]])
    config.add_optimization_profile(profile)
    plan = builder.build_serialized_network(network, config)
    if plan is None:
        raise RuntimeError("no engine")
    engine = trt.Runtime(logger).deserialize_cuda_engine(plan)
    context = engine.create_execution_context()
    kinds = {
        trt.DataType.FLOAT: torch.float32,
        trt.DataType.HALF: torch.float16,
        trt.DataType.INT32: torch.int32,
        trt.DataType.INT64: torch.int64,
    }
    for name, shape in shapes.items():
        context.set_input_shape(name, shape)
    kept = []
    for i in range(engine.num_io_tensors):
        name = engine.get_tensor_name(i)
        shape = tuple(context.get_tensor_shape(name))
        kept.append(torch.zeros(shape, dtype=kinds[engine.get_tensor_dtype(name)]).cuda())
        context.set_tensor_address(name, kept[-1].data_ptr())

    def run():
        if not context.execute_async_v3(torch.cuda.current_stream().cuda_stream):
            raise RuntimeError("not executed")

    return device_times(torch, graph_of(torch, run).replay, warm_up_s)


def time_onnxruntime(_, path, __, warm_up_s):
    import numpy
    import onnxruntime

    setup = onnxruntime.SessionOptions()
    for name, size in SIZES.items():
        setup.add_free_dimension_override_by_name(name, size)
    options = {"enable_cuda_graph": "1", "use_tf32": "1"}
    providers = [("CUDAExecutionProvider", options)]
    session = onnxruntime.InferenceSession(path, setup, providers=providers)
    types = {"tensor(float)": numpy.float32, "tensor(int64)": numpy.int64}
    binding = session.io_binding()
    kept = []
    for put, tensors in (
        (binding.bind_ortvalue_input, session.get_inputs()),
        (binding.bind_ortvalue_output, session.get_outputs()),
    ):
        for each in tensors:
            value = numpy.zeros(shape_of(each.shape), dtype=types[each.type])
            kept.append(onnxruntime.OrtValue.ortvalue_from_numpy(value, "cuda", 0))
            put(each.name, kept[-1])
    asynchronous = onnxruntime.RunOptions()
    asynchronous.add_run_config_entry("disable_synchronize_execution_providers", "1")

    def take():
        start = time.perf_counter()
        for _ in range(IN_A_ROW):
            session.run_with_iobinding(binding, asynchronous)
        binding.synchronize_outputs()
        return (time.perf_counter() - start) * 1e6 / IN_A_ROW

    begin = time.perf_counter()
    while time.perf_counter() - begin < warm_up_s:
        take()
    return [take() for _ in range(SAMPLES)]


def summary(times):
    ordered = sorted(times)
    at = lambda share: round(ordered[round(share * (len(ordered) - 1))], 2)
    return {
        "medianUs": round(statistics.median(times), 2),
        "p10Us": at(0.1),
        "p90Us": at(0.9),
        "samples": len(times),
    }
