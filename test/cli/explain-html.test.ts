import { createHash } from "node:crypto";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeArtifact } from "../../src/artifact/artifact-format.js";
import { ARTIFACT } from "../support/artifacts.js";
import { hostileArtifact } from "../support/hostile-artifact.js";
import { runCli } from "../support/run-cli.js";

const FIXTURES = resolve(import.meta.dirname, "../../fixtures");
const folder = mkdtempSync(join(tmpdir(), "top-compile-html-"));
afterAll(() => rmSync(folder, { recursive: true }));

const at = (name: string): string => join(folder, name);
const schedule = at("schedule.json");

/** Explains a schedule as a page, and returns the page. */
async function pageFrom(file: string, ...rest: readonly string[]): Promise<string> {
  const out = at("page.html");
  const run = await runCli(["explain", file, "--html", out, "--force", ...rest]);
  expect(run).toMatchObject({ status: 0 });
  return readFileSync(out, "utf8");
}

/** The texts between the tags of an element. */
function inside(page: string, element: string): readonly string[] {
  return [...page.matchAll(new RegExp(`<${element}>([\\s\\S]*?)</${element}>`, "g"))].map(
    ([, text = ""]) => text,
  );
}

/** The page without its scripts, data and styles. */
function markupOf(page: string): string {
  return page.replaceAll(/<(script|style)\b[^>]*>[\s\S]*?<\/\1>/g, "");
}

beforeAll(() => writeFileSync(schedule, encodeArtifact(ARTIFACT)));

describe("explain --html", () => {
  it("prints the report, and says where the page is", async () => {
    const plain = await runCli(["explain", schedule]);
    const run = await runCli(["explain", schedule, "--html", at("said.html")]);
    expect(run.status).toBe(0);
    expect(run.stdout).toBe(`${plain.stdout}\nwrote      ${at("said.html")}\n`);
    const json = await runCli(["explain", schedule, "--json", "--html", at("said.html")]);
    expect(JSON.parse(json.stdout)).toMatchObject({ latencyNs: 6_000_000 });
  });

  it("writes the same bytes again, of which nothing is fetched", async () => {
    const page = await pageFrom(schedule);
    expect(await pageFrom(schedule)).toBe(page);
    const addresses = [...page.matchAll(/\s(?:src|href|srcset|action|data)="([^"]*)"/g)].map(
      ([, address = ""]) => address,
    );
    expect(addresses.filter((address) => !/^(?:#|data:,$)/.test(address))).toEqual([]);
    expect(inside(page, "style").join("")).not.toMatch(/url\(|@import/);
  });

  it("allows its own scripts and styles, and nothing else", async () => {
    const page = await pageFrom(schedule);
    const [, policy = ""] =
      /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page) ?? [];
    const digest = (text: string): string =>
      `&#39;sha256-${createHash("sha256").update(text).digest("base64")}&#39;`;
    const scripts = inside(page, "script");
    const styles = inside(page, "style");
    expect([scripts.length, styles.length]).toEqual([2, 1]);
    expect(policy).toBe(
      [
        "default-src &#39;none&#39;",
        `script-src ${scripts.map(digest).join(" ")}`,
        `style-src ${styles.map(digest).join(" ")}`,
        "img-src data:",
        "base-uri &#39;none&#39;",
        "form-action &#39;none&#39;",
      ].join("; "),
    );
    expect(markupOf(page)).not.toMatch(/\sstyle=|\son\w+=/);
  });

  it("has the licenses of the libraries in it", async () => {
    const page = await pageFrom(schedule);
    for (const name of ["d3-zoom", "d3-transition", "uplot"]) {
      expect(page).toMatch(new RegExp(`/\\*! ${name}\\n[^*]*Copyright`));
    }
  });

  it("has the tables of the report", async () => {
    const text = markupOf(await pageFrom(schedule));
    const captions = [...text.matchAll(/<caption>(.*?)<\/caption>/g)].map(([, caption]) => caption);
    expect(captions).toEqual([
      "candidates",
      "streams",
      "what the end waits for: 3 operators, 6.00 ms of work and 0 ns between them",
      "slowest operators",
      "made from",
    ]);
    expect(text).toContain(
      '<tr><th scope="row" class="left">b</th><td class="right">4.00 ms</td><td class="right">45.5 %</td></tr>',
    );
    expect(text).toContain(">verify refuses this schedule: ");
  });

  it("takes names for text only", async () => {
    const file = at("hostile.json");
    writeFileSync(file, encodeArtifact(hostileArtifact()));
    const page = await pageFrom(file);
    const names = [...page.matchAll(/<(\/?[a-z!][\w-]*)/gi)].map(([, name]) => name);
    expect(names.filter((name) => /^(?:img|iframe|object)$/i.test(name ?? ""))).toEqual([]);
    expect(page.match(/<script/g)).toHaveLength(3);
    expect(page.match(/<style/g)).toHaveLength(1);
    expect(page.match(/<!--/g)).toBeNull();
    const [, json = ""] = /id="report-data">(.*?)<\/script>/s.exec(page) ?? [];
    const { timeline } = JSON.parse(json);
    expect(timeline.labels[0]).toMatch(/^<\/script><script>/);
    expect(page).not.toContain("\u202e");
  });

  it("does not overwrite other files", async () => {
    writeFileSync(at("mine.html"), "<!doctype html><p>mine");
    const run = await runCli(["explain", schedule, "--html", at("mine.html")]);
    expect(run).toMatchObject({ status: 1, stdout: "" });
    expect(run.stderr).toContain("error[file-exists]");
    expect(run.stderr).toContain("--html FILE");
    expect(readFileSync(at("mine.html"), "utf8")).toBe("<!doctype html><p>mine");
    const same = await runCli(["explain", schedule, "--html", schedule, "--force"]);
    expect(same.status).toBe(2);
    expect(same.stderr).toContain("error[output-is-input]");
  });

  it("writes nothing for a file without a schedule", async () => {
    writeFileSync(at("none.json"), encodeArtifact({ provenance: ARTIFACT.provenance }));
    const run = await runCli(["explain", at("none.json"), "--html", at("none.html")]);
    expect(run).toMatchObject({ status: 1, stdout: "" });
    expect(() => readFileSync(at("none.html"))).toThrow("ENOENT");
  });
});

describe("the graph of a page", () => {
  const model = at("two-branch.onnx");
  const compiled = at("two-branch.schedule.json");

  beforeAll(async () => {
    copyFileSync(join(FIXTURES, "models/two-branch.onnx"), model);
    const run = await runCli([model, "--device", "h200", "-o", compiled]);
    expect(run).toMatchObject({ status: 0 });
  });

  it("is that of the model, where it is beside the schedule or named", async () => {
    const page = await pageFrom(compiled);
    expect(page).toContain(">Operator graph</h2>");
    // Line ends of our own are none that have to be shown.
    expect(markupOf(page)).not.toContain("\\u000a");
    const elsewhere = at("elsewhere");
    writeFileSync(`${elsewhere}.json`, readFileSync(compiled));
    expect(await pageFrom(`${elsewhere}.json`, "--model", model)).toContain(">Operator graph</h2>");
  });

  it("is the order of launches where the model is not there, which is said", async () => {
    const alone = mkdtempSync(join(folder, "alone-"));
    const file = join(alone, "s.json");
    copyFileSync(compiled, file);
    const out = join(alone, "s.html");
    const run = await runCli(["explain", file, "--html", out]);
    expect(run.status).toBe(0);
    expect(run.stderr).toContain("the graph of the model is not shown: ");
    const page = readFileSync(out, "utf8");
    expect(page).toContain(">Order of launches</h2>");
    expect(page).toContain('<p class="note">the graph of the model is not shown: ');
  });

  it("fails for a model that the user names and that is another", async () => {
    const other = join(FIXTURES, "models/squeezenet.onnx");
    const argv = ["explain", compiled, "--html", at("o.html"), "--model", other];
    const run = await runCli(argv);
    expect(run).toMatchObject({ status: 1, stdout: "" });
    expect(run.stderr).toContain("error[schedule-of-another-model]");
    expect(() => readFileSync(at("o.html"))).toThrow("ENOENT");
  });
});
