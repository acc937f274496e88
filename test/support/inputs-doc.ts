import { USE_RULES } from "../../src/onnx/inputs/demands-of.js";
import { NAME_RULES } from "../../src/onnx/inputs/named-inputs.js";
import { FOLLOWED } from "../../src/onnx/inputs/passes.js";

/** The tables of docs/inputs.md, from the rules of the program, by heading. */
export function inputTables(): Readonly<Record<string, string>> {
  const uses = USE_RULES.map(
    ({ types, input, what, drawn, why }) =>
      `| ${types.join(", ")} | ${input}: ${what} | ${drawn} | ${why} |`,
  );
  const names = NAME_RULES.map(
    ({ pattern, inputs, drawn, why }) =>
      `| \`${pattern.source.replaceAll("|", "\\|")}\` | ${inputs} | ${drawn} | ${why} |`,
  );
  return {
    uses: ["| operator | input | drawn | reason |", "|---|---|---|---|", ...uses].join("\n"),
    names: ["| name | of | drawn | reason |", "|---|---|---|---|", ...names].join("\n"),
    followed: `${FOLLOWED.join(", ")}.`,
  };
}

/** The text of a document with the part between `<!-- name -->` and `<!-- /name -->` printed anew. */
export function withTables(text: string): string {
  return Object.entries(inputTables()).reduce(
    (page, [name, table]) =>
      page.replace(
        new RegExp(`(<!-- ${name} -->\n)[\\s\\S]*?(\n<!-- /${name} -->)`),
        (_, head: string, tail: string) => `${head}${table}${tail}`,
      ),
    text,
  );
}
