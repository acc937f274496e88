import { cpus } from "node:os";

/** Processor time so far, in milliseconds: of the whole machine, and of this process. */
interface Use {
  readonly machineMs: number;
  readonly ownMs: number;
}

function use(): Use {
  const machineMs = cpus().reduce(
    (sum, { times }) => sum + times.user + times.nice + times.sys + times.irq,
    0,
  );
  const { user, system } = process.cpuUsage();
  return { machineMs, ownMs: (user + system) / 1000 };
}

/**
 * Starts to watch; the function that it returns gives the share of one core that other programs have
 * taken since. The machine counts in steps of 10 ms: meaningful over 0.2 s and more.
 */
export function watchOthers(): () => number {
  const before = use();
  const start = performance.now();
  return () => {
    const after = use();
    const machine = after.machineMs - before.machineMs;
    const own = after.ownMs - before.ownMs;
    return Math.max(0, machine - own) / (performance.now() - start);
  };
}

/** A share of a core that does not disturb. */
export const CALM = 0.1;
const LOOK_MS = 120;

/** Sleeps until other programs leave the machine alone, or for `limitMs` at most. */
export async function untilCalm(limitMs: number): Promise<void> {
  const latest = performance.now() + limitMs;
  do {
    const others = watchOthers();
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    if (others() < CALM) {
      return;
    }
  } while (performance.now() < latest);
}
