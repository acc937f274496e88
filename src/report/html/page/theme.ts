/** Colors of the page as they are now. */

/** How many colors there are, before they repeat. */
const COLORS = 8;

/** The value of a variable of the style sheet. */
export function themeColor(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** Colors to draw a timeline with. */
export interface Theme {
  readonly fills: readonly string[];
  readonly text: string;
  readonly soft: string;
  readonly line: string;
  readonly panel: string;
  readonly ink: string;
  readonly mark: string;
}

/** The colors of now. */
export function currentTheme(): Theme {
  return {
    fills: Array.from({ length: COLORS }, (_, at) => themeColor(`c${at}`)),
    text: themeColor("text"),
    soft: themeColor("soft"),
    line: themeColor("line"),
    panel: themeColor("panel"),
    ink: themeColor("ink"),
    mark: themeColor("mark"),
  };
}

/** The variable of a curve's color. */
export function lineColor(at: number): string {
  return themeColor(`l${at % COLORS}`);
}

/** Calls `then` whenever the reader changes between light and dark. */
export function onThemeChange(then: () => void): void {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", then);
}
