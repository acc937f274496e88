/**
 * A violation of the wire format, or a size beyond the needs of any model, at a byte of the file.
 */
export class WireError extends Error {
  readonly offset: number;

  constructor(what: string, offset: number) {
    super(what);
    this.name = "WireError";
    this.offset = offset;
  }
}
