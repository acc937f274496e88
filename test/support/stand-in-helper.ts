/** A helper over the stand-in with the stand-in's kernels loaded, and what moves data in and out. */
import type { GpuHelper } from "../../src/runtime/cuda/client/gpu-helper.js";
import type { HelperNode } from "../../src/runtime/cuda/client/nodes.js";
import { expectDone, testHelper } from "./native-helper.js";

/** Bytes as the protocol has them. */
export function base64(bytes: ArrayBufferView): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

/** Bytes of the arena. */
export async function read(helper: GpuHelper, offset: number, bytes: number): Promise<Buffer> {
  const { base64: text } = await expectDone(helper, "download", { offset, bytes });
  return Buffer.from(text ?? "", "base64");
}

/** Numbers of the arena. */
export async function floats(helper: GpuHelper, offset: number, count: number): Promise<number[]> {
  const bytes = await read(helper, offset, count * 4);
  return Array.from({ length: count }, (_, i) => bytes.readFloatLE(i * 4));
}

/** A helper with an open device, an arena and the stand-in's kernels as module 0. */
export async function opened(bytes: number, env: Record<string, string> = {}): Promise<GpuHelper> {
  const helper = await testHelper({ env });
  await expectDone(helper, "open", { device: 0 });
  await expectDone(helper, "arena", { bytes, hostBytes: 256 });
  await expectDone(helper, "compile", { source: "mix( show( fault( hang(" });
  return helper;
}

/** The stand-in's kernel whose result depends on all that it reads. */
export const mix = (to: number, a: number, b: number, salt: number): HelperNode => ({
  kind: "kernel",
  module: 0,
  function: "mix",
  grid: [1, 1, 1],
  block: [32, 1, 1],
  args: [{ ptr: to }, { ptr: a }, { ptr: b }, { i32: salt }],
});
