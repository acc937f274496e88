/** Why an output is not what the configuration makes. */
export type FindingKind =
  /** It is not there. */
  | "missing"
  /** What it is made from has changed, or the program. */
  | "stale"
  /** It was changed by other means. */
  | "edited"
  /** The configuration does not make it, or not in this way. */
  | "foreign"
  /** `verify` refuses it. */
  | "invalid";

/** One reason why an output is not what the configuration makes. */
export interface Finding {
  readonly kind: FindingKind;
  /** The output, relative to the folder of the configuration. */
  readonly out: string;
  /** One line. */
  readonly message: string;
  /** The remedy, if it is not to build. */
  readonly hint?: string;
}
