/**
 * Waits for what has happened meanwhile to be heard, such as Ctrl-C during work that never waited:
 * signals are delivered only between such work.
 *
 * Two turns: the first may still be part of the round in which the work ran, before the system is
 * asked for news.
 */
export async function soon(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}
