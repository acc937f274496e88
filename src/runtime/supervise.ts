/**
 * Runs a program of this package in a process of its own, so that it can be ended at any moment.
 *
 * A process that computes cannot handle signals, and a thread inside ONNX Runtime cannot be stopped: when it
 * is, or when the process ends around it, the binding aborts or the system finds a broken pointer
 * (docs/decisions/0007). Another process can always be ended, with all that it started. This one
 * therefore does nothing but wait: for the end, for signals, and for the run's traces of its
 * files (`traces.ts`), which it removes when the run cannot do so any more.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Trace } from "../core/traces.js";
import { Leftovers } from "./leftovers.js";

/** Signals that end a run. */
export type StopSignal = "SIGINT" | "SIGTERM" | "SIGHUP";

/** The end of a run. */
export type RunEnd =
  | { readonly kind: "ended"; readonly status: number }
  /** By a signal; `written` are the files that were in their places by then. */
  | { readonly kind: "stopped"; readonly signal: StopSignal; readonly written: readonly string[] }
  /** By itself, and not as programs end: a fault in native code, or no memory left. */
  | { readonly kind: "died"; readonly reason: string };

/** The message that asks a run to stop. */
export const STOP = "stop";

/** Time that a run has to stop when asked. */
const GRACE_MS = 100;

/** Time that a run's last messages have to arrive after its end. */
const LAST_WORDS_MS = 100;

const STOP_SIGNALS: readonly StopSignal[] = ["SIGINT", "SIGTERM", "SIGHUP"];

/** Whether processes have groups, which a signal reaches as one. */
const HAS_GROUPS = process.platform !== "win32";

/**
 * Runs `program`, a module, on this process's own streams, and waits for its end. Its arguments are
 * the number of this process, then `argv`.
 *
 * SIGINT, SIGTERM and SIGHUP ask it to stop; what it has not done `GRACE_MS` later, or at a second
 * signal, it does not do any more: it is killed with every process that it started, and its temporary
 * files are removed. `onReady` is called once signals are handled here.
 */
export async function supervise(
  program: URL,
  argv: readonly string[],
  onReady: () => void,
): Promise<RunEnd> {
  const module = [fileURLToPath(program), String(process.pid)];
  const child = spawn(process.execPath, [...process.execArgv, ...module, ...argv], {
    stdio: ["inherit", "inherit", "inherit", "ipc"],
    detached: HAS_GROUPS,
  });
  const leftovers = new Leftovers();
  child.on("message", (trace: Trace) => leftovers.hear(trace));
  let stop: StopSignal | undefined;
  let grace: NodeJS.Timeout | undefined;
  const unlisten = listen(child, (signal) => {
    if (stop === undefined) {
      stop = signal;
      child.send(STOP, () => {});
      grace = setTimeout(() => signalAll(child, "SIGKILL"), GRACE_MS);
    } else {
      signalAll(child, "SIGKILL");
    }
  });
  onReady();
  const end = await endOf(child);
  clearTimeout(grace);
  unlisten();
  if (stop === undefined && end.kind === "ended") {
    leftovers.clear();
    return end;
  }
  signalAll(child, "SIGKILL");
  const written = leftovers.clear();
  const signal = stop ?? (end.kind === "died" ? stopSignalOf(end.reason) : undefined);
  return signal === undefined ? end : { kind: "stopped", signal, written };
}

/** Calls `onStop` for signals that end, and passes on those about the terminal. */
function listen(child: ChildProcess, onStop: (signal: StopSignal) => void): () => void {
  const handlers = new Map<NodeJS.Signals, () => void>(
    STOP_SIGNALS.map((signal) => [signal, () => onStop(signal)]),
  );
  if (HAS_GROUPS) {
    // The run is in a group of its own, which the terminal does not reach.
    handlers.set("SIGWINCH", () => void child.kill("SIGWINCH"));
    handlers.set("SIGCONT", () => signalAll(child, "SIGCONT"));
    handlers.set("SIGTSTP", () => {
      signalAll(child, "SIGSTOP");
      process.kill(process.pid, "SIGSTOP");
    });
  }
  for (const [signal, handler] of handlers) {
    process.on(signal, handler);
  }
  return () => {
    for (const [signal, handler] of handlers) {
      process.off(signal, handler);
    }
  };
}

/** Waits until the process is gone and all of its messages have arrived. */
function endOf(child: ChildProcess): Promise<Exclude<RunEnd, { readonly kind: "stopped" }>> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve({ kind: "died", reason: error.message }));
    child.once("exit", (status, signal) => {
      const end =
        status === null
          ? ({ kind: "died", reason: signal ?? "no status" } as const)
          : ({ kind: "ended", status } as const);
      if (child.connected) {
        child.once("disconnect", () => resolve(end));
        setTimeout(() => resolve(end), LAST_WORDS_MS).unref();
      } else {
        resolve(end);
      }
    });
  });
}

/** Sends a signal to the run and to every process that it started. */
function signalAll(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (HAS_GROUPS && child.pid !== undefined) {
      process.kill(-child.pid, signal);
    } else {
      child.kill(signal);
    }
  } catch {
    // All of them are gone.
  }
}

function stopSignalOf(reason: string): StopSignal | undefined {
  return STOP_SIGNALS.find((signal) => signal === reason);
}
