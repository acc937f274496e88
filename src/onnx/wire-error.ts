/** A file that does not follow the wire format, or asks for more than a model can need, at a byte of it. */
export class WireError extends Error {
  readonly offset: number;

  constructor(what: string, offset: number) {
    super(what);
    this.name = "WireError";
    this.offset = offset;
  }
}
