/** Processor time of this process, which other work on the machine disturbs less than the clock. */

/** What work gave, and the seconds of processor time it took, of all threads. */
export function timed<T>(work: () => T): { readonly value: T; readonly seconds: number } {
  const start = process.cpuUsage();
  const value = work();
  const { user, system } = process.cpuUsage(start);
  return { value, seconds: (user + system) / 1e6 };
}

/** Median milliseconds of `work` over so many samples; short work is repeated inside a sample. */
export function medianMs(work: () => unknown, samples = 9): number {
  const once = (repeats: number): number => {
    const { seconds } = timed(() => {
      for (let i = 0; i < repeats; i++) {
        work();
      }
    });
    return (1000 * seconds) / repeats;
  };
  const repeats = Math.max(1, Math.min(2000, Math.round(20 / Math.max(once(1), 0.01))));
  once(repeats);
  const times = Array.from({ length: samples }, () => once(repeats)).sort((a, b) => a - b);
  return times[samples >> 1]!;
}
