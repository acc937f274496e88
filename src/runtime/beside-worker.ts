/** The program of the thread that `beside` starts. */
import { parentPort, workerData } from "node:worker_threads";
import type { BesideMessage, BesideRequest } from "./beside.js";

const { module, data } = workerData as BesideRequest;
const { run } = (await import(module)) as {
  readonly run: (data: object, report: (report: unknown) => void) => unknown;
};
const say = (message: BesideMessage): void => parentPort?.postMessage(message);
const result = run(data, (report) => say({ kind: "report", report }));
say({ kind: "result", result });
