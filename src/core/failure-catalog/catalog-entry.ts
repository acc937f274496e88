/** What a failure code stands for, wherever and however often it is met. */
export interface CatalogEntry {
  /** The exit status of a command that ends with it. */
  readonly exit: 1 | 2 | 3 | 4 | 70 | 130;
  /** One sentence: what is wrong. */
  readonly meaning: string;
  /** One sentence: what the user can do. */
  readonly action: string;
}

/** Entries by code, in the order of the code's name. */
export type CatalogSection = Readonly<Record<string, CatalogEntry>>;
