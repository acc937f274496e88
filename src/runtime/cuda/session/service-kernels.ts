/**
 * Kernels of our own that no operator needs, for measuring.
 *
 * They read the device's clocks, which the language of generated kernels has no words for, so they
 * are written in CUDA C.
 */
export const SERVICE_SOURCE = `__device__ __forceinline__ unsigned long long nanoseconds() {
  unsigned long long now;
  asm volatile("mov.u64 %0, %globaltimer;" : "=l"(now));
  return now;
}

// Keeps the device busy, so that what is launched behind it waits on the device, not in the host.
extern "C" __global__ void spin(long long duration) {
  const unsigned long long start = nanoseconds();
  while (nanoseconds() - start < (unsigned long long)duration) {
  }
}

// Cycles of a multiprocessor, and nanoseconds, over about the duration: their ratio is its clock.
extern "C" __global__ void readClock(long long duration, long long* result) {
  const unsigned long long start = nanoseconds();
  const long long first = clock64();
  while (nanoseconds() - start < (unsigned long long)duration) {
  }
  result[0] = clock64() - first;
  result[1] = (long long)(nanoseconds() - start);
}

// When it started and ended by the device's time, and the cycles of its multiprocessor in between.
extern "C" __global__ void stamp(long long* result) {
  const long long first = clock64();
  const unsigned long long start = nanoseconds();
  const unsigned long long end = nanoseconds();
  result[2] = clock64() - first;
  result[0] = (long long)start;
  result[1] = (long long)end;
}

// The least step that the device's time was seen to take.
extern "C" __global__ void tick(long long* result) {
  unsigned long long before = nanoseconds();
  unsigned long long least = 0;
  for (int steps = 0; steps < 32;) {
    const unsigned long long now = nanoseconds();
    if (now != before) {
      least = steps == 0 || now - before < least ? now - before : least;
      before = now;
      steps++;
    }
  }
  result[0] = (long long)least;
}

// Nothing: what is left of its time is what launching costs.
extern "C" __global__ void nothing() {
}
`;

/** Nanoseconds that the device is kept busy while the host launches the work to be timed. */
export const SPIN_NS = 50_000;

/** Longer times, for graphs that take the host longer to launch: those that are forked do, kernel by kernel. */
export const LONGER_SPINS_NS: readonly number[] = [200_000, 800_000, 3_200_000];

/** Nanoseconds over which a clock is read. */
export const CLOCK_NS = 200_000;
