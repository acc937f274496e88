/** A thread that does nothing but look, every now and then, whether the supervisor is still there. */
import { workerData } from "node:worker_threads";
import type { WatchRequest } from "./watch-supervisor.js";

const LOOK_EVERY_MS = 500;

const { supervisor, victim } = workerData as WatchRequest;
const never = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
while (process.ppid === supervisor) {
  Atomics.wait(never, 0, 0, LOOK_EVERY_MS);
}
process.kill(victim, "SIGKILL");
