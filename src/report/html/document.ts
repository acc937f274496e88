/** A page as one HTML file that asks for nothing else. */
import { sha256Base64 } from "../../core/digest.js";
import { InternalError } from "../../core/invariant.js";
import { html, type Markup, scriptJson } from "./markup.js";
import type { PageData } from "./page-data.js";
import type { Page, PageSection } from "./page-section.js";
import { STYLE } from "./style.js";

/** The scripts and the style that pages share. */
export interface PageAssets {
  /** Run one after the other. */
  readonly scripts: readonly string[];
  /** The style of the libraries. */
  readonly style: string;
}

/** What a file of this format has in its first line. */
export const REPORT_FORMAT = "top-compile/report";

/**
 * The page as a file.
 *
 * Its policy allows the scripts and the style that stand in it, by their digests, and nothing from
 * elsewhere: what a name in a schedule holds is text, and could not run or load anything even if it were not.
 */
export function documentOf(page: Page, { scripts, style }: PageAssets): string {
  const styles = `${style}\n${STYLE}`;
  for (const text of [...scripts, styles]) {
    checkInline(text);
  }
  const policy = [
    "default-src 'none'",
    `script-src ${scripts.map(sourceOf).join(" ")}`,
    `style-src ${sourceOf(styles)}`,
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  const { markup } = html`<html lang="en" data-format="${REPORT_FORMAT}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<title>${page.title} - top-compile</title>
<style>${raw(styles)}</style>
</head>
<body>
${bodyOf(page)}
<script type="application/json" id="report-data">${raw(scriptJson(dataOf(page)))}</script>
${scripts.map((script) => html`<script>${raw(script)}</script>\n`)}</body>
</html>
`;
  return `<!doctype html>\n${markup}`;
}

/** What the scripts draw. */
export function dataOf({ sections, unit }: Page): PageData {
  const timeline = sections.find((section) => section.timeline !== undefined)?.timeline;
  return {
    unit,
    ...(timeline === undefined ? {} : { timeline }),
    curves: sections.flatMap(({ curves = [] }) => curves),
  };
}

function bodyOf({ title, subtitle, notes, sections }: Page): Markup {
  return html`<header><h1>${title}</h1><p>${subtitle}</p></header>
${notes.map((note) => html`<p class="note">${note}</p>`)}
<p class="note unscripted">Pictures need scripts; the tables have the figures.</p>
<nav aria-label="sections"><ul>${sections.map((section) => html`<li><a href="#${section.id}">${section.title}</a></li>`)}</ul></nav>
<main>
${sections.map(sectionMarkup)}
</main>`;
}

function sectionMarkup({ id, title, body }: PageSection): Markup {
  return html`<section id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>
${body}</section>
`;
}

/** Text of our own that needs no escapes. Requires: `checkInline`, or that it holds no `<`. */
function raw(text: string): Markup {
  return { markup: text };
}

/** Throws `InternalError` for a script or style of which a part would end the element. */
function checkInline(text: string): void {
  if (/<\/(?:script|style)|<!--/i.test(text)) {
    throw new InternalError("a script or style of a page would end its element");
  }
}

function sourceOf(text: string): string {
  return `'sha256-${sha256Base64(text)}'`;
}
