/** The program that times other runtimes, over a PyTorch that is none: its device takes what the test says. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { bestOther, othersIn } from "../../bench/others.js";

const PROGRAM = resolve(import.meta.dirname, "../../bench/first-hour/others.py");
const FOLDER = mkdtempSync(join(tmpdir(), "others-"));
afterAll(() => rmSync(FOLDER, { recursive: true, force: true }));

const python = spawnSync("python3", ["--version"]).status === 0;

/**
 * The part of PyTorch that the program calls. A replay takes 100 us, less 40 in halves, 20 less with channels last
 * and 10 less compiled; every tenth takes 1,000 more. What is not captured before it is replayed, or captured before
 * it has run on a side stream, is an error.
 */
const TORCH = `
class Tensor:
    def __init__(self, floats, dims): self.floats, self.dims = floats, dims
    def cuda(self): return self
    def half(self): assert self.floats; return self
    def dim(self): return self.dims
    def is_floating_point(self): return self.floats
    def to(self, memory_format): assert self.dims == 4; return self
def rand(*dims): return Tensor(True, len(dims))
def randint(low, high, dims): return Tensor(False, len(dims))

channels_last = "channels_last"
__version__ = "9.9"

class Model:
    us, runs = 100, 0
    def cuda(self): return self
    def eval(self): return self
    def float(self): return self
    def half(self): self.us -= 40; return self
    def to(self, memory_format): self.us -= 20; return self
    def modules(self): return [self]
    def named_children(self): return []
    def __call__(self, *inputs):
        self.runs += 1
        if cuda.capturing is not None:
            assert self.runs > 3, "not run before it is captured"
            cuda.capturing.us = self.us

def compile(model, mode):
    assert mode in (None, "max-autotune-no-cudagraphs")
    model.us -= 10 if mode is None else 15
    return model

class nn:
    class Module: pass
    class Conv2d: pass
    class BatchNorm2d: pass

class no_grad:
    def __enter__(self): pass
    def __exit__(self, *_): pass

class _dynamo:
    @staticmethod
    def reset(): pass

class version: cuda = "13.0"
class backends:
    class cuda:
        class matmul: allow_tf32 = False
    class cudnn:
        allow_tf32 = False
        @staticmethod
        def version(): return 91200

class Stream:
    def wait_stream(self, other): pass
class Event:
    def __init__(self, enable_timing): assert enable_timing
    def record(self): self.at = cuda.clock
    def synchronize(self): pass
    def elapsed_time(self, other): return (other.at - self.at) / 1000
class Graph:
    us, replays = None, 0
    def replay(self):
        self.replays += 1
        cuda.clock += self.us + (1000 if self.replays % 10 == 0 else 0)
class capture:
    def __init__(self, graph, capture_error_mode):
        assert capture_error_mode == "thread_local"
        self.graph = graph
    def __enter__(self): cuda.capturing = self.graph
    def __exit__(self, *_): cuda.capturing = None
class on:
    def __init__(self, stream): pass
    def __enter__(self): pass
    def __exit__(self, *_): pass
class cuda:
    clock, capturing = 0, None
    Stream, Event, CUDAGraph, graph, stream = Stream, Event, Graph, capture, on
    @staticmethod
    def is_available(): return True
    @staticmethod
    def current_stream(): return Stream()
    is_lost = False
    @staticmethod
    def synchronize():
        if cuda.is_lost: raise RuntimeError("the device is lost")
    @staticmethod
    def _sleep(cycles):
        assert cycles >= 100_000
        cuda.clock += 12345
    @staticmethod
    def get_device_name(index): return "a GPU"
`;

const TORCHVISION = `
import os, time, torch
class models:
    @staticmethod
    def resnet50(weights): return torch.Model()
    @staticmethod
    def squeezenet1_1(weights):
        class Deadly(torch.Model):
            def half(self): os.kill(os.getpid(), 9)
        return Deadly()
    @staticmethod
    def swin_t(weights):
        class Losing(torch.Model):
            def half(self):
                torch.cuda.is_lost = True
                torch.cuda.synchronize()
        return Losing()
    @staticmethod
    def inception_v3(weights, init_weights, aux_logits):
        class Endless(torch.Model):
            def half(self): time.sleep(1000)
        return Endless()
    @staticmethod
    def googlenet(weights, init_weights, aux_logits):
        class Broken(torch.Model):
            def half(self): raise RuntimeError("no halves\\nof this")
        return Broken()
`;

const MODULES = {
  "torch.py": TORCH,
  "torchvision.py": TORCHVISION,
  "torchvision-1.2.dist-info/METADATA": "Name: torchvision\nVersion: 1.2\n",
  "onnxruntime.py":
    "__version__ = '8'\ndef get_available_providers(): return ['CPUExecutionProvider']\n",
};

function run(
  modules: Readonly<Record<string, string>>,
  models: string,
  more: readonly string[] = [],
) {
  const path = mkdtempSync(join(FOLDER, "modules-"));
  for (const [name, source] of Object.entries(modules)) {
    const file = join(path, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, source);
  }
  const out = join(path, "others.json");
  const done = spawnSync("python3", ["-S", PROGRAM, out, models, "--warm-up", "0", ...more], {
    encoding: "utf8",
    env: { PATH: process.env["PATH"], PYTHONPATH: path, PYTHONDONTWRITEBYTECODE: "1" },
  });
  expect({ status: done.status, stderr: done.stderr }).toEqual({ status: 0, stderr: "" });
  return { out, stdout: done.stdout, report: JSON.parse(readFileSync(out, "utf8")) };
}

describe.skipIf(!python)("other runtimes on the GPU", () => {
  it("are timed as graphs, by the device, in each form; one that fails costs nothing else", () => {
    const { report, stdout, out } = run(MODULES, "googlenet,resnet50,flava");
    expect(report).toMatchObject({
      format: "top-compile/others",
      version: 1,
      device: "a GPU",
      versions: { torch: "9.9", cuda: "13.0", cudnn: "91200", torchvision: "1.2" },
      absent: {
        TensorRT: "ModuleNotFoundError: No module named 'tensorrt'",
        "ONNX Runtime, CUDA": "RuntimeError: built without CUDA",
      },
    });
    const times = (model: string) =>
      report.rows
        .filter((row: { model: string }) => row.model === model)
        .map((row: { medianUs?: number; failed?: string }) => row.medianUs ?? row.failed);
    expect(times("resnet50")).toEqual([100, 80, 60, 40, 90, 30]);
    const broken = "RuntimeError: no halves";
    expect(times("googlenet")).toEqual([100, 80, broken, broken, 90, broken]);
    expect(report.rows.at(-2).runtime).toBe("torch.compile");
    expect(times("flava")).toEqual([]);
    expect(report.rows.at(-1)).toEqual({
      model: "resnet50",
      runtime: "torch.compile",
      precision: "f16",
      medianUs: 30,
      p10Us: 30,
      p90Us: expect.any(Number),
      samples: 101,
    });
    expect(stdout.trimEnd().split("\n")).toHaveLength(report.rows.length);
    const found = othersIn(out);
    expect(bestOther(found, "resnet50", "tf32", 120_000)).toEqual({
      runtime: "PyTorch, channels last",
      medianUs: 80,
      ratio: 1.5,
    });
    expect(bestOther(found, "resnet50", "f16", 15_000)?.ratio).toBe(0.5);
    expect(bestOther(found, "resnet50", "ieee", 1)).toBeUndefined();
    expect(bestOther(found, "googlenet", "f16", 1)).toBeUndefined();
  });

  it("go on where a process dies or the device is lost, and end where there is no time", () => {
    const { report } = run(MODULES, "squeezenet,swin-t,resnet50,nasnet-a-large", ["--autotune"]);
    const rows = report.rows.map((row: Record<string, unknown>) => [
      row["model"],
      row["medianUs"] ?? row["failed"],
    ]);
    const died = "its process ended with status 9";
    const lost = "RuntimeError: the device is lost";
    const none = "ModuleNotFoundError: No module named 'timm'";
    expect(rows).toEqual([
      ...[100, 80, died, died].map((each) => ["squeezenet", each]),
      ...[100, 80, lost, lost].map((each) => ["swin-t", each]),
      ...[100, 80, 60, 40].map((each) => ["resnet50", each]),
      ...[none, none, none, none].map((each) => ["nasnet-a-large", each]),
      ...[85, died].map((each) => ["squeezenet", each]),
      ...[85, lost].map((each) => ["swin-t", each]),
      ...[85, 25].map((each) => ["resnet50", each]),
      ...[none, none].map((each) => ["nasnet-a-large", each]),
    ]);
    // However slow the machine: what hangs is ended, and it alone fails.
    const hanging = run(MODULES, "inception-v3", ["--seconds", "3"]).report.rows;
    const failures = hanging.flatMap(({ failed }: { failed?: string }) => failed ?? []);
    expect(new Set([...failures, "no time"])).toEqual(new Set(["no time"]));
    expect(hanging.length).toBeLessThan(4);
  });

  it("are not there without PyTorch or a GPU, which is no failure", () => {
    const none = run({}, "resnet50");
    expect(none.report).toMatchObject({ rows: [], skipped: expect.stringContaining("torch") });
    const torch = TORCH.replace(
      "def is_available(): return True",
      "def is_available(): return False",
    );
    const { report } = run({ "torch.py": torch }, "resnet50");
    expect(report).toMatchObject({ rows: [], skipped: "RuntimeError: PyTorch finds no GPU" });
  });

  it("are none in a file that is missing or none", () => {
    expect(othersIn(join(FOLDER, "no-such"))).toMatchObject({ rows: [] });
    writeFileSync(join(FOLDER, "odd"), "{");
    expect(othersIn(join(FOLDER, "odd")).skipped).toContain("JSON");
  });
});
