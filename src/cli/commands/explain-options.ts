/** The options of `explain`. */
import type { CommonOptions } from "../io.js";
import { ASCII, forceOption, MODEL } from "../options/model-options.js";
import type { OptionTable, Traits } from "../options/option-spec.js";
import { traitIf } from "../options/traits.js";

/** Options of `explain`. */
export interface ExplainOptions extends CommonOptions {
  readonly against?: string;
  readonly html?: string;
  readonly force?: boolean;
  readonly model?: string;
  readonly ascii?: boolean;
}

const NO_PAGE = "only the page needs it";

/** The options of `explain`, each with what it is not for. */
export const EXPLAIN: OptionTable<ExplainOptions> = {
  against: {
    value: "<schedule.json>",
    help: "compare it with this schedule, as theirs with ours: what would change",
  },
  html: {
    value: "<file>",
    help: "write a page for a browser too: timeline, curves, graph and tables, in one file",
    not: { comparison: "the page shows one schedule" },
  },
  force: { ...forceOption("page of this command"), not: { "no-page": NO_PAGE } },
  model: {
    ...MODEL,
    help: "the model, whose graph the page shows",
    not: { "no-page": NO_PAGE },
  },
  ascii: { ...ASCII, not: { ...ASCII.not, comparison: "it prints tables" } },
};

/** The traits of a command line of `explain`. */
export function explainTraits({ against, html }: ExplainOptions): Traits {
  return {
    ...traitIf(against !== undefined, { comparison: "with --against" }),
    ...traitIf(html === undefined, { "no-page": "without --html" }),
  };
}
