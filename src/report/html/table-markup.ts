import type { Table } from "../../core/text-table.js";
import { html, type Markup } from "./markup.js";

/** A table with its caption; rows are named by their first cells. */
export function tableMarkup({ header, rows, align }: Table, caption: string): Markup {
  const cellClass = (column: number): string => (align[column] === "right" ? "right" : "left");
  const head = header.map(
    (cell, at) => html`<th scope="col" class="${cellClass(at)}">${cell}</th>`,
  );
  const body = rows.map(([first = "", ...others]) => {
    const cells = others.map((cell, at) => html`<td class="${cellClass(at + 1)}">${cell}</td>`);
    return html`<tr><th scope="row" class="${cellClass(0)}">${first}</th>${cells}</tr>`;
  });
  return html`<div class="scroll"><table><caption>${caption}</caption><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>`;
}

/** Names with their texts. */
export function factsMarkup(facts: readonly (readonly [string, string])[]): Markup {
  return html`<dl>${facts.map(([name, text]) => html`<div><dt>${name}</dt><dd>${text}</dd></div>`)}</dl>`;
}

/** A paragraph for each text. */
export function paragraphs(texts: readonly string[]): readonly Markup[] {
  return texts.map((text) => html`<p>${text}</p>`);
}
