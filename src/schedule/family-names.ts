/** Names of the families. */
export const FAMILIES = [
  "gpipe",
  "1f1b",
  "interleaved-1f1b",
  "zb-h1",
  "zb-h2",
  "zb-v",
  "chimera",
] as const;

/** A hand-written schedule. */
export type Family = (typeof FAMILIES)[number];
