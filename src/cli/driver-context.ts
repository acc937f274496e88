import type { DriverContext } from "../driver/context.js";
import { profileFolder } from "../profile/profile-store.js";
import type { Session } from "./session.js";
import { TOOL_VERSION } from "./version.js";

/** What the driver is given by a session of the command line. */
export function driverContext({ io, signal, progress }: Session): DriverContext {
  return {
    signal,
    onProgress: (event) => progress.report(event),
    onNote: (text) => progress.note(text),
    profileFolder: profileFolder(io.env),
    tool: `top-compile ${TOOL_VERSION}`,
  };
}
