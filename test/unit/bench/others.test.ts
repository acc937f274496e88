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
    def __call__(self, *inputs):
        self.runs += 1
        if cuda.capturing is not None:
            assert self.runs > 3, "not run before it is captured"
            cuda.capturing.us = self.us

def compile(model, mode):
    assert mode == "max-autotune-no-cudagraphs"
    model.us -= 10
    return model

class nn:
    class Module: pass

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
    def __init__(self, graph): self.graph = graph
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
    @staticmethod
    def synchronize(): pass
    @staticmethod
    def _sleep(cycles): cuda.clock += 12345
    @staticmethod
    def get_device_name(index): return "a GPU"
`;

const TORCHVISION = `
__version__ = "1.2"
import torch
class models:
    @staticmethod
    def resnet50(weights): return torch.Model()
    @staticmethod
    def googlenet(weights, init_weights, aux_logits):
        class Broken(torch.Model):
            def half(self): raise RuntimeError("no halves\\nof this")
        return Broken()
`;

function run(modules: Readonly<Record<string, string>>, models: string) {
  const path = mkdtempSync(join(FOLDER, "modules-"));
  for (const [name, source] of Object.entries(modules)) {
    const file = join(path, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, source);
  }
  const out = join(path, "others.json");
  const done = spawnSync("python3", ["-S", PROGRAM, out, models], {
    encoding: "utf8",
    env: { PATH: process.env["PATH"], PYTHONPATH: path, PYTHONDONTWRITEBYTECODE: "1" },
  });
  expect({ status: done.status, stderr: done.stderr }).toEqual({ status: 0, stderr: "" });
  return { out, stdout: done.stdout, report: JSON.parse(readFileSync(out, "utf8")) };
}

describe.skipIf(!python)("other runtimes on the GPU", () => {
  it("are timed as graphs, by the device, in each form; one that fails costs nothing else", () => {
    const modules = { "torch.py": TORCH, "torchvision.py": TORCHVISION };
    const { report, stdout, out } = run(modules, "googlenet,resnet50,dlrm");
    expect(report).toMatchObject({
      format: "top-compile/others",
      version: 1,
      device: "a GPU",
      versions: { torch: "9.9", cuda: "13.0", cudnn: "91200", torchvision: "1.2" },
    });
    const times = (model: string) =>
      report.rows
        .filter((row: { model: string }) => row.model === model)
        .map((row: { medianUs?: number; failed?: string }) => row.medianUs ?? row.failed);
    expect(times("resnet50")).toEqual([100, 80, 60, 40, 90, 30]);
    const broken = "RuntimeError: no halves";
    expect(times("googlenet")).toEqual([100, 80, broken, broken, 90, broken]);
    expect(times("dlrm")).toEqual([]);
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
