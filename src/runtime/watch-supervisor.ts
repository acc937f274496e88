import { Worker } from "node:worker_threads";

/** The data of a watching thread. */
export interface WatchRequest {
  /** The process that supervises this one. */
  readonly supervisor: number;
  /** The process to kill when the supervisor is gone, or a group when negative. */
  readonly victim: number;
}

let isWatched = false;

/**
 * Ends this process, with all that it started, within a second of the end of its parent
 * `supervisor`, even in the middle of work that never waits. For long work: it takes a thread.
 */
export function watchSupervisor(supervisor: number): void {
  if (isWatched) {
    return;
  }
  isWatched = true;
  const isLeader = process.platform !== "win32";
  const workerData: WatchRequest = {
    supervisor,
    victim: isLeader ? -process.pid : process.pid,
  };
  const program = new URL("./watch-supervisor-worker.js", import.meta.url);
  const thread = new Worker(program, { workerData, stdout: false, stderr: false });
  // A machine that has no room for one more thread does without.
  thread.on("error", () => {});
  thread.unref();
}
