import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";

/** The work of a second thread. */
export interface BesideRequest {
  /** A module that exports a function `run`. */
  readonly module: string;
  readonly data: object;
}

/** Returns whether a second thread has a core of its own. */
export function hasSecondCore(): boolean {
  return availableParallelism() > 1;
}

/**
 * Runs `run(data)` of a module in a second thread and returns its result, or `undefined` when the
 * thread fails for any reason. The thread runs on while this one computes; the result arrives once
 * this thread waits.
 *
 * Requires: data and result can be cloned. Cost: some 0.1 s of processor time for the thread.
 */
export function beside<T>(module: URL, data: object): Promise<T | undefined> {
  return new Promise((resolve) => {
    const workerData: BesideRequest = { module: module.href, data };
    const thread = new Worker(new URL("./beside-worker.js", import.meta.url), { workerData });
    thread.once("message", (result: T) => resolve(result));
    thread.once("error", () => resolve(undefined));
    thread.once("exit", () => resolve(undefined));
  });
}
