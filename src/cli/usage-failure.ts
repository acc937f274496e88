import type { CommanderError } from "commander";
import type { Failure } from "../core/failure.js";

const HELP_HINT = "run with --help to see every option";

/** A usage error of commander as a failure; its suggestion becomes the hint. */
export function usageFailure({ message }: CommanderError): Failure {
  const [said = "", suggestion] = message.replace(/^error: /, "").split("\n");
  return {
    code: "usage",
    message: said,
    hint: suggestion === undefined ? HELP_HINT : suggestion.replace(/^\((.*)\)$/, "$1"),
    exit: 2,
  };
}
