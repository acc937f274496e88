#!/usr/bin/env node
import { main } from "../dist/cli/main.js";

// Whoever reads may leave early, as `head` does: what is left to print is dropped, the work goes on.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error) => {
    if (error.code !== "EPIPE") {
      throw error;
    }
  });
}

process.exitCode = await main(process.argv.slice(2), process);
