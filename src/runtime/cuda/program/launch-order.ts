/**
 * The part of an operator schedule that a program needs: operators in launch order with their streams and
 * waits. Operator schedules are of this form.
 */
export interface LaunchOrder {
  /** Every operator once. A stream runs its operators in this order. */
  readonly launches: readonly {
    readonly operator: number;
    readonly stream: number;
    /** Operators on other streams, launched earlier, that must have ended first. */
    readonly waits: readonly number[];
  }[];
}
