import { MessageChannel, type MessagePort, type Worker } from "node:worker_threads";

/** The state of an executor that works. */
export const STATE_RUNNING = 0;
/** The state of an executor whose threads are to end. */
export const STATE_CLOSED = 1;

/** A channel for every pair of workers: row `a`, column `b` is the end that `a` uses to reach `b`. */
export function portsBetween(count: number): (MessagePort | undefined)[][] {
  const ports = Array.from({ length: count }, () =>
    new Array<MessagePort | undefined>(count).fill(undefined),
  );
  for (let a = 0; a < count; a++) {
    for (let b = a + 1; b < count; b++) {
      const { port1, port2 } = new MessageChannel();
      (ports[a] ?? [])[b] = port1;
      (ports[b] ?? [])[a] = port2;
    }
  }
  return ports;
}

/** Calls `gone` when a thread has ended; at once when it has ended already. */
export function onceGone(thread: Worker, gone: (value: unknown) => void): void {
  if (thread.threadId === -1) {
    gone(undefined);
  } else {
    thread.once("exit", gone);
  }
}

/** Waits for a promise, but no longer than `ms`. */
export async function within(promise: Promise<unknown>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([promise, late]);
  clearTimeout(timer);
}
