import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";

/** What a thread beside is given. */
export interface BesideRequest {
  /** A module that exports a function `run`. */
  readonly module: string;
  readonly data: object;
}

/** Whether a thread beside this one has a core of its own. */
export function hasSecondCore(): boolean {
  return availableParallelism() > 1;
}

/**
 * Starts `run(data)` of a module in a thread beside this one, and gives what it gives; `undefined`
 * when the thread fails, for whatever reason. It goes on while this thread computes without waiting;
 * the result is heard when it waits.
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
