/** The meaning of a failure code, the same wherever it occurs. */
export interface CatalogEntry {
  /** The exit status of a command that ends with it. */
  readonly exit: 1 | 2 | 3 | 4 | 70 | 130;
  /** One sentence: the problem. */
  readonly meaning: string;
  /** One sentence: the remedy. */
  readonly action: string;
}

/** Entries by code, in the order of the code's name. */
export type CatalogSection = Readonly<Record<string, CatalogEntry>>;
