import { existsSync, rmSync } from "node:fs";
import type { Trace } from "../core/traces.js";

/** The files of a run, from its traces: what it would leave behind, and what it has written. */
export class Leftovers {
  readonly #open = new Map<string, { readonly target: string | undefined }>();
  readonly #written = new Set<string>();

  /** Takes in a trace. */
  hear(trace: Trace): void {
    switch (trace.kind) {
      case "making":
        this.#open.set(trace.path, { target: undefined });
        break;
      case "placing":
        this.#open.set(trace.path, { target: trace.target });
        break;
      case "placed":
        this.#place(trace.path);
        break;
      case "removed":
        this.#open.delete(trace.path);
    }
  }

  /**
   * Removes every temporary that is still there. Returns the files that had been put into their
   * places by then, in order. Requires: the run has ended. Never throws: what cannot be removed stays.
   */
  clear(): readonly string[] {
    for (const [path, { target }] of [...this.#open].reverse()) {
      // A whole file that is no longer under its temporary name has been put into its place.
      if (target !== undefined && !existsSync(path)) {
        this.#place(path);
      }
      try {
        rmSync(path, { recursive: true, force: true, maxRetries: 3 });
      } catch {
        // Another user's by now, or on a disk that is gone.
      }
    }
    return [...this.#written];
  }

  #place(path: string): void {
    const target = this.#open.get(path)?.target;
    if (target !== undefined) {
      this.#written.add(target);
    }
    this.#open.delete(path);
  }
}
