import { MessageChannel } from "node:worker_threads";

/**
 * ONNX Runtime's Node binding returns every output of a session in a new buffer. The C library takes
 * buffers of 128 KiB and more from the operating system and returns them when freed, so that each
 * output pays for page faults: 256 KiB took 312 us instead of 58, 1 MiB 1018 instead of 196.
 *
 * glibc raises the size from which it does so, up to 32 MiB, whenever it frees such a buffer, and it
 * keeps freed memory below twice that size. So the first step allocates and frees one buffer close to
 * the limit; the second touches memory of the calling thread's own heap, where the coming outputs
 * then find pages that exist (64 KiB: 180 us instead of 66, 16 KiB: 56 instead of 19).
 * Other C libraries are not harmed by it: it costs some 40 ms, once per thread.
 */
export async function warmHeap(): Promise<void> {
  await allocateAndFree(31);
  await allocateAndFree(24);
}

/** A buffer whose message can no longer be received is freed at once, not at some collection. */
async function allocateAndFree(mebibytes: number): Promise<void> {
  const buffer = new ArrayBuffer(mebibytes << 20);
  new Uint8Array(buffer).fill(1);
  const { port1, port2 } = new MessageChannel();
  port1.postMessage(buffer, [buffer]);
  port1.close();
  port2.close();
  // The ports are torn down by the event loop.
  await new Promise((resolve) => setTimeout(resolve, 2));
}
