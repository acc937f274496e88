"""What other runtimes take for the models of the bench, on the same GPU.

    python3 others.py OUT.json MODEL,... [--models-folder FOLDER] [--seconds N] [--autotune]

PyTorch runs a model of the same structure and sizes (others_models.py) as a CUDA graph: as it is (NCHW), with channels
last, in half precision, and compiled by torch.compile, with all of its tuning where --autotune asks for it, which takes minutes
a model. TensorRT and ONNX Runtime with CUDA run the model file, where they are installed.

Measurements are taken in a process that is started again when it dies, when the device is lost or when one takes too long.
OUT.json is whole after each of them; one that fails is named there with the reason, and the next one starts. After N seconds
the rest has no time. Without PyTorch on a GPU nothing is measured, the file says why, and the status is 0.
"""

import argparse
import importlib.metadata
import json
import os
import select
import signal
import sys
import time

sys.dont_write_bytecode = True  # The folder may not be ours.

from others_models import MODELS  # noqa: E402
from others_timing import summary, time_onnxruntime, time_tensorrt, time_torch  # noqa: E402

# Longest time without an answer: a measurement with building its model, or compiling it.
LIMIT_S, COMPILE_LIMIT_S = 60, 120

# Runtime, precision, half, channels last, compiled.
VARIANTS = (
    ("PyTorch, NCHW", "tf32", False, False, False),
    ("PyTorch, channels last", "tf32", False, True, False),
    ("PyTorch, NCHW", "f16", True, False, False),
    ("PyTorch, channels last", "f16", True, True, False),
    ("torch.compile", "tf32", False, False, True),
    ("torch.compile", "f16", True, True, True),
)


def versions(torch):
    found = {"torch": torch.__version__, "cuda": str(torch.version.cuda)}
    cudnn = torch.backends.cudnn.version()
    if cudnn is not None:
        found["cudnn"] = str(cudnn)
    for name in ("torchvision", "transformers", "timm", "triton"):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            pass  # Its models fail, and say so.
    return found


def runtimes(report):
    """Runtimes of model files that are here: name, precisions, how they are timed. Why others are not is reported."""
    found = []
    absent = report["absent"] = {}
    try:
        import tensorrt

        report["versions"]["tensorrt"] = tensorrt.__version__
        found.append(("TensorRT", ("tf32", "f16"), time_tensorrt))
    except Exception as problem:
        absent["TensorRT"] = reason_of(problem)
    try:
        import onnxruntime

        report["versions"]["onnxruntime"] = onnxruntime.__version__
        if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
            raise RuntimeError("built without CUDA")
        found.append(("ONNX Runtime, CUDA", ("tf32",), time_onnxruntime))
    except Exception as problem:
        absent["ONNX Runtime, CUDA"] = reason_of(problem)
    return found


def reason_of(problem):
    lines = str(problem).splitlines() or [""]
    return f"{type(problem).__name__}: {lines[0]}"[:300]


def measurements(torch, names, asked, found):
    """All that is to be measured: model, runtime, precision, longest time, function. What takes longest is last."""
    built = {}

    def model_of(name):
        if name not in built:
            built.clear()
            built[name] = MODELS[name](torch, asked.models_folder)
        return built[name]

    def of_torch(is_compiled):
        for name in names:
            for variant in VARIANTS if name in MODELS else ():
                if variant[-1] == is_compiled:
                    runtime = variant[0] + (", max-autotune" if is_compiled and asked.autotune else "")
                    take = lambda n=name, v=variant: time_torch(
                        torch, model_of(n), v[2:], asked.autotune, asked.warm_up
                    )
                    limit = asked.seconds if asked.autotune else COMPILE_LIMIT_S
                    yield name, runtime, variant[1], limit if is_compiled else LIMIT_S, take

    yield from of_torch(False)
    for name in names:
        path = os.path.join(asked.models_folder, f"{name}.onnx")
        for runtime, precisions, measure in found:
            for precision in precisions:
                take = lambda m=measure, p=path, f=precision: m(torch, p, f == "f16", asked.warm_up)
                yield name, runtime, precision, COMPILE_LIMIT_S, take
    yield from of_torch(True)


def work(asked, first, say):
    """Measures from number `first` on, and says each result. Returns whether the device has lasted."""
    report = {"versions": {}}
    try:
        import torch

        if not torch.cuda.is_available():
            raise RuntimeError("PyTorch finds no GPU")
    except Exception as problem:
        say({"skipped": reason_of(problem)})
        return True
    # What users of Ampere and newer GPUs have, and what --math tf32 is.
    torch.backends.cuda.matmul.allow_tf32 = True
    torch.backends.cudnn.allow_tf32 = True
    torch.backends.cudnn.benchmark = True
    report["versions"] = versions(torch)
    report["device"] = torch.cuda.get_device_name(0)
    found = runtimes(report)
    say({"report": report})
    for at, entry in enumerate(measurements(torch, asked.models.split(","), asked, found)):
        model, runtime, precision, limit, measure = entry
        if at < first:
            continue
        row = {"model": model, "runtime": runtime, "precision": precision}
        say({"at": at, "row": row, "limit": limit})
        try:
            row.update(summary(measure()))
        except Exception as problem:
            row["failed"] = reason_of(problem)
        say({"at": at, "row": row})
        if "failed" in row and not is_there(torch):
            return False
    return True


def is_there(torch):
    """Whether the device still answers this process."""
    try:
        torch.cuda.synchronize()
        return True
    except Exception:
        return False


def started(asked, first):
    """A process that measures from number `first` on: its id, and what it says."""
    source, target = os.pipe()
    child = os.fork()
    if child != 0:
        os.close(target)
        return child, source
    status = 1
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.close(source)
        say = lambda fact: os.write(target, (json.dumps(fact) + "\n").encode())
        status = 0 if work(asked, first, say) else 1
    except BaseException as problem:
        print(reason_of(problem), file=sys.stderr, flush=True)
    finally:
        os._exit(status)


class Watch:
    """Follows the processes that measure, and keeps the report."""

    def __init__(self, asked):
        self.asked = asked
        self.ends = time.monotonic() + asked.seconds
        self.report = {"format": "top-compile/others", "version": 1, "versions": {}, "rows": []}
        self.child = None
        self.write()

    def write(self):
        part = f"{self.asked.out}.part"
        with open(part, "w", encoding="utf-8") as file:
            json.dump(self.report, file, indent=1)
            file.write("\n")
        os.replace(part, self.asked.out)

    def keep(self, row):
        self.report["rows"].append(row)
        print(json.dumps(row), flush=True)
        self.write()

    def all(self):
        first = 0
        while first is not None:
            first = self.follow(first)

    def follow(self, first):
        """Follows one process to its end; returns the number to go on with, or None when all is done."""
        self.child, source = started(self.asked, first)
        rest, open_row, done, until = b"", None, first, time.monotonic() + COMPILE_LIMIT_S
        why = None
        while why is None:
            left = min(until, self.ends) - time.monotonic()
            if left <= 0 or not select.select([source], [], [], left)[0]:
                why = "no time" if time.monotonic() >= self.ends else "took too long"
                break
            text = os.read(source, 1 << 16)
            if not text:
                break
            *lines, rest = (rest + text).split(b"\n")
            for fact in map(json.loads, lines):
                if "row" not in fact:
                    self.report.update(fact.get("report", fact))
                    self.write()
                elif "limit" in fact:
                    open_row, done = fact["row"], fact["at"]
                    until = time.monotonic() + fact["limit"]
                else:
                    open_row, done = None, fact["at"] + 1
                    until = time.monotonic() + LIMIT_S
                    self.keep(fact["row"])
        os.close(source)
        if why is not None:
            os.kill(self.child, signal.SIGKILL)
        _, status = os.waitpid(self.child, 0)
        self.child = None
        if open_row is not None:
            self.keep({**open_row, "failed": why or f"its process ended with status {status}"})
            done += 1
        elif done == 0 and status != 0:
            self.report["skipped"] = why or f"PyTorch does not start: status {status}"
            self.write()
        # A process that dies before it measures anything would die again.
        is_over = why == "no time" or status == 0 or done == first
        return None if is_over else done

    def end(self, number, _):
        if self.child is not None:
            os.kill(self.child, signal.SIGKILL)
        sys.exit(128 + number)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out")
    parser.add_argument("models")
    parser.add_argument("--models-folder", default="fixtures/models")
    parser.add_argument("--seconds", type=float, default=240)
    parser.add_argument("--autotune", action="store_true")
    # A device that has been idle takes tens of milliseconds to raise its clocks.
    parser.add_argument("--warm-up", type=float, default=0.3)
    watch = Watch(parser.parse_args())
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, watch.end)
    watch.all()
    if "skipped" in watch.report:
        print(watch.report["skipped"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
