import { FILLS } from "./colors.js";
import type { DrawnGraph } from "./drawn-graph.js";
import { graphPicture } from "./graph-picture.js";
import { html } from "./markup.js";
import type { PageSection } from "./page-section.js";
import { legendMarkup } from "./picture-markup.js";

/** The section of a graph. */
export function graphSection(graph: DrawnGraph, title: string): PageSection {
  const { svg, caption } = graphPicture(graph);
  const shown = graph.colors.slice(0, FILLS.length);
  const used = new Set(graph.nodes.map(({ color }) => color));
  const repeated =
    graph.colors.length > shown.length
      ? html`<span class="legend">and so on, in turn</span>`
      : html``;
  return {
    id: "graph",
    title,
    body: [
      html`<figure class="picture graph-frame"><div class="controls scripted"><button type="button" data-zoom="all">All</button><button type="button" data-zoom="in" aria-label="zoom in">+</button><button type="button" data-zoom="out" aria-label="zoom out">-</button></div><p>${legendMarkup(shown, used)}${repeated}</p>${svg}<figcaption>${caption}</figcaption></figure>`,
    ],
  };
}
