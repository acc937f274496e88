/** A browser to look at pages with, where there is one. */
import { existsSync } from "node:fs";
import { type Browser, chromium, type Page } from "playwright-core";

const PROGRAM = [
  process.env["CHROMIUM"],
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
].find((path) => path !== undefined && existsSync(path));

/** Why pages are not looked at; `undefined`: they are. */
export const CHROMIUM_SKIP_REASON: string | undefined =
  PROGRAM === undefined ? "no chromium in /usr/bin or under $CHROMIUM" : undefined;

/** The browser, without a screen; the caller closes it. */
export function startChromium(): Promise<Browser> {
  if (PROGRAM === undefined) {
    throw new Error(CHROMIUM_SKIP_REASON);
  }
  // The sandbox needs what containers do not give; pages here are our own.
  return chromium.launch({ executablePath: PROGRAM, args: ["--no-sandbox", "--disable-gpu"] });
}

/** A page, and everything that it did beside being drawn. */
export interface WatchedPage {
  readonly page: Page;
  /** Addresses that were asked for, besides that of the page. */
  readonly requests: readonly string[];
  /** Errors, messages of the console (which tells what the policy refused), dialogs. */
  readonly events: readonly string[];
}

/** Opens a file, and waits until all of it is drawn. */
export async function openPage(
  browser: Browser,
  file: string,
  options: { readonly colorScheme?: "light" | "dark" } = {},
): Promise<WatchedPage> {
  const page = await browser.newPage({ viewport: { width: 1200, height: 900 }, ...options });
  // Tests have one limit, against hanging: that of the runner.
  page.setDefaultTimeout(0);
  const address = `file://${file}`;
  const requests: string[] = [];
  const events: string[] = [];
  page.on("request", (request) => {
    if (request.url() !== address) {
      requests.push(request.url());
    }
  });
  page.on("pageerror", ({ message }) => events.push(message));
  page.on("console", (message) => events.push(message.text()));
  page.on("dialog", (dialog) => {
    events.push(dialog.message());
    void dialog.dismiss();
  });
  await page.goto(address);
  await untilTrue(page, "performance.getEntriesByName('report-drawn').length > 0");
  return { page, requests, events };
}

/**
 * Waits until an expression is true in the page, looked at frame by frame. Playwright's own waiting evaluates text in
 * the page, which the policy of pages forbids.
 */
export async function untilTrue(page: Page, expression: string): Promise<void> {
  await page.evaluate(`new Promise((done) => {
    const look = () => (${expression}) ? done() : requestAnimationFrame(look);
    look();
  })`);
}
