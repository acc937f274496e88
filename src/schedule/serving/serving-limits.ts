/** Tasks in flight at one time, of all models, whatever a policy allows: those of one GPU (`USUAL_GRIDS`). */
export const MOST_IN_FLIGHT = 128;

/** Tasks of a model whose times tell how long its next one will take. */
export const RECENT_TASKS = 32;

/** Most tasks in flight for which it is recorded how fast a variant is beside itself. */
export const MOST_ACCELERATION = 8;

/** Tasks of each such try. */
export const ACCELERATION_TASKS = 64;
