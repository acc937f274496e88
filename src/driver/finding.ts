/** One thing that was looked for. */
export interface Finding {
  readonly name: string;
  /** `missing`: commands that this machine is made for will fail; `absent`: what is there does not need it. */
  readonly status: "found" | "missing" | "absent";
  /** What was found, with its version, or what is lacking. */
  readonly value: string;
  /** What to do; only where there is something to do. */
  readonly hint?: string;
}
