/**
 * Which parts of a transformer each stage of a pipeline has, written as Megatron's `--pipeline-model-parallel-layout` is: stages
 * between `|`, `E` the embedding, `t` a layer, `m` a layer of multi-token prediction, `L` the head with the loss. `*n` repeats
 * the letter or the parentheses before it; commas and spaces mean nothing.
 *
 * Example: `Et*2|(t*2|)*2,tL` is Ett | tt | tt | tL.
 *
 * Source: the syntax is that of Megatron-LM, docs of `pipeline_model_parallel_layout`.
 */

/** A part of a model: embedding, layer, layer of multi-token prediction, head. */
export type LayoutPart = "E" | "t" | "m" | "L";

/** The parts of each stage, in the order of the stages. */
export type Layout = readonly (readonly LayoutPart[])[];

/** More parts than any model has. */
const MAX_PARTS = 100_000;

/** The layout of a text, or what is wrong with the text: a clause. */
export function parseLayout(text: string): Layout | string {
  const flat = expanded(text.replace(/[,\s]/g, ""));
  if (typeof flat !== "string") {
    return flat.problem;
  }
  const layout = flat.split("|").map((stage) => [...stage] as LayoutPart[]);
  return layoutProblem(layout) ?? layout;
}

interface Wrong {
  readonly problem: string;
}

/** The text without repetitions: letters and bars alone. */
function expanded(text: string): string | Wrong {
  let left = text;
  // Innermost parentheses first; what is left has none.
  while (left.includes("(")) {
    const inner = /\(([^()]*)\)(?:\*(\d+))?/.exec(left);
    if (inner === null) {
      return { problem: "has a parenthesis that is not closed" };
    }
    const [whole, content = "", times = "1"] = inner;
    const part = repeatedLetters(content);
    if (typeof part !== "string") {
      return part;
    }
    if (part.length * Number(times) > MAX_PARTS) {
      return { problem: `has more than ${MAX_PARTS} parts` };
    }
    left = left.replace(whole, () => part.repeat(Number(times)));
  }
  return repeatedLetters(left);
}

function repeatedLetters(text: string): string | Wrong {
  if (!/^(?:[EtmL|](?:\*\d+)?)*$/.test(text)) {
    const rest = text.replace(/^(?:[EtmL|](?:\*\d+)?)*/, "");
    return { problem: `has "${rest.slice(0, 20)}" where E, t, m, L, | or a repetition *n may be` };
  }
  const runs = [...text.matchAll(/([EtmL|])(?:\*(\d+))?/g)];
  const length = runs.reduce((sum, [, , times = "1"]) => sum + Number(times), 0);
  return length > MAX_PARTS
    ? { problem: `has more than ${MAX_PARTS} parts` }
    : runs.map(([, letter = "", times = "1"]) => letter.repeat(Number(times))).join("");
}

function layoutProblem(layout: Layout): string | undefined {
  const parts = layout.flat().join("");
  const empty = layout.findIndex((stage) => stage.length === 0);
  if (empty >= 0) {
    return `has no part in stage ${empty}`;
  }
  return /^Et*m*L$/.test(parts)
    ? undefined
    : "must have E once at the start, then layers t, then m, and L once at the end";
}

/** The text of a layout: runs of the same letter and of the same stage as repetitions. */
export function layoutText(layout: Layout): string {
  const stages = layout.map((stage) =>
    runsOf(stage)
      .map(([letter, times]) => (times === 1 ? letter : `${letter}*${times}`))
      .join(""),
  );
  const last = stages.length - 1;
  return runsOf(stages.map((stage, at) => (at === last ? stage : `${stage}|`)))
    .map(([stage, times]) => (times === 1 ? stage : `(${stage})*${times}`))
    .join("");
}

function runsOf<T extends string>(items: readonly T[]): readonly (readonly [T, number])[] {
  const runs: [T, number][] = [];
  for (const item of items) {
    const last = runs.at(-1);
    if (last?.[0] === item) {
      last[1]++;
    } else {
      runs.push([item, 1]);
    }
  }
  return runs;
}

/** How many layers a layout has. */
export function layersIn(layout: Layout): number {
  return layout.flat().filter((part) => part === "t").length;
}
