/** One block of one micro-batch, for a report. */
export interface InstanceName {
  readonly block: number;
  readonly microBatch: number;
}

/** One fault of a whole pipeline schedule. */
export type PipelineProblem =
  | { readonly kind: "micro-batches-invalid"; readonly microBatches: number }
  | { readonly kind: "unknown-instance"; readonly position: number; readonly name: InstanceName }
  | { readonly kind: "repeated-instance"; readonly position: number; readonly name: InstanceName }
  | { readonly kind: "missing-instance"; readonly name: InstanceName }
  | {
      /** Not an integer, or before 0. */
      readonly kind: "time-invalid";
      readonly name: InstanceName;
      readonly start: number;
      readonly end: number;
    }
  | {
      readonly kind: "wrong-duration";
      readonly name: InstanceName;
      readonly duration: number;
      readonly expected: number;
    }
  | {
      /** By start, then block, then micro-batch. */
      readonly kind: "out-of-order";
      readonly position: number;
    }
  | { readonly kind: "late-first-start"; readonly start: number }
  | { readonly kind: "wrong-makespan"; readonly makespan: number; readonly expected: number }
  | {
      readonly kind: "unmet-dependency";
      readonly from: InstanceName;
      readonly to: InstanceName;
      readonly start: number;
      /** End of `from` and the latency. */
      readonly earliest: number;
    }
  | {
      readonly kind: "device-overlap";
      readonly device: number;
      readonly first: InstanceName;
      readonly second: InstanceName;
      /** Start of the second. */
      readonly time: number;
    }
  | {
      /** A transfer starts before one of its queue that was handed over earlier. */
      readonly kind: "overtaken";
      readonly first: InstanceName;
      readonly second: InstanceName;
      /** Of the second. */
      readonly start: number;
    }
  | {
      readonly kind: "memory-exceeded";
      readonly device: number;
      readonly limit: number;
      /** First time above the limit. */
      readonly time: number;
      /** Highest memory of the whole schedule. */
      readonly peak: number;
    };

/** One fault of a periodic schedule. */
export type PeriodicProblem =
  | { readonly kind: "period-invalid"; readonly period: number }
  | { readonly kind: "residues-invalid"; readonly microBatchesPerPeriod: number }
  | {
      readonly kind: "unknown-entry";
      readonly position: number;
      readonly block: number;
      readonly residue: number;
    }
  | {
      readonly kind: "repeated-entry";
      readonly position: number;
      readonly block: number;
      readonly residue: number;
    }
  | { readonly kind: "missing-entry"; readonly block: number; readonly residue: number }
  | {
      /** By residue, then block. */
      readonly kind: "out-of-order";
      readonly position: number;
    }
  | {
      /** Not an integer in [0, period), or a shift that is not an integer in [0, 2^20]. */
      readonly kind: "offset-invalid";
      readonly block: number;
      readonly residue: number;
      readonly offset: number;
      readonly shift: number;
    }
  | {
      readonly kind: "unmet-dependency";
      readonly from: number;
      readonly to: number;
      readonly residue: number;
      /** Offset and shifts of `to` as one time. */
      readonly start: number;
      readonly earliest: number;
    }
  | {
      /** Two blocks of a device, or one block with its own next repetition, meet modulo the period. */
      readonly kind: "device-overlap";
      readonly device: number;
      readonly first: { readonly block: number; readonly residue: number };
      readonly second: { readonly block: number; readonly residue: number };
    }
  | {
      /** A transfer starts before one of its queue that was handed over earlier, in this repetition or another. */
      readonly kind: "overtaken";
      readonly first: { readonly block: number; readonly residue: number };
      readonly second: { readonly block: number; readonly residue: number };
    }
  | {
      /** A device with a limit keeps a lasting change per micro-batch: there is no steady state. */
      readonly kind: "memory-not-returned";
      readonly device: number;
      readonly change: number;
    }
  | {
      readonly kind: "memory-exceeded";
      readonly device: number;
      readonly limit: number;
      readonly peak: number;
    };
