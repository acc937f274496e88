/** Start times that repeat. */
export interface Repeating {
  readonly times: Float64Array;
  readonly period: number;
}
