/** The program of the processes that make the outputs of `build`: command after command. */
import { type Trace, tellTraces } from "../core/traces.js";
import type { JobMessage, JobRequest } from "../runtime/job-pool.js";
import type { CliIo } from "./io.js";
import { main } from "./main.js";

const tell = (message: JobMessage): void =>
  void process.send?.(message, undefined, undefined, () => {});

tellTraces((trace: Trace) => tell({ kind: "trace", trace }));
process.on("message", (request: JobRequest) => void work(request));
// Whoever gave the jobs is gone.
process.on("disconnect", () => process.exit());

async function work({ words }: JobRequest): Promise<void> {
  const lines: string[] = [];
  const io: CliIo = {
    stdout: { write: () => true },
    stderr: { write: (text) => lines.push(text) },
    env: process.env,
  };
  const status = await main([...words, "--json"], io);
  tell({ kind: "end", status, stderr: lines.join("") });
}
