import { availableParallelism } from "node:os";
import { counted } from "../../core/format.js";
import { fail, ok } from "../../core/result.js";
import { type CheckSummary, checkProject } from "../../driver/project/check.js";
import { CONFIG_FILE, type Target } from "../../driver/project/config-format.js";
import { notUpToDate, outputNotMade } from "../../driver/project/failures.js";
import { type BuildServices, type BuildSummary, makeProject } from "../../driver/project/make.js";
import type { OptionWords } from "../../driver/project/plan.js";
import { openProject, type Project } from "../../driver/project/project.js";
import type { RunJob } from "../../driver/project/run-job.js";
import type { CommandOutcome, RegisterCommand } from "../command.js";
import { EXIT } from "../exit-code.js";
import type { CommonOptions } from "../io.js";
import { addOptions } from "../options/add-options.js";
import type { AnyOptionTable, OptionTable } from "../options/option-spec.js";
import { optionWords } from "../options/option-words.js";
import { whole } from "../options/values.js";
import { withPool } from "../run-in-pool.js";
import type { Session } from "../session.js";
import { TOOL_VERSION } from "../version.js";
import { COMPILE } from "./compile-options.js";
import { LAUNCH } from "./launch.js";
import { PARTITION } from "./partition.js";
import { SEARCH } from "./search-options.js";

interface BuildOptions extends CommonOptions {
  readonly config: string;
  readonly check?: boolean;
  readonly remake?: boolean;
  readonly jobs?: number;
}

const EXAMPLES = `
Examples:
  top-compile init                 a first ${CONFIG_FILE}
  top-compile build                make what has changed
  top-compile build --check        for CI: exit 1 if anything is not current
  top-compile build --check --remake

What was made is recorded in top-compile.lock.json, to be committed with it
(docs/build.md).
`;

const MOST_JOBS = 1024;

/** The options of `build`. */
export const BUILD: OptionTable<BuildOptions> = {
  config: { value: "<file>", help: "what to build", usual: CONFIG_FILE },
  check: { help: "write nothing; exit 1 and say what is stale, edited, missing or invalid" },
  remake: { help: "make every output again; with --check elsewhere, to compare byte by byte" },
  jobs: {
    value: "<n>",
    help: "outputs made at a time",
    ...whole(1, MOST_JOBS),
    usualWords: "one per core",
  },
};

/** The options of the commands that targets name. */
const TABLES: Readonly<Record<Target["command"], AnyOptionTable>> = {
  compile: COMPILE as AnyOptionTable,
  partition: PARTITION as AnyOptionTable,
  search: SEARCH as AnyOptionTable,
  launch: LAUNCH as AnyOptionTable,
};

const wordsOf: OptionWords = (command, options, pointer, problems) =>
  optionWords(TABLES[command], options, pointer, problems);

/** `build`: makes, or checks, everything that a configuration lists. */
export const registerBuild: RegisterCommand = (command, run) => {
  addOptions(command, BUILD, EXAMPLES);
  command.action(async (options: BuildOptions) => {
    await run(options, async (session) => {
      const project = openProject(options.config, wordsOf);
      return project.ok ? buildIn(project.value, options, session) : project;
    });
  });
};

async function buildIn(
  project: Project,
  options: BuildOptions,
  session: Session,
): Promise<CommandOutcome> {
  const { signal, progress, io } = session;
  io.beforeLongWork?.();
  const { folder, plan } = project;
  const isCheck = options.check === true;
  const remake = options.remake === true;
  const most = Math.min(options.jobs ?? availableParallelism(), Math.max(1, plan.jobs.length));
  return withPool({ folder, most, signal }, async (runJob) => {
    const services = servicesOf(runJob, session);
    const label = isCheck ? "checking" : "building";
    progress.report({ phase: "build", done: 0, total: plan.jobs.length, label });
    return isCheck
      ? checked(await checkProject(project, remake, services), session)
      : built(await makeProject(project, remake, services), session);
  });
}

function servicesOf(run: RunJob, { signal, progress }: Session): BuildServices {
  return {
    run,
    signal,
    tool: `top-compile ${TOOL_VERSION}`,
    onProgress: (done, total, label) => progress.report({ phase: "build", done, total, label }),
  };
}

function built(made: Awaited<ReturnType<typeof makeProject>>, session: Session): CommandOutcome {
  if (!made.ok) {
    return made;
  }
  const { outputs, strays } = made.value;
  session.print({
    text: () => renderBuilt(made.value),
    json: () => ({ outputs, strays }),
  });
  const [first, ...rest] = outputs
    .filter(({ state }) => state === "failed")
    .map(({ out, failures }) => outputNotMade(out, failures));
  return first === undefined ? ok(EXIT.done) : fail([first, ...rest]);
}

function renderBuilt({ outputs, strays }: BuildSummary): string {
  const count = (wanted: string): number => outputs.filter(({ state }) => state === wanted).length;
  const [made, current, failed] = [count("made"), count("current"), count("failed")];
  return [
    ...outputs.map(({ out, state, because }) =>
      because === "" ? `${state.padEnd(7)}  ${out}` : `${state.padEnd(7)}  ${out}: ${because}`,
    ),
    ...strays.map(({ out, message, hint }) => `note: ${out} ${message}; ${hint}`),
    `${counted(made, "output")} made, ${current} up to date${failed === 0 ? "" : `, ${failed} failed`}`,
  ].join("\n");
}

function checked(
  found: Awaited<ReturnType<typeof checkProject>>,
  session: Session,
): CommandOutcome {
  if (!found.ok) {
    return found;
  }
  session.print({
    text: () => renderChecked(found.value),
    json: () => found.value,
  });
  const [first, ...rest] = found.value.findings.map(notUpToDate);
  return first === undefined ? ok(EXIT.done) : fail([first, ...rest]);
}

function renderChecked({ outputs, findings }: CheckSummary): string {
  const wrong = new Set(findings.map(({ out }) => out)).size;
  return wrong === 0
    ? `${counted(outputs, "output")}, all up to date`
    : `${counted(outputs, "output")}, ${counted(wrong, "file")} not as the configuration says`;
}
