import { escapeControls } from "../core/escape-controls.js";
import { fail } from "../core/result.js";
import { soon } from "../core/soon.js";
import type { DriverContext } from "../driver/context.js";
import { executionStopped } from "../runtime/failures.js";
import { cacheFolder, profileFolder } from "./cache-folder.js";
import type { Session } from "./session.js";
import { TOOL_VERSION } from "./version.js";

/** The driver's context for a session of the command line. */
export function driverContext({ io, signal, progress, allowExternal }: Session): DriverContext {
  io.beforeLongWork?.();
  return {
    allowExternal,
    signal,
    onProgress: (event) => progress.report(event),
    compute: async (work) => {
      await soon();
      return signal.aborted ? fail([executionStopped()]) : work();
    },
    onNote: (text) => progress.note(escapeControls(text)),
    startHelper: async () => {
      const { obtainGpuHelper } = await import("../runtime/cuda/client/obtain-helper.js");
      return obtainGpuHelper({
        cacheFolder: cacheFolder(io.env),
        env: io.env,
        signal,
        onBuild: () => progress.note("building the GPU helper, once: about 15 s"),
      });
    },
    profileFolder: profileFolder(io.env),
    tool: `top-compile ${TOOL_VERSION}`,
  };
}
