/**
 * Commands as processes that are waited for by what they have reached, never by time, and what is left
 * of them afterwards.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const BIN = resolve(import.meta.dirname, "../../bin/top-compile.js");

/** Clock ticks of `/proc/PID/stat` per second: the same on every Linux that Node runs on. */
const TICKS = 100;

/** The folders of one run: all that it may write to. */
export interface RunFolders {
  readonly root: string;
  readonly out: string;
  readonly temporary: string;
  readonly cache: string;
}

/** Empty folders of its own for a run. */
export function runFolders(): RunFolders {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "running-command-")));
  const [out, temporary, cache] = ["out", "tmp", "cache"].map((name) =>
    mkdtempSync(join(root, `${name}-`)),
  ) as [string, string, string];
  return { root, out, temporary, cache };
}

/** A command that runs, with everything it has printed so far. */
export class RunningCommand {
  readonly folders: RunFolders;
  readonly #child: ChildProcess;
  readonly #ended: Promise<string | number | null>;
  #stdout = "";
  #stderr = "";
  #worker: number | undefined;
  #end: { readonly status: string | number | null } | undefined;

  /** Starts it in the folder for outputs. */
  constructor(argv: readonly string[], folders: RunFolders, env: Record<string, string> = {}) {
    this.folders = folders;
    this.#child = spawn(process.execPath, [BIN, ...argv], {
      cwd: folders.out,
      env: { ...process.env, TMPDIR: folders.temporary, XDG_CACHE_HOME: folders.cache, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child.stdout?.on("data", (text) => {
      this.#stdout += text;
    });
    this.#child.stderr?.on("data", (text) => {
      this.#stderr += text;
    });
    this.#ended = new Promise((done) => {
      this.#child.on("close", (code, signal) => {
        this.#end = { status: signal ?? code };
        done(signal ?? code);
      });
    });
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** Waits until `isReached`; throws when the command ends before. */
  async reach(isReached: () => boolean): Promise<void> {
    while (!isReached()) {
      if (this.#end !== undefined) {
        throw new Error(`ended before, with ${this.#end.status}: ${this.#stderr}`);
      }
      await new Promise((later) => setTimeout(later, 10));
    }
  }

  /** The number of the process that does the work, once it is there. */
  worker(): number | undefined {
    this.#worker ??= this.processes().find((pid) =>
      (read(`/proc/${pid}/cmdline`) ?? "").includes("command-process"),
    );
    return this.#worker;
  }

  /** Processor time that the worker has taken, in seconds. */
  workedSeconds(): number {
    const stat = read(`/proc/${this.worker() ?? 0}/stat`) ?? "";
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / TICKS;
  }

  /** All processes of this run: those that were given its folder for temporary files. */
  processes(): readonly number[] {
    const mark = this.folders.root;
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .filter((pid) => (read(`/proc/${pid}/environ`) ?? "").includes(mark))
      .map(Number);
  }

  /** Sends a signal to the command, as a terminal's Ctrl-C or a CI system would. */
  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** The exit status, or the signal that it died of. */
  ended(): Promise<string | number | null> {
    return this.#ended;
  }

  /** Ends what is still there, and removes the folders. */
  remove(): void {
    for (const pid of this.processes()) {
      process.kill(pid, "SIGKILL");
    }
    rmSync(this.folders.root, { recursive: true, force: true });
  }
}

/** Every file and folder in a folder, relative to it, sorted. */
export function everythingIn(folder: string): readonly string[] {
  return (readdirSync(folder, { recursive: true }) as string[]).sort();
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
