/**
 * Ascending times as steps from one to the next: runs of equal steps, and runs of the same steps again.
 *
 * Example: 0, 1, 2, 3, 10, 11, 12, 13, 20 has the steps 1, 1, 1, 7, 1, 1, 1, 7, written `[[2, [[3, 1], [1, 7]]]]`: twice, three steps of
 * 1 and one of 7. What repeats in a schedule, whichever way, is written once.
 *
 * A list of times in which micro-batches follow each other by the period alone would not do: the shortest whole schedules
 * often repeat another pattern than the repetend, such as a group of micro-batches for each chunk of a model.
 */
import { type JsonProblem, nameOf, problem, Shape } from "../core/json-shape.js";

/** How often, and what: a step, or steps in their order. */
export type StartSteps = readonly (readonly [times: number, step: number | StartSteps])[];

/** Longest sequence of runs that is looked for again. */
const LONGEST_PATTERN = 64;

/** Deepest nesting that is read. */
const MAX_DEPTH = 16;

/** Most runs of one list that are read. */
const MAX_RUNS = 10_000;

/** The steps of ascending times. Cost: O(64 * n) at worst. */
export function stepsOf(times: readonly number[]): StartSteps {
  let runs: readonly Run[] = runsIn(times);
  for (let length = 2; length <= Math.min(LONGEST_PATTERN, runs.length / 2); length++) {
    runs = folded(runs, length);
  }
  return runs.map(({ steps }) => steps);
}

/** A run with what tells it from others. */
interface Run {
  readonly key: string;
  readonly steps: StartSteps[number];
}

function runsIn(times: readonly number[]): Run[] {
  const runs: Run[] = [];
  for (let at = 1; at < times.length; ) {
    const step = (times[at] ?? 0) - (times[at - 1] ?? 0);
    let end = at + 1;
    while (end < times.length && (times[end] ?? 0) - (times[end - 1] ?? 0) === step) {
      end++;
    }
    runs.push({ key: `${end - at}*${step}`, steps: [end - at, step] });
    at = end;
  }
  return runs;
}

/** The runs, with sequences of `length` that follow themselves as one. */
function folded(runs: readonly Run[], length: number): readonly Run[] {
  const result: Run[] = [];
  for (let at = 0; at < runs.length; ) {
    const times = 1 + repeatsAt(runs, at, length);
    if (times === 1) {
      result.push(...runs.slice(at, at + 1));
      at++;
      continue;
    }
    const pattern = runs.slice(at, at + length);
    const key = `${times}*(${pattern.map((run) => run.key).join(" ")})`;
    result.push({ key, steps: [times, pattern.map(({ steps }) => steps)] });
    at += times * length;
  }
  return result;
}

/** How often the sequence at a position follows itself. */
function repeatsAt(runs: readonly Run[], from: number, length: number): number {
  let at = from + length;
  while (at < runs.length && runs[at]?.key === runs[at - length]?.key) {
    at++;
  }
  return Math.floor((at - from) / length) - 1;
}

/** How many steps there are, at least; counting ends above `most`. */
export function stepCount(steps: StartSteps, most: number): number {
  let count = 0;
  for (const [times, step] of steps) {
    count += times * (typeof step === "number" ? 1 : stepCount(step, most));
    if (count > most) {
      break;
    }
  }
  return count;
}

/** Calls `visit` with every time, from the first. */
export function eachTime(first: number, steps: StartSteps, visit: (time: number) => void): void {
  visit(first);
  walk(steps, first, visit);
}

/** The last time. */
function walk(steps: StartSteps, from: number, visit: (time: number) => void): number {
  let time = from;
  for (const [times, step] of steps) {
    for (let turn = 0; turn < times; turn++) {
      if (typeof step === "number") {
        time += step;
        visit(time);
      } else {
        time = walk(step, time, visit);
      }
    }
  }
  return time;
}

/** The form of steps. */
export const startStepsShape: Shape<StartSteps> = new Shape<StartSteps>({
  read: (value, pointer, problems) => readSteps(value, { pointer, problems, depth: 1 }),
  schema: (definitions) => ({
    type: "array",
    maxItems: MAX_RUNS,
    items: {
      type: "array",
      minItems: 2,
      maxItems: 2,
      prefixItems: [
        { type: "integer", minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
        {
          anyOf: [
            { type: "integer", minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
            startStepsShape.schema(definitions),
          ],
        },
      ],
    },
  }),
})
  .describe(
    "Times between starts: how often, and a step or steps that repeat, at most 16 deep. [[2, [[3, 1], [1, 7]]]] is 1, 1, 1, 7, 1, 1, 1, 7.",
  )
  .named("startSteps");

interface Place {
  readonly pointer: string;
  readonly problems: JsonProblem[];
  readonly depth: number;
}

function readSteps(value: unknown, { pointer, problems, depth }: Place): StartSteps | undefined {
  if (!Array.isArray(value) || value.length > MAX_RUNS || depth > MAX_DEPTH) {
    const what = `must be a list of at most ${MAX_RUNS} runs, at most ${MAX_DEPTH} deep`;
    return problem(problems, pointer, what);
  }
  const before = problems.length;
  for (const [at, run] of value.entries()) {
    const place = `${pointer}/${at}`;
    if (!Array.isArray(run) || run.length !== 2) {
      problem(problems, place, "must be how often, and a step or steps");
      continue;
    }
    const [times, step] = run as readonly unknown[];
    if (!isWhole(times) || times < 1) {
      problem(problems, `${place}/0`, `must be an integer from 1 up, not ${nameOf(times)}`);
    }
    if (typeof step === "object") {
      readSteps(step, { pointer: `${place}/1`, problems, depth: depth + 1 });
    } else if (!isWhole(step)) {
      problem(problems, `${place}/1`, `must be an integer from 0 up or steps, not ${nameOf(step)}`);
    }
  }
  return problems.length === before ? (value as unknown as StartSteps) : undefined;
}

function isWhole(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
