import { Option } from "commander";
import { encodeArtifact } from "../../artifact/artifact-format.js";
import { present } from "../../core/invariant.js";
import { fail } from "../../core/result.js";
import {
  type PlacementSource,
  type SearchRequest,
  searchPareto,
  searchPlacement,
} from "../../driver/search-placement.js";
import { SHAPE_NAMES } from "../../placement/shapes/build-shape.js";
import { renderPareto } from "../../report/pareto.js";
import { renderPipeline } from "../../report/pipeline.js";
import {
  PIPELINE_ALGORITHMS,
  type PipelineAlgorithm,
} from "../../search/pipeline/algorithm-names.js";
import { DEFAULT_NODES } from "../../search/pipeline/top-compile.js";
import type { CommandOutcome, RegisterCommand } from "../command.js";
import { driverContext } from "../driver-context.js";
import { EXIT } from "../exit-code.js";
import { optionNotForPareto, searchSourceMissing, shapeOptionWithoutShape } from "../failures.js";
import type { CommonOptions } from "../io.js";
import { seedOption, wholeNumber } from "../options.js";
import type { Session } from "../session.js";

interface SearchOptions extends CommonOptions {
  readonly shape?: string;
  readonly devices?: number;
  readonly mode?: "train" | "infer";
  readonly forward?: number;
  readonly backward?: number;
  readonly weight?: number;
  readonly chunks?: number;
  readonly latency?: number;
  readonly memory?: number;
  readonly microBatches: number;
  readonly algorithm: PipelineAlgorithm;
  readonly seed: number;
  readonly maxNodes?: number;
  readonly timeLimit?: number;
  readonly pareto?: boolean;
  readonly out?: string;
  readonly force?: boolean;
  readonly ascii?: boolean;
  readonly width?: number;
}

const USUAL_COLUMNS = 100;
const LEAST_COLUMNS = 40;
const MOST_COLUMNS = 1000;
/** Sums of times stay exact up to here: see the limits of placements. */
const MOST_MICRO_BATCHES = 4096;
const MOST_TIME = 2 ** 26;
const MOST_MEMORY = 2 ** 41;
const MOST_NODES = 1e12;
const MOST_SECONDS = 1e6;
/** What takes no longer than this reports no progress. */
const QUIET_MS = 1000;

/** Options that describe a shape and mean nothing for a file. */
const SHAPE_OPTIONS = [
  "devices",
  "mode",
  "forward",
  "backward",
  "weight",
  "chunks",
  "latency",
] as const;

const EXAMPLES = `
Examples:
  top-compile search placement.json --micro-batches 32 -o pipeline.schedule.json
  top-compile search --shape v --devices 4 --memory 4
  top-compile search --shape v --devices 4 --algorithm gpipe
  top-compile search --shape m --devices 4 --pareto
`;

/** `search`: the pipeline schedule of a placement. */
export const registerSearch: RegisterCommand = (command, run) => {
  const time = (low: number) => wholeNumber(low, MOST_TIME);
  command
    .addOption(new Option("--shape <name>", "a named shape instead of a file").choices(SHAPE_NAMES))
    .option("--devices <n>", "devices of the shape", wholeNumber(1, 512))
    .addOption(
      new Option("--mode <mode>", "of the shape (default: train)").choices(["train", "infer"]),
    )
    .option(
      "--forward <time>",
      "duration of the shape's forward blocks (default: the shape's own)",
      time(1),
    )
    .option(
      "--backward <time>",
      "duration of the shape's backward blocks (default: the shape's own)",
      time(1),
    )
    .option(
      "--weight <time>",
      "duration of the shape's weight gradients (default: the shape's own)",
      time(1),
    )
    .option(
      "--chunks <n>",
      "stages per device of interleaved-1f1b (default: 2)",
      wholeNumber(1, 64),
    )
    .option(
      "--latency <time>",
      "between blocks of the shape on different devices (default: 0)",
      time(0),
    )
    .option(
      "--memory <n>",
      "memory limit of every device (default: as in the file, or none)",
      wholeNumber(0, MOST_MEMORY),
    )
    .option("--micro-batches <n>", "how many to schedule", wholeNumber(1, MOST_MICRO_BATCHES), 16)
    .addOption(
      new Option("--algorithm <name>", "how to search")
        .choices(PIPELINE_ALGORITHMS)
        .default(PIPELINE_ALGORITHMS[0]),
    )
    .addOption(seedOption())
    .option(
      "--max-nodes <n>",
      "work at most: the result depends on it, not on the machine (default: 1,000,000)",
      wholeNumber(1, MOST_NODES),
    )
    .option(
      "--time-limit <seconds>",
      "stop earlier, with what is found by then: another machine may find something else",
      wholeNumber(1, MOST_SECONDS),
    )
    .option("--pareto", "print the best period for every memory limit, and search no schedule")
    .option("-o, --out <file>", "where to write the schedule (default: nowhere)")
    .option("--force", "overwrite a file that is not a schedule")
    .option("--ascii", "draw the chart with plain characters")
    .option(
      "--width <columns>",
      `columns of the chart (default: the terminal's, else ${USUAL_COLUMNS})`,
      wholeNumber(LEAST_COLUMNS, MOST_COLUMNS),
    )
    .addHelpText("after", EXAMPLES);
  command.action(async (file: string | undefined, options: SearchOptions) => {
    await run(options, async (session) => {
      const source = sourceOf(file, options);
      if (!source.ok) {
        return source;
      }
      return options.pareto === true
        ? printPareto(session, options, source.value)
        : printSchedule(session, options, source.value);
    });
  });
};

function limitsOf({ seed, maxNodes, timeLimit }: SearchOptions) {
  return { seed, maxNodes, ...stopAfter(timeLimit) };
}

function printSchedule(
  session: Session,
  options: SearchOptions,
  source: PlacementSource,
): CommandOutcome {
  const { memory, microBatches, algorithm, out } = options;
  const { tool } = driverContext(session);
  const found = searchPlacement(
    {
      source,
      memory,
      microBatches,
      algorithm,
      out,
      force: options.force === true,
      onProgress: progressOf(session, options),
      onLeftOut: options.verbose === true ? leftOutNotes(session) : undefined,
      ...limitsOf(options),
    },
    tool,
  );
  if (!found.ok) {
    return found;
  }
  if (found.value.isCutShort) {
    session.progress.note(
      options.timeLimit === undefined
        ? "the work limit ended the search before a proof: --max-nodes allows more"
        : "a limit ended the search before a proof: another machine may find something else",
    );
  }
  const { artifact, placement } = found.value;
  const section = present(artifact.pipeline, "pipeline section");
  const columns = options.width ?? session.io.stdout.columns ?? USUAL_COLUMNS;
  const width = Math.min(MOST_COLUMNS, Math.max(LEAST_COLUMNS, columns));
  const style = options.ascii === true ? "ascii" : "box";
  const written = out === undefined ? "" : `\n\nwrote      ${out}`;
  session.print({
    text: () => `${renderPipeline(section, placement, { width, style })}${written}`,
    json: () => encodeArtifact(artifact),
  });
  return { ok: true, value: EXIT.done };
}

/** Reports the periods that are tried, from the time on when that takes long. */
function progressOf(
  { progress }: Session,
  { maxNodes = DEFAULT_NODES }: SearchOptions,
): SearchRequest["onProgress"] {
  const quietUntil = performance.now() + QUIET_MS;
  return (period, perPeriod, nodes) => {
    if (performance.now() < quietUntil) {
      return;
    }
    const many = perPeriod === 1 ? "" : ` for ${perPeriod} micro-batches`;
    const label = `trying period ${period}${many}`;
    const done = Math.min(nodes, maxNodes);
    progress.report({ phase: "search", done, total: maxNodes, label });
  };
}

/** Says when the time is over; nothing without a limit. */
function stopAfter(seconds: number | undefined): { readonly shouldStop?: () => boolean } {
  if (seconds === undefined) {
    return {};
  }
  const end = performance.now() + seconds * 1000;
  return { shouldStop: () => performance.now() > end };
}

/** Says which algorithms a schedule is not compared with. */
function leftOutNotes({ progress }: Session): SearchRequest["onLeftOut"] {
  return (algorithm, { message }) => progress.note(`not compared with ${algorithm}: ${message}`);
}

function printPareto(
  session: Session,
  options: SearchOptions,
  source: PlacementSource,
): CommandOutcome {
  const stray = (["out", "memory"] as const).find((name) => options[name] !== undefined);
  if (stray !== undefined) {
    return fail([optionNotForPareto(stray)]);
  }
  session.io.beforeLongWork?.();
  const found = searchPareto({ source, ...limitsOf(options) });
  if (!found.ok) {
    return found;
  }
  const { points } = found.value;
  session.print({ text: () => renderPareto(points), json: () => ({ points }) });
  return { ok: true, value: EXIT.done } as const;
}

function sourceOf(file: string | undefined, options: SearchOptions) {
  const { shape, devices } = options;
  if (shape !== undefined && devices !== undefined && file === undefined) {
    const { mode, forward, backward, weight, chunks, latency } = options;
    const rest = Object.entries({ mode, forward, backward, weight, chunks, latency });
    const given = Object.fromEntries(rest.filter(([, value]) => value !== undefined));
    const source: PlacementSource = { kind: "shape", name: shape, options: { devices, ...given } };
    return { ok: true, value: source } as const;
  }
  if (file === undefined || shape !== undefined) {
    return { ok: false, error: [searchSourceMissing()] } as const;
  }
  const stray = SHAPE_OPTIONS.find((name) => options[name] !== undefined);
  if (stray !== undefined) {
    return { ok: false, error: [shapeOptionWithoutShape(stray)] } as const;
  }
  const source: PlacementSource = { kind: "file", path: file };
  return { ok: true, value: source } as const;
}
