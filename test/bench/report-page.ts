/**
 * Report pages of ten thousand events in Chromium: `npm run bench:report`. From the start of the page's script to the
 * second frame (all is on the screen then), and from a key that zooms to the second frame after it.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { chromium, type Page } from "playwright-core";

const CLI = resolve(import.meta.dirname, "../../bin/top-compile.js");
const ROUNDS = 5;

/** 16 devices, 3 blocks on each, 209 micro-batches: 10,032 events. Durations have the digits of nanoseconds. */
const PIPELINE = [
  ...["search", "--shape", "zb-h", "--devices", "16", "--micro-batches", "209"],
  ...["--forward", "812345", "--backward", "824691", "--weight", "800001", "--algorithm", "quick"],
];

function run(...argv: readonly string[]): void {
  const { status, stderr } = spawnSync(process.execPath, [CLI, ...argv], { encoding: "utf8" });
  if (status !== 0) {
    throw new Error(stderr);
  }
}

/** Milliseconds from the begin of the script to the frame in which all is drawn. */
async function drawTime(page: Page, file: string): Promise<number> {
  await page.goto(`file://${file}`);
  return page.evaluate<number>(`new Promise((done) => {
    const timeOf = (name) => performance.getEntriesByName(name)[0]?.startTime;
    const look = () => timeOf("report-drawn") === undefined
      ? requestAnimationFrame(look)
      : done(timeOf("report-drawn") - timeOf("report-begin"));
    look();
  })`);
}

async function zoomTime(page: Page): Promise<number> {
  await page.locator("#timeline canvas").focus();
  return page.evaluate<number>(`new Promise((done) => {
    const begin = performance.now();
    const canvas = document.querySelector("#timeline canvas");
    canvas.dispatchEvent(new KeyboardEvent("keydown", { key: "+" }));
    requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - begin)));
  })`);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
}

const folder = mkdtempSync(join(tmpdir(), "top-compile-report-"));
const schedule = join(folder, "pipeline.schedule.json");
const html = join(folder, "report.html");
run(...PIPELINE, "-o", schedule);
run("explain", schedule, "--html", html);
const executablePath = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
const draws: number[] = [];
const zooms: number[] = [];
for (let round = 0; round < ROUNDS; round++) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  draws.push(await drawTime(page, html));
  zooms.push(await zoomTime(page));
  await page.close();
}
console.log(`page   ${Math.round(statSync(html).size / 1000)} kB`);
console.log(`draw   ${Math.round(median(draws))} ms (${draws.map(Math.round).join(", ")})`);
console.log(`zoom   ${Math.round(median(zooms))} ms (${zooms.map(Math.round).join(", ")})`);
console.log(`with   Chromium ${browser.version()}, without a GPU`);
await browser.close();
rmSync(folder, { recursive: true });
