/** One thing that was looked for. */
export interface Finding {
  readonly name: string;
  /**
   * `missing`: commands that this machine is made for will fail; `absent`: what is there does not
   * need it.
   */
  readonly status: "found" | "missing" | "absent";
  /** The thing found, with its version, or the thing missing. */
  readonly value: string;
  /** The remedy, if one is needed. */
  readonly hint?: string;
}
