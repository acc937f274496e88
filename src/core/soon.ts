/**
 * Lets pending events be delivered, such as Ctrl-C during synchronous work: signals are delivered
 * only between such work.
 *
 * Two turns: the first may still be part of the round in which the work ran, before the event loop
 * polls for new events.
 */
export async function soon(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}
