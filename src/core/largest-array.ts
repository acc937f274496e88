import { constants } from "node:buffer";

/** Most bytes of one typed array: 4 GiB with Node 20, more with later versions. */
export const LARGEST_ARRAY_BYTES: number = constants.MAX_LENGTH;
