/** The program of the thread that `beside` starts. */
import { parentPort, workerData } from "node:worker_threads";
import type { BesideRequest } from "./beside.js";

const { module, data } = workerData as BesideRequest;
const { run } = (await import(module)) as { readonly run: (data: object) => unknown };
parentPort?.postMessage(run(data));
