import type { CommanderError } from "commander";
import type { PrintedFailure } from "./render-failure.js";

const HELP_HINT = "run with --help to see every option";

/** A usage error of commander as a failure; its suggestion becomes the hint. */
export function usageFailure({ message }: CommanderError): PrintedFailure {
  const [said = "", suggestion] = message.replace(/^error: /, "").split("\n");
  return {
    code: "usage",
    message: said,
    hint: suggestion === undefined ? HELP_HINT : suggestion.replace(/^\((.*)\)$/, "$1"),
  };
}
