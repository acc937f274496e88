/** The frames of pictures that the page's script draws, with the buttons and keys that go with them. */
import { colorClass } from "./colors.js";
import { html, type Markup } from "./markup.js";
import type { CurveData, TimelineData } from "./page-data.js";
import { MOST_LANES } from "./timeline-events.js";

const KEYS =
  "With the picture in focus: Left and Right go from event to event, Up and Down from lane to lane, + and - zoom, Shift with Left and Right moves, Enter shows the event whole, Home shows all, Escape leaves the event. Drag moves; the wheel zooms while the picture has the focus, or with Ctrl.";

/** The timeline: the script finds it by its id. */
export function timelineMarkup(
  { colors, color, chain, views, lanes, counts }: TimelineData,
  laneCount: number,
): Markup {
  const used = new Set(color);
  const events = counts.reduce((sum, count) => sum + count, 0);
  const left =
    laneCount > lanes.length
      ? [html`<p>Of ${laneCount} lanes, the first ${MOST_LANES} are drawn.</p>`]
      : [];
  const label = `timeline of ${events} events on ${lanes.length} lanes`;
  return html`<figure id="timeline" class="picture scripted">
<div class="controls">
<button type="button" data-view="all">All</button>
${views.map(({ title }, at) => html`<button type="button" data-view="${at}">${title}</button>`)}
<button type="button" data-zoom="in" aria-label="zoom in">+</button>
<button type="button" data-zoom="out" aria-label="zoom out">-</button>
<label>Find <input type="search" autocomplete="off" spellcheck="false"></label>
${legendMarkup(colors, used)}${chain.length === 0 ? [] : [CHAIN]}
</div>
<div class="stage"><canvas tabindex="0" role="application" aria-roledescription="timeline" aria-label="${label}" aria-describedby="timeline-keys"></canvas><div class="tip" hidden></div></div>
<p class="status" role="status" aria-live="polite"></p>
<figcaption id="timeline-keys">${KEYS}</figcaption>
</figure>${left}`;
}

/** The mark of events that decide the end. */
const CHAIN = html`<span class="legend"><svg width="18" height="12" aria-hidden="true"><path class="chain" d="M0 10H18"/></svg> what the end waits for</span>`;

/** Those of the colors that are used, and what they stand for. */
export function legendMarkup(
  colors: readonly string[],
  used: ReadonlySet<number>,
): readonly Markup[] {
  return colors.flatMap((name, at) =>
    used.has(at)
      ? [
          html`<span class="legend"><svg class="${colorClass(at)}" width="12" height="12" aria-hidden="true"><rect width="12" height="12"/></svg> ${name}</span>`,
        ]
      : [],
  );
}

/** A picture of curves: the script draws it into the element. */
export function curvesMarkup({ id, series, followsTimeline }: CurveData, caption: string): Markup {
  const size = followsTimeline ? "" : " half";
  const label = `${caption}: ${series.map(({ name }) => name).join(", ")}`;
  return html`<figure class="curves scripted${size}"><figcaption>${caption}</figcaption><div id="${id}" role="img" aria-label="${label}"></div></figure>`;
}
