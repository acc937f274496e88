/** Tasks in flight at one time, of all models, whatever a policy allows: those of one GPU (`USUAL_GRIDS`). */
export const MOST_IN_FLIGHT = 128;

/**
 * Tasks of a model whose times tell how long its next one will take. The next takes longer than the longest of n
 * others once in n + 1 times, and then all its requests are late: they have waited as long as they may.
 */
export const RECENT_TASKS = 256;

/** Requests that are answered or refused for each that may be late because a model is tried again. */
export const DECIDED_PER_LATE = 100;

/** Most tasks in flight for which it is recorded how fast a variant is beside itself. */
export const MOST_ACCELERATION = 8;

/** Tasks of each such try. */
export const ACCELERATION_TASKS = 64;
