/** Markup of a page, built so that no text from a file can become an element, an attribute or a script. */
import { escapeControls } from "../../core/escape-controls.js";

/** Markup that is safe as it stands. */
export interface Markup {
  readonly markup: string;
}

/** What a template takes: texts and numbers are escaped, markup is not, lists are joined. */
export type Part = Markup | string | number | readonly Markup[];

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** A text for use between tags and in quoted attributes; invisible characters are shown as escapes. */
export function escapeText(text: string): string {
  return escapeControls(text).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
}

/** A template of markup. Requires: parts stand between tags, or inside of quoted attributes. */
export function html(texts: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return { markup: String.raw({ raw: texts }, ...parts.map(printPart)) };
}

function printPart(part: Part): string {
  if (typeof part === "string" || typeof part === "number") {
    return escapeText(String(part));
  }
  return "markup" in part ? part.markup : part.map(({ markup }) => markup).join("");
}

/** Lines as they stand, for elements that keep line ends. */
export function linesMarkup(lines: readonly string[]): Markup {
  return { markup: lines.map(escapeText).join("\n") };
}

/** A value as JSON that can stand inside of a script element: it holds no `<`. */
export function scriptJson(value: unknown): string {
  return JSON.stringify(value).replaceAll("<", "\\u003c");
}
