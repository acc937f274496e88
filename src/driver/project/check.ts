/** `build --check`: what is not as the configuration makes it. Writes nothing into the project. */
import { join } from "node:path";
import { fail, ok, type Result } from "../../core/result.js";
import { executionStopped } from "../../runtime/failures.js";
import { temporaryFolder } from "../../runtime/temporary-folder.js";
import { changesOf } from "./changes.js";
import { compareRemade } from "./compare-remade.js";
import { quoted } from "./failures.js";
import type { Finding } from "./finding.js";
import type { BuildServices } from "./make.js";
import type { BuildJob } from "./plan.js";
import type { Project } from "./project.js";
import { strays } from "./strays.js";

/** The result of a check. */
export interface CheckSummary {
  /** Outputs of the configuration. */
  readonly outputs: number;
  /** In the order of the configuration; then files that nothing in it makes. */
  readonly findings: readonly Finding[];
}

interface Checking {
  readonly project: Project;
  readonly remake: boolean;
  readonly services: BuildServices;
  /** Where outputs are made again for comparison. */
  readonly scratch: string;
}

/**
 * Compares every output with the record of how it was made, and verifies it. One without a record, or
 * all with `remake`, are made again elsewhere and compared byte for byte.
 *
 * Fails: `stopped`; as `temporaryFolder`.
 */
export async function checkProject(
  project: Project,
  remake: boolean,
  services: BuildServices,
): Promise<Result<CheckSummary>> {
  const { jobs } = project.plan;
  const scratch = temporaryFolder("top-compile-check");
  if (!scratch.ok) {
    return scratch;
  }
  const checking = { project, remake, services, scratch: scratch.value.path };
  let done = 0;
  try {
    const own = await Promise.all(
      jobs.map(async (job, at) => {
        const findings = await findingsOf(job, at, checking);
        services.onProgress(++done, jobs.length, `checking ${job.out}`);
        return findings;
      }),
    );
    return services.signal.aborted
      ? fail([executionStopped()])
      : ok({
          outputs: jobs.length,
          findings: [...withReaders(jobs, own), ...strays(project)],
        });
  } finally {
    scratch.value.remove();
  }
}

/** Adds that an output is made from another one that is not as it is made. */
function withReaders(
  jobs: readonly BuildJob[],
  own: readonly (readonly Finding[])[],
): readonly Finding[] {
  const wrong = new Set<string>();
  return jobs.flatMap((job, at) => {
    const source = job.reads.find((path) => wrong.has(path));
    const message = `is made from ${source}, which is not up to date`;
    const found = own[at] ?? [];
    const inherited: readonly Finding[] =
      source === undefined || found.some(({ kind }) => kind === "stale" || kind === "missing")
        ? []
        : [{ kind: "stale", out: job.out, message }];
    const findings = [...found, ...inherited];
    if (findings.length > 0) {
      wrong.add(job.out);
    }
    return findings;
  });
}

async function findingsOf(
  job: BuildJob,
  at: number,
  checking: Checking,
): Promise<readonly Finding[]> {
  const { project, remake, services } = checking;
  const entry = project.lock.outputs.find(({ out }) => out === job.out);
  const changes = changesOf(job, entry, project.digests, services.tool);
  if (changes === "unrecorded" || (remake && changes.length === 0)) {
    return remade(job, at, checking);
  }
  const isOfNow = changes.every(({ kind }) => kind === "edited");
  return isOfNow ? [...changes, ...(await verified(job, checking))] : changes;
}

/** What `verify` says against a schedule. */
async function verified(
  { words, out, model, options }: BuildJob,
  { services }: Checking,
): Promise<readonly Finding[]> {
  if (words[0] === "partition") {
    return [];
  }
  const allowed = words.filter((word) => word.startsWith("--allow-external="));
  const { failures } = await services.run([
    "verify",
    out.startsWith("-") ? `./${out}` : out,
    ...(model === undefined ? [] : [`--model=${model}`]),
    ...(options["allow-external"] === undefined ? [] : allowed),
  ]);
  const [first] = failures;
  return first === undefined
    ? []
    : [{ kind: "invalid", out, message: `verify refuses it: ${quoted(first)}` }];
}

/** Makes an output again, elsewhere, and compares. */
async function remade(
  job: BuildJob,
  at: number,
  { project, services, scratch }: Checking,
): Promise<readonly Finding[]> {
  const file = join(scratch, `${at}.json`);
  const { failures } = await services.run([...job.words, `--out=${file}`]);
  const [first] = failures;
  if (first !== undefined) {
    const message = `cannot be made any more: ${quoted(first)}`;
    return [{ kind: "invalid", out: job.out, message }];
  }
  const found = compareRemade(job.out, join(project.folder, job.out), file);
  return found === undefined ? [] : [found];
}
