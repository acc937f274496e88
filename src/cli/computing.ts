/**
 * Does long work that never waits, so that Ctrl-C ends it.
 *
 * While such work runs no listener is called: the one that asks commands to stop would only hear of
 * Ctrl-C when the work is over. Without it the system ends the process at once (status 130 in a
 * shell). Files are written whole or not at all, after the work, so nothing is left half-written.
 */
export function computing<T>(work: () => T): T {
  const listeners = process.listeners("SIGINT");
  process.removeAllListeners("SIGINT");
  try {
    return work();
  } finally {
    for (const listener of listeners) {
      process.on("SIGINT", listener);
    }
  }
}
