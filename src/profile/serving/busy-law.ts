import type { ServingTiming } from "./serving-profile.js";

/**
 * Times that a task takes longer than alone, by busy threads from 1 on: between measured numbers of sessions on the straight
 * line.
 */
export function contentionOf({
  threads,
  meanNs,
  busy,
}: Pick<ServingTiming, "threads" | "meanNs" | "busy">): readonly number[] {
  const points = [{ at: threads, times: 1 }];
  for (const { sessions, meanNs: pace } of busy) {
    // More sessions never make each other faster: what looks like it is noise.
    const least = points.at(-1)?.times ?? 1;
    points.push({ at: sessions * threads, times: Math.max(least, pace / meanNs) });
  }
  const last = points.at(-1)?.at ?? threads;
  return Array.from({ length: last }, (_, index) => {
    const busyThreads = index + 1;
    const above = points.find(({ at }) => at >= busyThreads);
    const below = points.findLast(({ at }) => at <= busyThreads);
    if (above === undefined || below === undefined || above.at === below.at) {
      return above?.times ?? 1;
    }
    const share = (busyThreads - below.at) / (above.at - below.at);
    return below.times + share * (above.times - below.times);
  });
}
