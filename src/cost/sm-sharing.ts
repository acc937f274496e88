/**
 * What several kernels can do on one SM: `exclusive`, nothing, an SM belongs to one kernel at a time;
 * `shared`, their thread blocks share it down to the last register.
 */
export const SM_SHARINGS = ["exclusive", "shared"] as const;

/** Whether thread blocks of several kernels share an SM. */
export type SmSharing = (typeof SM_SHARINGS)[number];
