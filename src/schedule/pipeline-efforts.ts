/** The levels of effort of a search for a pipeline schedule, the least first. */
export const EFFORTS = ["quick", "default", "thorough"] as const;

/** A name of an effort. */
export type Effort = (typeof EFFORTS)[number];
