/** `build`: makes every output that is not what the configuration makes. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { makeFolder } from "../../core/make-folder.js";
import { fail, ok, type Result } from "../../core/result.js";
import { executionStopped } from "../../runtime/failures.js";
import { changesOf } from "./changes.js";
import type { Finding } from "./finding.js";
import { type LockedOutput, writeLock } from "./lock-format.js";
import { type BuildJob, lineOf } from "./plan.js";
import type { Project } from "./project.js";
import type { QuotedFailure, RunJob } from "./run-job.js";
import { strays } from "./strays.js";
import { wavesOf } from "./waves.js";

/** The services that a build needs. */
export interface BuildServices {
  readonly run: RunJob;
  readonly signal: AbortSignal;
  readonly tool: string;
  /** Called with what is done of all, before and after each output. */
  readonly onProgress: (done: number, total: number, label: string) => void;
}

/** What became of one output. */
export interface BuiltOutput {
  readonly out: string;
  readonly command: string;
  readonly state: "made" | "current" | "failed";
  /** Why it was made; empty: it is current. */
  readonly because: string;
  /** Why it could not be made. */
  readonly failures: readonly QuotedFailure[];
}

/** What became of all outputs, in the order of the configuration. */
export interface BuildSummary {
  readonly outputs: readonly BuiltOutput[];
  /** Outputs of earlier configurations. */
  readonly strays: readonly Finding[];
}

/**
 * Makes what has changed, or everything with `remake`; the record is written after every output, so
 * that a build that is stopped goes on where it was. What needs an output that could not be made is not
 * made; everything else is.
 *
 * Fails: `stopped`; as `writeLock`. Cost: every file of the project is read once.
 */
export async function makeProject(
  project: Project,
  remake: boolean,
  services: BuildServices,
): Promise<Result<BuildSummary>> {
  const { jobs } = project.plan;
  const build = new Build(project, remake, services);
  for (const wave of wavesOf(jobs)) {
    await Promise.all(wave.map((job) => build.make(job)));
    if (services.signal.aborted) {
      return fail([executionStopped()]);
    }
  }
  const outputs = jobs.flatMap((job) => build.done.get(job) ?? []);
  const leftOver = strays(project);
  const written = build.writeLock(leftOver);
  return written.ok ? ok({ outputs, strays: leftOver }) : written;
}

/** A build at work. */
class Build {
  readonly done = new Map<BuildJob, BuiltOutput>();
  readonly #project: Project;
  readonly #remake: boolean;
  readonly #services: BuildServices;
  readonly #entries: Map<string, LockedOutput>;

  constructor(project: Project, remake: boolean, services: BuildServices) {
    this.#project = project;
    this.#remake = remake;
    this.#services = services;
    this.#entries = new Map(project.lock.outputs.map((entry) => [entry.out, entry]));
  }

  async make(job: BuildJob): Promise<void> {
    const { signal, run } = this.#services;
    const because = this.#reason(job);
    const { out } = job;
    const without = this.#failedInput(job);
    if (without !== undefined) {
      const failures = [{ message: `needs ${without}, which could not be made` }];
      this.#finish(job, { state: "failed", because, failures });
      return;
    }
    if (because === "" || signal.aborted) {
      this.#finish(job, { state: "current", because, failures: [] });
      return;
    }
    const { folder } = this.#project;
    const file = join(folder, out);
    tryFolder(dirname(file));
    const { failures } = await run([...job.words, `--out=${out}`]);
    this.#project.digests.forget(out);
    if (failures.length > 0) {
      this.#entries.delete(out);
      this.#finish(job, { state: "failed", because, failures });
    } else if (existsSync(file)) {
      this.#record(job);
      this.#finish(job, { state: "made", because, failures: [] });
    }
  }

  /** Why an output has to be made; empty: it has not. */
  #reason(job: BuildJob): string {
    const { digests } = this.#project;
    const entry = this.#entries.get(job.out);
    const changes = changesOf(job, entry, digests, this.#services.tool);
    if (changes === "unrecorded") {
      return "there is no record of how it was made";
    }
    return changes[0]?.message ?? (this.#remake ? "asked for" : "");
  }

  #failedInput({ reads }: BuildJob): string | undefined {
    return reads.find((path) =>
      [...this.done.values()].some(({ out, state }) => out === path && state === "failed"),
    );
  }

  #record(job: BuildJob): void {
    const { out, words } = job;
    const { digests } = this.#project;
    const sha256 = digests.of(out);
    if (sha256 !== undefined) {
      const inputs = digests
        .readBy(job)
        .flatMap(({ path, sha256 }) => (sha256 === undefined ? [] : [{ path, sha256 }]));
      const { tool } = this.#services;
      this.#entries.set(out, { out, sha256, tool, command: words, inputs });
      writeLock(this.#project.lockFile, [...this.#entries.values()]);
    }
  }

  #finish(job: BuildJob, end: Omit<BuiltOutput, "out" | "command">): void {
    this.done.set(job, { out: job.out, command: lineOf(job), ...end });
    const total = this.#project.plan.jobs.length;
    this.#services.onProgress(this.done.size, total, `building ${job.out}`);
  }

  /** Writes the record of what the configuration makes, and of what is left over. */
  writeLock(leftOver: readonly Finding[]): Result<void> {
    const kept = new Set([
      ...this.#project.plan.jobs.map(({ out }) => out),
      ...leftOver.map(({ out }) => out),
    ]);
    const entries = [...this.#entries.values()].filter(({ out }) => kept.has(out));
    return writeLock(this.#project.lockFile, entries);
  }
}

/** Makes a folder if that is possible; if not, the command that writes into it says why. */
function tryFolder(folder: string): void {
  try {
    makeFolder(folder);
  } catch {
    // Reported with the output.
  }
}
