import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";

/** The work of a second thread. */
export interface BesideRequest {
  /** A module that exports a function `run`, which takes the data and a function that hears of progress. */
  readonly module: string;
  readonly data: object;
}

/** What the thread says: progress, and at the end its result. */
export type BesideMessage =
  | { readonly kind: "report"; readonly report: unknown }
  | { readonly kind: "result"; readonly result: unknown };

/** Returns whether a second thread has a core of its own. */
export function hasSecondCore(): boolean {
  return availableParallelism() > 1;
}

/**
 * Runs `run(data, report)` of a module in a second thread and returns its result, or `undefined` when the
 * thread fails for any reason. The thread runs on while this one computes; the result arrives once
 * this thread waits. What it reports in between goes to `onReport`.
 *
 * Requires: data and result can be cloned. Cost: some 0.1 s of processor time for the thread.
 */
export function beside<T, Report = never>(
  module: URL,
  data: object,
  onReport: (report: Report) => void = () => {},
): Promise<T | undefined> {
  return new Promise((resolve) => {
    const workerData: BesideRequest = { module: module.href, data };
    const thread = new Worker(new URL("./beside-worker.js", import.meta.url), { workerData });
    thread.on("message", (message: BesideMessage) => {
      if (message.kind === "report") {
        onReport(message.report as Report);
      } else {
        resolve(message.result as T);
      }
    });
    thread.once("error", () => resolve(undefined));
    thread.once("exit", () => resolve(undefined));
  });
}
