import { FAILURE_CATALOG } from "../../src/core/failure-catalog/failure-catalog.js";

const HEAD = `# Failures

Every way in which a command can fail has a code that stays the same from version to version. It stands in
the message, \`error[CODE] PLACE: MESSAGE; HINT\`, and says how the command ends:

| exit status | meaning |
|---|---|
| 0 | done |
| 1 | the input was refused, proved infeasible, invalid or stale |
| 2 | usage error: an option or argument is invalid |
| 3 | a limit was reached before a schedule was found |
| 4 | something is missing on this machine |
| 70 | internal error: a mistake of top-compile |
| 130 | interrupted (129 when the terminal hung up, 143 by SIGTERM) |

Several failures may be reported at once; the command then ends with the largest of their statuses.

With \`--json\` failures are a JSON document on stderr, those of wrong arguments included:

\`\`\`json
{
  "failures": [
    { "code": "model-unreadable", "message": "...", "place": "model.onnx", "hint": "..." }
  ]
}
\`\`\`

\`place\` (a file, a place in it, an option) and \`hint\` (what to do) are absent where there is nothing to say;
\`--verbose\` adds \`cause\`, the error behind it, where there is one. Where stderr is no terminal, nothing else
is written there: progress and notes are left out, so all of stderr can be parsed when the exit status is not
0.
`;

/** The text of `docs/failures.md`, from the catalog. */
export function failuresDoc(): string {
  const sections = Object.entries(FAILURE_CATALOG).map(([subject, entries]) => {
    const rows = Object.entries(entries).map(
      ([code, { exit, meaning, action }]) => `| \`${code}\` | ${exit} | ${meaning} | ${action} |`,
    );
    const head = ["| code | exit | meaning | what to do |", "|---|---|---|---|"];
    return [`\n## ${subject}\n`, ...head, ...rows].join("\n");
  });
  return `${HEAD}${sections.join("\n")}\n`;
}
