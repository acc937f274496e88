import type { Provenance } from "../../artifact/artifact.js";
import { formatCell } from "../../core/format.js";
import type { Json } from "../../core/stable-json.js";
import type { PageSection } from "./page-section.js";
import { factsMarkup, tableMarkup } from "./table-markup.js";

/** An option's value: texts as they are, lists with blanks between. */
function textOf(value: Json): string {
  return typeof value === "string"
    ? value
    : Array.isArray(value)
      ? value.map(textOf).join(" ")
      : JSON.stringify(value);
}

/** What a schedule was made from, by what, and with which options. */
export function provenanceSection({ tool, inputs, seed, options }: Provenance): PageSection {
  const files = {
    header: ["file", "role", "SHA-256"],
    rows: inputs.map(({ name, role, sha256 }) => [formatCell(name), role, sha256]),
    align: ["left", "left", "left"],
  } as const;
  const settings = Object.entries(options).map(([name, value]): readonly [string, string] => [
    `--${name}`,
    textOf(value),
  ]);
  return {
    id: "provenance",
    title: "Provenance",
    body: [
      factsMarkup([["made by", tool], ["random seed", String(seed)], ...settings]),
      ...(inputs.length === 0 ? [] : [tableMarkup(files, "made from")]),
    ],
  };
}
