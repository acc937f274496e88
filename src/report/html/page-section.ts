import type { Markup } from "./markup.js";
import type { CurveData, TimelineData } from "./page-data.js";

/** A part of a page under a heading of its own. */
export interface PageSection {
  /** Of its element: unique on the page. */
  readonly id: string;
  readonly title: string;
  readonly body: readonly Markup[];
  /** What its pictures draw. A page has at most one timeline. */
  readonly timeline?: TimelineData;
  readonly curves?: readonly CurveData[];
}

/** What a page shows. */
export interface Page {
  readonly title: string;
  /** One line under the title. */
  readonly subtitle: string;
  /** What should be known before the rest is believed. */
  readonly notes: readonly string[];
  readonly sections: readonly PageSection[];
  readonly unit: "ns" | "step";
}
