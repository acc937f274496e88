/** The picture of a graph as SVG: nodes and edges where they fit, else how wide it is level by level. */
import { counted } from "../../core/format.js";
import { shortened } from "../../core/shortened.js";
import { colorClass } from "./colors.js";
import type { DrawnGraph, DrawnNode } from "./drawn-graph.js";
import { foldChains } from "./fold-chains.js";
import { crossedLayers } from "./graph-levels.js";
import { type GraphLayout, layoutGraph, NODE_SIZE, type Point } from "./layout-graph.js";
import { levelsPicture } from "./levels-picture.js";
import { html, type Markup } from "./markup.js";

/** Most nodes that are drawn one by one: more take long to place, and nobody reads them. */
const MOST_NODES = 600;

/** Most layers that edges may cross: the layout places each crossing like a node. */
const MOST_CROSSINGS = 6000;

/** Names in the description of a node, and characters of its text. */
const LISTED = 12;
const TEXT_LENGTH = 16;

/** A picture and what it shows. */
export interface GraphPicture {
  readonly svg: Markup;
  readonly caption: string;
}

/** Draws a graph with its chains folded. Cost: seconds at most. */
export function graphPicture({ nodes, caption }: DrawnGraph): GraphPicture {
  const folded = foldChains(nodes);
  if (folded.length <= MOST_NODES && crossedLayers(folded) <= MOST_CROSSINGS) {
    return { svg: nodesSvg(folded), caption: `${caption} ${foldedWords(nodes, folded)}` };
  }
  const { size, label, levelsEach, paths } = levelsPicture(nodes);
  const column = levelsEach === 1 ? "a level" : `the mean of ${levelsEach} levels`;
  const words = `It is too large to be drawn node by node: a column is ${column} of operators that do not depend on each other, as high as there are operators in it.`;
  return { svg: svgOf(size, label, paths), caption: `${caption} ${words}` };
}

function foldedWords(nodes: readonly DrawnNode[], folded: readonly DrawnNode[]): string {
  return nodes.length === folded.length
    ? ""
    : `Of ${counted(nodes.length, "node")}, chains are drawn as one: ${counted(folded.length, "box", "es")}.`;
}

function nodesSvg(nodes: readonly DrawnNode[]): Markup {
  const layout = layoutGraph(nodes);
  const label = `graph of ${counted(nodes.length, "node")} and ${counted(layout.edges.length, "edge")}`;
  return svgOf({ ...layout, begin: layout.centers[0]?.y ?? 0 }, label, [
    html`<path class="edges" d="${layout.edges.map(({ points }) => pathOf(points)).join("")}"/>`,
    ...nodes.map((node, at) => nodeSvg(node, layout.centers[at] ?? { x: 0, y: 0 })),
  ]);
}

/** The size of a picture, and the height at which it begins. */
interface Frame extends Pick<GraphLayout, "width" | "height"> {
  readonly begin: number;
}

/** A picture that the page's script lets people move and zoom. */
function svgOf({ width, height, begin }: Frame, label: string, content: readonly Markup[]): Markup {
  return html`<svg class="graph" role="img" aria-label="${label}" tabindex="0" viewBox="0 0 ${width} ${height}" data-width="${width}" data-height="${height}" data-begin="${begin}"><g>${content}</g></svg>`;
}

function pathOf([first, ...others]: readonly Point[]): string {
  return first === undefined
    ? ""
    : `M${first.x} ${first.y}${others.map(({ x, y }) => `L${x} ${y}`).join("")}`;
}

function nodeSvg({ names, color }: DrawnNode, { x, y }: Point): Markup {
  const { width, height } = NODE_SIZE;
  const [first = ""] = names;
  const more = names.length > 1 ? ` +${names.length - 1}` : "";
  const text = `${shortened(first, TEXT_LENGTH - more.length)}${more}`;
  return html`<g class="${colorClass(color)}"><title>${titleOf(names)}</title><rect x="${x - width / 2}" y="${y - height / 2}" width="${width}" height="${height}" rx="4"/><text x="${x}" y="${y + 4}">${text}</text></g>`;
}

function titleOf(names: readonly string[]): string {
  const omitted = names.length - LISTED;
  return [...names.slice(0, LISTED), ...(omitted > 0 ? [`and ${omitted} more`] : [])].join(" > ");
}
