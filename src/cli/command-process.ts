/** The program that does a command's work, under the eyes of `launch`: see `supervise.ts`. */
import { type Trace, tellTraces } from "../core/traces.js";
import { STOP } from "../runtime/supervise.js";
import { watchSupervisor } from "../runtime/watch-supervisor.js";
import { main } from "./main.js";
import { processIo } from "./process-io.js";

const stop = new AbortController();
process.on("message", (message) => {
  if (message === STOP) {
    stop.abort();
  }
});
process.on("disconnect", () => stop.abort());
process.channel?.unref();
tellTraces((trace: Trace) => void process.send?.(trace, undefined, undefined, () => {}));

const [supervisor, ...argv] = process.argv.slice(2);
const io = { ...processIo(), beforeLongWork: () => watchSupervisor(Number(supervisor)) };
process.exitCode = await main(argv, io, stop.signal);
