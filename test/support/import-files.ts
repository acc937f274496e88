/** Small profiles in the formats of other tools, with the fields that those write. */

/** A profile of layers as `trtexec --exportProfile` writes it; times in microseconds. */
export function trtexecProfile(
  layers: readonly (readonly [string, number])[],
  field: "medianMs" | "averageMs" = "medianMs",
): string {
  const entries = layers.map(([name, us]) => ({
    name,
    timeMs: us,
    averageMs: us / 1000,
    ...(field === "medianMs" ? { medianMs: us / 1000 } : {}),
    percentage: 1,
  }));
  return JSON.stringify([{ count: 1000 }, ...entries]);
}

/** Layer information as `trtexec --exportLayerInfo` writes it, with the nodes of each layer. */
export function trtexecLayers(
  layers: readonly (readonly [string, readonly string[]])[],
  separator = "\u001f",
): string {
  return JSON.stringify({
    Layers: layers.map(([Name, nodes]) => ({
      Name,
      LayerType: "kgen",
      Inputs: [],
      Outputs: [],
      Metadata: nodes.map((each) => `[ONNX Layer: ${each}]`).join(separator),
    })),
    Bindings: ["x", "y"],
  });
}

/** A kernel of ONNX Runtime: its node's name and type, microseconds, and on a GPU those of its kernels. */
export interface RuntimeNode {
  readonly name: string;
  readonly type: string;
  readonly us: number;
  readonly kernels?: readonly number[];
}

/** A profile of ONNX Runtime of several runs; `us` of a run is scaled by the run's factor. */
export function runtimeProfile(
  nodes: readonly RuntimeNode[],
  factors: readonly number[],
  { provider = "CPUExecutionProvider", threads = 1 } = {},
): string {
  const events: unknown[] = [
    { cat: "Session", pid: 1, tid: 1, dur: 9, ts: 0, ph: "X", name: "model_loading_uri", args: {} },
  ];
  let ts = 1000;
  const stats =
    threads === 1
      ? ""
      : { sub_threads: Object.fromEntries(Array.from({ length: threads - 1 }, (_, i) => [i, {}])) };
  for (const factor of factors) {
    const start = ts;
    for (const { name, type, us, kernels = [] } of nodes) {
      const dur = us * factor;
      const args = { op_name: type, provider, thread_scheduling_stats: stats };
      events.push({
        cat: "Node",
        pid: 1,
        tid: 1,
        dur,
        ts,
        ph: "X",
        name: `${name}_kernel_time`,
        args,
      });
      for (const kernel of kernels) {
        const geometry = { grid_x: "8", grid_y: "2", grid_z: "1", block_x: "256" };
        const own = { op_name: type, stream: "7", ...geometry };
        const what = { cat: "Kernel", pid: -1, tid: -1, ts, ph: "X", name: `k_${type}` };
        events.push({ ...what, dur: kernel * factor, args: own });
      }
      ts += dur + 1;
    }
    const dur = ts - start;
    events.push({
      cat: "Session",
      pid: 1,
      tid: 1,
      dur,
      ts: start,
      ph: "X",
      name: "model_run",
      args: {},
    });
    ts += 10;
  }
  return JSON.stringify(events);
}

/** A kernel inside a range of NVTX. */
export interface RangedKernel {
  readonly range: string;
  readonly ns: number;
}

const GPU_HEADER =
  "Start (ns),Duration (ns),CorrId,GrdX,GrdY,GrdZ,BlkX,BlkY,BlkZ,Reg/Trd,StcSMem (MB),DymSMem (MB),Bytes (MB),Throughput (MB/s),SrcMemKd,DstMemKd,Device,Ctx,Strm,Name";
const RANGE_HEADER =
  "Name,Projected Start (ns),Projected Duration (ns),Orig Start (ns),Orig Duration (ns),Style,PID,TID,NumGPUOps,Lvl,NumChild,RangeId,ParentId,RangeStack";

/** The two tables of Nsight Systems for kernels one after the other, each in a range of its own. */
export function nsysTables(kernels: readonly RangedKernel[]): {
  readonly kernels: string;
  readonly ranges: string;
} {
  let at = 1000;
  const gpu: string[] = [];
  const ranges: string[] = [];
  for (const [i, { range, ns }] of kernels.entries()) {
    gpu.push(
      `${at},${ns},${i},16,4,1,128,1,1,40,0.016,0.001,,,,,NVIDIA H200 (0),1,7,"void k<int, 2>(float)"`,
    );
    ranges.push(`"${range}",${at},${ns},${at},${ns},PushPop,1,1,1,0,0,${i},,:${i}`);
    at += ns + 100;
  }
  const copy = `${at},500,99,,,,,,,,,,4.194,6337.593,Pinned,Device,NVIDIA H200 (0),1,7,[CUDA memcpy Host-to-Device]`;
  const notice = "\nNOTICE: Existing SQLite export found: x.sqlite\n\n";
  return {
    kernels: `${notice}${[GPU_HEADER, ...gpu, copy].join("\n")}\n`,
    ranges: `${[RANGE_HEADER, ...ranges].join("\n")}\n`,
  };
}

/** An operator of ATen in a trace: name, dims of its inputs, microseconds of its kernels. */
export interface TraceOperator {
  readonly name: string;
  readonly dims: readonly (readonly number[])[];
  readonly us: readonly number[];
}

/** A trace of PyTorch of several steps; `us` of a step is scaled by its factor. */
export function pytorchTrace(
  operators: readonly TraceOperator[],
  factors: readonly number[],
): string {
  const traceEvents: unknown[] = [{ ph: "M", name: "process_name", ts: 0, pid: 1, tid: 0 }];
  let ts = 5_133_649_539_961.137;
  let id = 0;
  for (const [step, factor] of factors.entries()) {
    const start = ts;
    for (const { name, dims, us } of operators) {
      const args = { "External id": ++id, "Input Dims": dims };
      traceEvents.push({ ph: "X", cat: "cpu_op", name, pid: 1, tid: 1, ts, dur: 2, args });
      for (const dur of us) {
        const geometry = { grid: [8, 1, 1], block: [256, 1, 1], "registers per thread": 32 };
        const own = { "External id": id, stream: 7, "shared memory": 2112, ...geometry };
        const what = { ph: "X", cat: "kernel", name: "k<float>", pid: 0, tid: 7, ts };
        traceEvents.push({ ...what, dur: dur * factor, args: own });
        ts += dur * factor + 0.5;
      }
    }
    const name = `ProfilerStep#${step}`;
    const dur = ts - start;
    traceEvents.push({ ph: "X", cat: "user_annotation", name, pid: 1, tid: 1, ts: start, dur });
    ts += 50;
  }
  const deviceProperties = [{ id: 0, name: "NVIDIA H200", numSms: 132 }];
  return JSON.stringify({ schemaVersion: 1, deviceProperties, traceEvents });
}
