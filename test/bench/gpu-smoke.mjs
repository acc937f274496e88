// First questions to a GPU: `npm run smoke:gpu`. A minute or two; prints one JSON report and writes it to
// build/gpu-smoke.json. It answers what can only be answered on a device: what library calls launch, how
// large the noise is, what a launch costs, whether launch order and hardware queues matter to a replay.
// Without a GPU it says so and ends with status 4.
import { mkdirSync, writeFileSync } from "node:fs";
import { median } from "../../dist/core/statistics.js";
import { obtainGpuHelper } from "../../dist/runtime/cuda/client/obtain-helper.js";

const MIB = 1 << 20;

// One name for all, in modules of their own: the stand-in of the tests knows it, so that this script can
// be tried without a GPU, on small sizes (TOP_COMPILE_CUDA_LIBS=build/native-test/stand-in-...).
const kernel = (body) =>
  `typedef unsigned long long u64;
extern "C" __global__ void mix(u64 *to, const u64 *a, const u64 *b, int cycles) { ${body} }`;
const SPIN = kernel(
  "long long t = clock64(); while (clock64() - t < cycles) {} if (!cycles) *to = *a;",
);
const CLOCK = kernel(`u64 t0, t1; long long c0 = clock64();
  asm volatile("mov.u64 %0, %globaltimer;" : "=l"(t0));
  while (clock64() - c0 < cycles) {}
  asm volatile("mov.u64 %0, %globaltimer;" : "=l"(t1));
  to[0] = clock64() - c0; to[1] = t1 - t0;`);

const done = (outcome) => {
  if (!outcome.ok) {
    const [{ code, message, exit }] = outcome.error;
    process.stderr.write(`gpu-smoke: ${code}: ${message}\n`);
    process.exit(exit);
  }
  return outcome.value;
};

const start = async (env = {}) => {
  const helper = done(
    await obtainGpuHelper({ cacheFolder: "build", env: { ...process.env, ...env } }),
  );
  const { device } = done(await helper.call("open", { device: 0 }));
  done(await helper.call("arena", { bytes: 64 * MIB }));
  done(await helper.call("fill", { offset: 0, count: 12 * MIB, seed: 1 }));
  const spin = done(await helper.call("compile", { source: SPIN })).module;
  const clock = done(await helper.call("compile", { source: CLOCK })).module;
  return { helper, device, spin, clock };
};

const { helper, device, spin, clock } = await start();
const isStandIn = device.name === "stand-in";
const [rounds, warmupMs, channels, side, width] = isStandIn
  ? [3, 0, 2, 4, 8]
  : [51, 300, 192, 28, 512];

const burn = (module, grid, cycles, shared = 0) => ({
  kind: "kernel",
  module,
  function: "mix",
  grid: [grid, 1, 1],
  block: [128, 1, 1],
  shared,
  args: [{ ptr: 0 }, { ptr: 8 }, { ptr: 16 }, { i32: cycles }],
});

// Of Inception's middle.
const conv = (math) => ({
  kind: "conv",
  x: { offset: 0, dims: [1, channels, side, side] },
  w: { offset: 8 * MIB, dims: [96, channels, 3, 3] },
  y: { offset: 32 * MIB, dims: [1, 96, side, side] },
  bias: 16 * MIB,
  relu: true,
  pads: [1, 1],
  strides: [1, 1],
  dilations: [1, 1],
  dtype: "f32",
  math,
});

const gemm = (math) => ({
  kind: "gemm",
  m: width,
  n: width,
  k: width,
  a: { offset: 0, leading: width },
  b: { offset: 4 * MIB, leading: width },
  c: { offset: 48 * MIB, leading: width },
  dtype: "f32",
  math,
});

const program = (nodes) => helper.call("program", { nodes }).then(done);
const measure = async (schedules, more = {}) => {
  const request = { schedules, rounds, warmupMs, ...more };
  return done(await helper.call("measure", request)).samplesUs;
};
const inOrder = (nodes) => ({ launches: nodes.map((node) => ({ node })) });
const apart = (nodes) => ({ launches: nodes.map((node, stream) => ({ node, stream })) });
const medians = (samples) => samples.map((each) => Number(median(each).toFixed(3)));

const report = { device, libraries: done(await helper.call("probe", {})).libraries };

// What library calls launch, and what they take.
const settings = await program([conv("ieee"), conv("tf32"), gemm("ieee"), gemm("tf32")]);
const { nodes } = done(await helper.call("kernels", {}));
report.libraryNodes = ["conv ieee", "conv tf32", "gemm ieee", "gemm tf32"].map((name, i) => ({
  name,
  ...settings.nodes[i],
  kernels: nodes[i].kernels,
}));
const names = ["convIeee", "convTf32", "gemmIeee", "gemmTf32"];
const each = [0, 1, 2, 3].map((node) => inOrder([node]));
const warm = medians(await measure(each, { repeat: 20 }));
const cold = medians(await measure(each, { flushL2: true }));
report.libraryUs = Object.fromEntries(
  names.map((name, i) => [name, { warmOfTwenty: warm[i], coldL2: cold[i] }]),
);

// The clock of the multiprocessors, when busy.
await program([burn(clock, 1, 2_000_000), burn(spin, device.multiprocessors, 20_000)]);
await measure([inOrder([1])], { rounds: 1 });
done(await helper.call("run", { schedule: inOrder([0]) }));
const words = Buffer.from(
  done(await helper.call("download", { offset: 0, bytes: 16 })).base64,
  "base64",
);
report.clockMhz = Math.round(
  (1000 * Number(words.readBigUInt64LE(0))) / Number(words.readBigUInt64LE(8)),
);

// Noise: one schedule four times. What a launch costs: nothing, one kernel, hidden behind a prelude.
await program([burn(spin, 8, 40_000), burn(spin, 1, 1), burn(spin, 1, 200_000)]);
const same = await measure([inOrder([0]), inOrder([0]), inOrder([0]), inOrder([0])]);
report.sameScheduleUs = medians(same);
const tiny = [inOrder([]), inOrder([1]), { ...inOrder([1]), mode: "eager" }];
report.tinyUs = {
  shown: ["nothing", "one kernel, graph", "one kernel, eager"],
  alone: medians(await measure(tiny)),
  behindPrelude: medians(await measure(tiny, { prelude: 2 })),
  ofTwenty: medians(await measure(tiny, { repeat: 20 })),
};

// Branches: eight small kernels on one stream and on eight; in both launch orders, with one of them long.
await program([...Array(7)].map(() => burn(spin, 8, 40_000)).concat(burn(spin, 8, 160_000)));
const eight = [0, 1, 2, 3, 4, 5, 6, 7];
report.branchesUs = {
  shown: ["one stream", "eight streams, long last", "eight streams, long first"],
  medians: medians(await measure([inOrder(eight), apart(eight), apart([...eight].reverse())])),
};

// Launch order where thread blocks do not all fit: many large ones before or after a few small ones that
// the rest waits for.
const full = device.multiprocessors * 4;
const shared = Math.floor(device.sharedBytesPerBlock / 2);
await program([burn(spin, full, 40_000, shared), burn(spin, 4, 40_000), burn(spin, 4, 40_000)]);
const wide = { node: 0, stream: 0 };
const chain = [
  { node: 1, stream: 1 },
  { node: 2, stream: 1 },
];
report.launchOrderUs = {
  shown: ["wide kernel first", "chain first"],
  medians: medians(
    await measure([{ launches: [wide, ...chain] }, { launches: [...chain, wide] }], { prelude: 1 }),
  ),
};
await helper.close();

// Hardware queues: 32 branches with 8 and with 32 of them.
report.queuesUs = {};
for (const queues of ["8", "32"]) {
  const other = await start({ CUDA_DEVICE_MAX_CONNECTIONS: queues });
  const branches = [...Array(32)].map(() => burn(other.spin, 2, 40_000));
  done(await other.helper.call("program", { nodes: branches }));
  const request = { schedules: [apart(branches.map((_, i) => i))], rounds, warmupMs };
  const { samplesUs } = done(await other.helper.call("measure", request));
  report.queuesUs[queues] = medians(samplesUs)[0];
  await other.helper.close();
}

mkdirSync("build", { recursive: true });
const text = `${JSON.stringify(report, null, 2)}\n`;
writeFileSync("build/gpu-smoke.json", text);
process.stdout.write(text);
