/** A layout that was tried. */
export interface TriedLayout {
  /** In Megatron's syntax. */
  readonly layout: string;
  /** `own`: what found ones are compared with, the framework's or the user's. */
  readonly source: "found" | "own";
  /** Of a quick search; absent: no schedule was found within memory. */
  readonly makespan?: number;
}
