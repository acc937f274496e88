import { closeSync, constants, fstatSync, openSync, type Stats, statSync } from "node:fs";

/** A file open for reading. */
export interface OpenFile {
  readonly file: number;
  readonly status: Stats;
}

/** Opens without waiting for a writer, and without making a terminal the controlling one. */
const READ_AT_ONCE = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0);

/**
 * Opens a regular file. Pipes, devices and sockets are refused at once: they are neither waited for
 * nor opened, and the type is checked again after opening.
 *
 * Throws what `node:fs` throws, and an error that names the other type of file.
 */
export function openInput(path: string): OpenFile {
  refuseOther(statSync(path));
  const file = openSync(path, READ_AT_ONCE);
  try {
    const status = fstatSync(file);
    refuseOther(status);
    return { file, status };
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

function refuseOther(status: Stats): void {
  if (!status.isFile()) {
    throw new Error(`${kindOf(status)}, not a file`);
  }
}

function kindOf(status: Stats): string {
  if (status.isDirectory()) {
    return "is a folder";
  }
  if (status.isFIFO()) {
    return "is a pipe";
  }
  return status.isSocket() ? "is a socket" : "is a device";
}
