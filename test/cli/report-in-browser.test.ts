/** Pages in a real browser, where there is one. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeArtifact } from "../../src/artifact/artifact-format.js";
import { ARTIFACT, SECTION } from "../support/artifacts.js";
import { CHROMIUM_SKIP_REASON, openPage, startChromium, untilTrue } from "../support/chromium.js";
import { HOSTILE_NAMES, hostileArtifact } from "../support/hostile-artifact.js";
import { runCli } from "../support/run-cli.js";

const EARLIER = resolve(import.meta.dirname, "../../fixtures/artifacts/0.1.0");
/** The file of a pipeline with warm-up, repetend and cool-down. */
const PIPELINE_ARGV = ["search", "--shape", "v", "--devices", "2", "--micro-batches", "8"];
const folder = mkdtempSync(join(tmpdir(), "top-compile-browser-"));

const PIPELINE = join(folder, "pipeline.json");

async function written(file: string): Promise<string> {
  const out = join(folder, "page.html");
  const run = await runCli(["explain", file, "--html", out]);
  expect(run.status).toBe(0);
  return out;
}

function fileOf(artifact: Parameters<typeof encodeArtifact>[0]): string {
  const file = join(folder, "schedule.json");
  writeFileSync(file, encodeArtifact(artifact));
  return file;
}

describe.skipIf(CHROMIUM_SKIP_REASON !== undefined)("a page in a browser", () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await startChromium();
    expect(await runCli([...PIPELINE_ARGV, "-o", PIPELINE])).toMatchObject({ status: 0 });
  });

  afterAll(async () => {
    await browser.close();
    rmSync(folder, { recursive: true });
  });

  it.each([
    ["operators", join(EARLIER, "estimated.schedule.json")],
    ["a measured CPU", join(EARLIER, "measured.schedule.json")],
    ["tasks in flight", join(EARLIER, "tasks.schedule.json")],
    ["a pipeline", PIPELINE],
    ["a pipeline of a model", join(EARLIER, "model-pipeline.schedule.json")],
  ])("asks for nothing and has no errors: %s", async (_what, file) => {
    const { page, requests, events } = await openPage(browser, await written(file));
    expect({ requests, events }).toEqual({ requests: [], events: [] });
    for (const table of await page.locator(".scroll table").all()) {
      expect(await table.locator("caption").innerText()).not.toBe("");
    }
    await page.close();
  });

  it("shows names as they are, and runs none of them", async () => {
    const file = await written(fileOf(hostileArtifact()));
    const { page, requests, events } = await openPage(browser, file);
    const seen = await page.locator("svg.graph title").allTextContents();
    await page.locator("#timeline canvas").focus();
    for (let step = 0; step < HOSTILE_NAMES.length; step++) {
      await page.keyboard.press("ArrowRight");
    }
    await page.locator("#timeline canvas").hover({ position: { x: 120, y: 40 } });
    expect(await page.evaluate("globalThis.injected")).toBeUndefined();
    expect({ requests, events }).toEqual({ requests: [], events: [] });
    expect(seen.join("\n")).toContain(HOSTILE_NAMES[1]);
    expect(await page.locator("body").isVisible()).toBe(true);
    await page.close();
  });

  it("does so for blocks and devices too", async () => {
    const names = HOSTILE_NAMES.map((name) => JSON.stringify(name));
    const text = ["f0", "f1", "d0", "d1"].reduce(
      (json, name, at) => json.replaceAll(`"${name}"`, names[at] ?? ""),
      readFileSync(PIPELINE, "utf8"),
    );
    const file = join(folder, "hostile-pipeline.json");
    writeFileSync(file, text);
    const { page, requests, events } = await openPage(browser, await written(file));
    await page.locator("#timeline canvas").focus();
    await page.keyboard.press("ArrowRight");
    expect(await page.locator("#timeline .status").innerText()).toContain(`${HOSTILE_NAMES[0]}.0`);
    expect(await page.locator(".u-legend").innerText()).toContain("<!--<script>");
    expect(await page.evaluate("globalThis.injected")).toBeUndefined();
    expect({ requests, events }).toEqual({ requests: [], events: [] });
    await page.close();
  });

  it("draws a schedule of nothing", async () => {
    const operators = { ...SECTION, launches: [], candidates: [] };
    const { page, events } = await openPage(
      browser,
      await written(fileOf({ ...ARTIFACT, operators })),
    );
    await page.locator("#timeline canvas").focus();
    for (const key of ["ArrowRight", "ArrowDown", "+", "Enter", "Home"]) {
      await page.keyboard.press(key);
    }
    expect(events).toEqual([]);
    await page.close();
  });

  it("fits on a narrow screen", async () => {
    const { page } = await openPage(browser, await written(PIPELINE));
    await page.setViewportSize({ width: 400, height: 800 });
    await untilTrue(page, "document.documentElement.scrollWidth <= 400");
    await page.close();
  });

  it("runs no script but its own", async () => {
    const { page } = await openPage(browser, await written(fileOf(ARTIFACT)));
    await page.evaluate(`{
      const script = document.createElement("script");
      script.textContent = "globalThis.injected = 1";
      document.body.append(script);
      const picture = new Image();
      picture.src = "file:///none.png";
      document.body.append(picture);
    }`);
    expect(await page.evaluate("globalThis.injected")).toBeUndefined();
    await page.close();
  });

  it("goes through a timeline with keys", async () => {
    const { page } = await openPage(browser, await written(fileOf(ARTIFACT)));
    const status = page.locator("#timeline .status");
    const canvas = page.locator("#timeline canvas");
    await canvas.focus();
    const said: string[] = [];
    for (const key of ["ArrowRight", "ArrowRight", "ArrowDown", "ArrowDown", "ArrowUp", "Escape"]) {
      await page.keyboard.press(key);
      said.push(await status.innerText());
    }
    const a = "a; stream 0, 0 ns to 1.00 ms (1.00 ms); the end waits for it";
    const b = "b; stream 0, 1.00 ms to 5.00 ms (4.00 ms); the end waits for it";
    const c = "c; stream 1, 1.20 ms to 4.00 ms (2.80 ms); waits for a";
    expect(said).toEqual([a, b, c, c, b, ""]);
    await page.close();
  });

  it("finds operators by their names", async () => {
    const { page } = await openPage(browser, await written(PIPELINE));
    const status = page.locator("#timeline .status");
    await page.locator("#timeline input").fill("no such block");
    expect(await status.innerText()).toBe("nothing has this in its name");
    await page.locator("#timeline input").fill(".1");
    expect(await status.innerText()).toMatch(/^1 of \d+: /);
    await page.keyboard.press("Enter");
    expect(await status.innerText()).toMatch(/^2 of \d+: /);
    await page.close();
  });

  it("shows another part when zoomed, and the whole again", async () => {
    const { page } = await openPage(browser, await written(PIPELINE));
    const picture = (): Promise<unknown> =>
      page.evaluate("document.querySelector('#timeline canvas').toDataURL()");
    const whole = await picture();
    await page.locator("#timeline canvas").focus();
    await page.keyboard.press("+");
    expect(await picture()).not.toBe(whole);
    await page.keyboard.press("Home");
    expect(await picture()).toBe(whole);
    await page.locator('#timeline [data-view="0"]').click();
    expect(await picture()).not.toBe(whole);
    await page.locator('#timeline [data-view="all"]').click();
    expect(await picture()).toBe(whole);
    await page.close();
  });

  it("scrolls with the wheel until the picture has the focus", async () => {
    const { page } = await openPage(browser, await written(PIPELINE));
    const picture = (): Promise<unknown> =>
      page.evaluate("document.querySelector('#timeline canvas').toDataURL()");
    const whole = await picture();
    await page.locator("#timeline canvas").hover({ position: { x: 300, y: 40 } });
    await page.mouse.wheel(0, -100);
    await page.evaluate("new Promise((done) => requestAnimationFrame(done))");
    expect(await picture()).toBe(whole);
    await page.locator("#timeline canvas").focus();
    await page.mouse.wheel(0, -100);
    await untilTrue(
      page,
      `document.querySelector('#timeline canvas').toDataURL() !== ${JSON.stringify(whole)}`,
    );
    await page.close();
  });

  it("is dark for those who want it", async () => {
    const file = await written(PIPELINE);
    const colors = [];
    for (const colorScheme of ["light", "dark"] as const) {
      const { page } = await openPage(browser, file, { colorScheme });
      colors.push(await page.evaluate("getComputedStyle(document.body).backgroundColor"));
      await page.close();
    }
    expect(colors).toEqual(["rgb(255, 255, 255)", "rgb(20, 24, 29)"]);
  });

  it("has its tables without scripts too", async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(`file://${await written(fileOf(ARTIFACT))}`);
    expect(await page.getByText("Pictures need scripts").isVisible()).toBe(true);
    expect(await page.locator("canvas").isVisible()).toBe(false);
    expect(await page.getByText("slowest operators").isVisible()).toBe(true);
    await context.close();
  });
});
