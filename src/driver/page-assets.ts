/** The scripts and styles of pages, from where this package and its dependencies are installed. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { PageAssets } from "../report/html/document.js";
import { linkScripts } from "../report/html/link-scripts.js";

/** Libraries in the order in which they need each other, with the file that puts all of it into a page. */
const LIBRARIES: readonly (readonly [name: string, file: string])[] = [
  ...[
    "d3-array",
    "d3-color",
    "d3-dispatch",
    "d3-timer",
    "d3-ease",
    "d3-interpolate",
    "d3-selection",
    "d3-drag",
    "d3-transition",
    "d3-zoom",
  ].map((name) => [name, `dist/${name}.min.js`] as const),
  ["uplot", "dist/uPlot.iife.min.js"],
];

/** The style that comes with a library. */
const STYLED = { name: "uplot", file: "dist/uPlot.min.css" } as const;

/** The compiled scripts of pages. */
const SCRIPTS = new URL("../report-page/", import.meta.url);

/** The scripts and styles, with the licenses of libraries. Throws where the installation is damaged. */
export function pageAssets(): PageAssets {
  const libraries = LIBRARIES.map(([name, file]) => {
    const folder = folderOf(name);
    return `${licenseOf(folder, name)}${readFileSync(join(folder, file), "utf8")}\n`;
  });
  const own = linkScripts(
    (name) => readFileSync(new URL(name, SCRIPTS), "utf8"),
    "report/html/page/main.js",
  );
  const style = readFileSync(join(folderOf(STYLED.name), STYLED.file), "utf8");
  return { scripts: [libraries.join(""), own], style };
}

/** The folder of an installed library, which is the one above that of its main file. */
function folderOf(name: string): string {
  return dirname(dirname(createRequire(import.meta.url).resolve(name)));
}

/** The license has to be in all copies. */
function licenseOf(folder: string, name: string): string {
  const text = readFileSync(join(folder, "LICENSE"), "utf8").replaceAll("*/", "* /");
  return `/*! ${name}\n${text}*/\n`;
}
