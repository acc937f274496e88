/** The style of pages: light and dark by the reader's setting, and for print. */
import { FILLS } from "./colors.js";

/** Colors of curves, which stand on the background: dark ones in the light theme, the fills in the dark one. */
const LINES: readonly string[] = [
  "#1a66ad",
  "#b45309",
  "#2c7a2a",
  "#a8327d",
  "#6844b8",
  "#806a00",
  "#0b7570",
  "#76593a",
];

function variables(prefix: string, colors: readonly string[]): string {
  return colors.map((color, at) => `--${prefix}${at}:${color}`).join(";");
}

const CLASSES = FILLS.map((_, at) => `.c${at}{fill:var(--c${at})}`).join("");

const THEME = `:root{color-scheme:light dark;--back:#ffffff;--text:#1b1f24;--soft:#57606a;--line:#d0d7de;--panel:#f6f8fa;--ink:#14181d;--mark:#14181d;--accent:#0550ae;${variables("c", FILLS)};${variables("l", LINES)}}
@media (prefers-color-scheme:dark){:root{--back:#14181d;--text:#e6e8eb;--soft:#a3adb8;--line:#3a424c;--panel:#1e242b;--mark:#ffffff;--accent:#8cc2ff;${variables("l", FILLS)}}}`;

/** The style sheet. */
export const STYLE: string = `${THEME}
${CLASSES}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1280px;padding:1rem 1.5rem 4rem;background:var(--back);color:var(--text);font:15px/1.5 system-ui,sans-serif}
h1{font-size:1.5rem;margin:.5rem 0 0;overflow-wrap:anywhere}
h2{font-size:1.15rem;margin:2.2rem 0 .6rem;padding-top:.6rem;border-top:1px solid var(--line)}
header p{margin:.1rem 0;color:var(--soft)}
nav ul{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;margin:.8rem 0;padding:0;list-style:none}
a{color:var(--accent)}
p{max-width:80ch;margin:.5rem 0;overflow-wrap:anywhere}
.note{border-left:4px solid var(--l1);padding:.3rem .8rem;background:var(--panel)}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1.5rem;margin:.6rem 0}
dl div{display:contents}
dt{color:var(--soft)}
dd{margin:0;overflow-wrap:anywhere}
.scroll{display:inline-block;max-width:100%;overflow-x:auto;vertical-align:top;margin:1rem 0 .5rem;padding-right:3rem}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
caption{text-align:left;color:var(--soft);padding:.2rem 0}
.lines{white-space:pre-wrap}
th,td{padding:.2rem .9rem .2rem 0;border-bottom:1px solid var(--line);vertical-align:top}
thead th{color:var(--soft);font-weight:600}
tbody th{font-weight:400}
.left{text-align:left}
.right{text-align:right;white-space:nowrap}
figure{margin:1rem 0}
figcaption{color:var(--soft);font-size:.87rem;max-width:100ch}
pre{overflow-x:auto;margin:.6rem 0;font-size:.87rem;line-height:1.35}
.half{display:inline-block;width:calc(50% - 1rem);min-width:min(26rem,100%);margin-right:.8rem;vertical-align:top}
.controls{display:flex;flex-wrap:wrap;align-items:center;gap:.4rem .6rem;margin:.4rem 0}
button,input{font:inherit;color:inherit;background:var(--panel);border:1px solid var(--line);border-radius:5px;padding:.15rem .6rem}
input{width:11rem}
:focus-visible{outline:2px solid var(--accent);outline-offset:1px}
.legend{display:inline-flex;align-items:center;gap:.3rem;margin-right:.8rem;font-size:.87rem}
.chain{stroke:var(--mark);stroke-width:3}
.stage{position:relative}
canvas{display:block;width:100%;touch-action:pan-y;cursor:grab}
.tip{position:absolute;z-index:2;max-width:34rem;padding:.35rem .6rem;background:var(--panel);border:1px solid var(--line);border-radius:5px;font-size:.87rem;pointer-events:none;overflow-wrap:anywhere;white-space:pre-line;box-shadow:0 2px 8px rgb(0 0 0 / .25)}
.tip[hidden]{display:none}
.status{min-height:1.5em;margin:.2rem 0;font-size:.9rem}
svg.graph{display:block;width:100%;background:var(--panel);border:1px solid var(--line);border-radius:5px;touch-action:pan-y;cursor:grab}
svg.graph text{font:11px system-ui,sans-serif;fill:var(--ink);text-anchor:middle;pointer-events:none}
.edges{fill:none;stroke:var(--soft);stroke-width:1.2;vector-effect:non-scaling-stroke}
html:not(.js) .scripted{display:none}
html:not(.js) svg.graph{max-height:26rem}
html.js .unscripted{display:none}
.uplot,.u-legend{color:var(--text)}
.u-legend th,.u-legend td{border:0}
@media print{nav,.controls,.scripted figcaption{display:none}body{max-width:none}}
`;
