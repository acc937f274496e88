/**
 * First questions to a GPU, each for itself: what library calls launch, how large the noise is, what a launch
 * costs, whether launch order and hardware queues matter to a replay. The calls that may be refused are last.
 */
import type {
  ConvNode,
  ExecutableSchedule,
  GemmNode,
  HelperNode,
} from "../../dist/runtime/cuda/client/nodes.js";
import { SmokeDevice } from "./smoke-device.js";

const MIB = 1 << 20;

/** A question: its name in the report, and what answers it. */
export interface Question {
  readonly name: string;
  readonly ask: (device: SmokeDevice) => Promise<unknown>;
}

const inOrder = (nodes: readonly number[]): ExecutableSchedule => ({
  launches: nodes.map((node) => ({ node })),
});
const apart = (nodes: readonly number[]): ExecutableSchedule => ({
  launches: nodes.map((node, stream) => ({ node, stream })),
});

function gemm({ isStandIn }: SmokeDevice, math: GemmNode["math"]): GemmNode {
  const width = isStandIn ? 8 : 512;
  return {
    kind: "gemm",
    m: width,
    n: width,
    k: width,
    a: { offset: 0, leading: width },
    b: { offset: 4 * MIB, leading: width },
    c: { offset: 48 * MIB, leading: width },
    dtype: "f32",
    math,
  };
}

/** Of Inception's middle. */
function conv({ isStandIn }: SmokeDevice, more: Partial<ConvNode>): ConvNode {
  const [channels, side] = isStandIn ? [2, 4] : [192, 28];
  return {
    kind: "conv",
    x: { offset: 0, dims: [1, channels, side, side] },
    w: { offset: 8 * MIB, dims: [96, channels, 3, 3] },
    y: { offset: 32 * MIB, dims: [1, 96, side, side] },
    pads: [1, 1],
    strides: [1, 1],
    dilations: [1, 1],
    dtype: "f32",
    math: "tf32",
    ...more,
  };
}

/** Of NASNet: every channel for itself. */
function depthwise(device: SmokeDevice): ConvNode {
  const [channels, side] = device.isStandIn ? [2, 4] : [168, 42];
  const dims = [1, channels, side, side];
  return conv(device, {
    x: { offset: 0, dims },
    w: { offset: 8 * MIB, dims: [channels, 1, 3, 3] },
    y: { offset: 32 * MIB, dims },
    groups: channels,
  });
}

/** Written where a Concat has it: with channels last, among those of twice as many. */
function amongChannels(device: SmokeDevice): ConvNode {
  const node = conv(device, { channelsLast: true });
  return { ...node, y: { ...node.y, channels: 192 } };
}

/** The kernels and the time of one library call. */
const libraryCall = (name: string, nodeOf: (device: SmokeDevice) => HelperNode): Question => ({
  name,
  ask: async (device) => {
    const { nodes: settings } = await device.program([nodeOf(device)]);
    const { nodes } = await device.call("kernels", {});
    const [warmOfTwentyUs] = await device.medians([inOrder([0])], { repeat: 20 });
    const [coldL2Us] = await device.medians([inOrder([0])], { flushL2: true });
    return { ...settings[0], ...nodes[0], warmOfTwentyUs, coldL2Us };
  },
});

/** The clock of the multiprocessors, when busy. */
async function clockMhz(device: SmokeDevice): Promise<number> {
  const busy = device.burn(device.facts.multiprocessors, 20_000);
  await device.program([device.burn(1, 2_000_000, 0, device.clock), busy]);
  await device.medians([inOrder([1])], { rounds: 1 });
  await device.call("run", { schedule: inOrder([0]), prelude: 1 });
  const { base64 = "" } = await device.call("download", { offset: 0, bytes: 16 });
  const words = Buffer.from(base64, "base64");
  return Math.round((1000 * Number(words.readBigUInt64LE(0))) / Number(words.readBigUInt64LE(8)));
}

/** One schedule four times. */
async function noise(device: SmokeDevice): Promise<unknown> {
  await device.program([device.burn(8, 40_000)]);
  return device.medians(Array.from({ length: 4 }, () => inOrder([0])));
}

/** What a launch costs: nothing, one kernel, hidden behind a prelude. */
async function launch(device: SmokeDevice): Promise<unknown> {
  await device.program([device.burn(1, 1), device.burn(1, 200_000)]);
  const tiny: readonly ExecutableSchedule[] = [
    inOrder([]),
    inOrder([0]),
    { ...inOrder([0]), mode: "eager" },
  ];
  return {
    shown: ["nothing", "one kernel, graph", "one kernel, launched by itself"],
    alone: await device.medians(tiny),
    behindPrelude: await device.medians(tiny, { prelude: 1 }),
    ofTwenty: await device.medians(tiny, { repeat: 20 }),
  };
}

/** Eight small kernels on one stream and on eight; in both launch orders, with one of them long. */
async function branches(device: SmokeDevice): Promise<unknown> {
  const short = Array.from({ length: 7 }, () => device.burn(8, 40_000));
  await device.program([...short, device.burn(8, 160_000)]);
  const eight = [0, 1, 2, 3, 4, 5, 6, 7];
  return {
    shown: ["one stream", "eight streams, long last", "eight streams, long first"],
    medians: await device.medians([inOrder(eight), apart(eight), apart([...eight].reverse())]),
  };
}

/**
 * Launch order where thread blocks do not all fit: many large ones before or after a few small ones that
 * the rest waits for.
 */
async function launchOrder(device: SmokeDevice): Promise<unknown> {
  const full = device.facts.multiprocessors * 4;
  const shared = Math.floor(device.facts.sharedBytesPerBlock / 2);
  const small = device.burn(4, 40_000);
  await device.program([device.burn(full, 40_000, shared), small, small]);
  const wide = { node: 0, stream: 0 };
  const chain = [
    { node: 1, stream: 1 },
    { node: 2, stream: 1 },
  ];
  const schedules = [{ launches: [wide, ...chain] }, { launches: [...chain, wide] }];
  return {
    shown: ["wide kernel first", "chain first"],
    medians: await device.medians(schedules, { prelude: 1 }),
  };
}

/** The same where streams but the first have priority: whether it makes up for launching the chain last. */
async function priorities(): Promise<unknown> {
  const device = await SmokeDevice.start({ TOP_COMPILE_STREAM_PRIORITIES: "1" });
  try {
    return await launchOrder(device);
  } finally {
    await device.close();
  }
}

/** Hardware queues: 32 branches with 8 and with 32 of them, each in a helper of its own. */
async function queues(): Promise<unknown> {
  const us: Record<string, number | undefined> = {};
  for (const count of ["8", "32"]) {
    const device = await SmokeDevice.start({ CUDA_DEVICE_MAX_CONNECTIONS: count });
    try {
      const nodes = Array.from({ length: 32 }, () => device.burn(2, 40_000));
      await device.program(nodes);
      [us[count]] = await device.medians([apart(nodes.map((_, i) => i))]);
    } finally {
      await device.close();
    }
  }
  return us;
}

/** All questions, in the order in which they are asked. */
export const QUESTIONS: readonly Question[] = [
  { name: "libraries", ask: async (device) => (await device.call("probe", {})).libraries },
  { name: "clockMhz", ask: clockMhz },
  { name: "sameScheduleUs", ask: noise },
  { name: "tinyUs", ask: launch },
  { name: "branchesUs", ask: branches },
  { name: "launchOrderUs", ask: launchOrder },
  { name: "prioritiesUs", ask: priorities },
  { name: "queuesUs", ask: queues },
  libraryCall("gemm ieee", (device) => gemm(device, "ieee")),
  libraryCall("gemm tf32", (device) => gemm(device, "tf32")),
  libraryCall("conv ieee", (device) => conv(device, { math: "ieee" })),
  libraryCall("conv tf32", (device) => conv(device, {})),
  libraryCall("conv depthwise", depthwise),
  libraryCall("conv channels last", (device) => conv(device, { channelsLast: true })),
  libraryCall("conv f16", (device) => conv(device, { dtype: device.isStandIn ? "f32" : "f16" })),
  libraryCall("conv f16 channels last", (device) =>
    conv(device, { channelsLast: true, dtype: device.isStandIn ? "f32" : "f16" }),
  ),
  libraryCall("conv among channels", amongChannels),
  libraryCall("conv bias", (device) => conv(device, { bias: 16 * MIB })),
  libraryCall("conv bias relu", (device) => conv(device, { bias: 16 * MIB, relu: true })),
];
