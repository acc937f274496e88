import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import packageJson from "../../package.json" with { type: "json" };

const ROOT = resolve(import.meta.dirname, "../..");

function filesBelow(folder: string, ending: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => join(entry.parentPath, entry.name));
}

const PAGES = [join(ROOT, "README.md"), join(ROOT, "CHANGELOG.md"), ...filesBelow("docs", ".md")];
const SOURCE = filesBelow("src", ".ts")
  .map((file) => readFileSync(file, "utf8"))
  .join("\n");
const HELP = readFileSync(join(ROOT, "docs/cli.md"), "utf8");

/** Options of other programs that documents name: npm's, vitest's, NVRTC's, the helper's, our benches', other tools' up to their first capital. */
const OTHER_OPTIONS = new Set([
  "--omit",
  "--pool",
  "--config",
  "--run",
  "--fmad",
  "--max-old-space-size",
  "--lib-dir",
  "--probe",
  "--quick",
  "--only",
  // The first hour, other runtimes.
  "--minutes",
  "--report",
  "--autotune",
  "--version",
  "--short",
  // torchrun.
  "--nproc-per-node",
  // Megatron-LM.
  "--pipeline-model-parallel-size",
  "--num-layers-per-virtual-pipeline-stage",
  "--num-layers",
  "--pipeline-model-parallel-layout",
  // Perf Analyzer.
  "--request-intervals",
  // trtexec, builds of ONNX Runtime.
  "--onnx",
  "--profiling",
  "--export",
  "--separate",
  "--no",
  "--use",
  "--max",
  "--enable",
]);

/** Heading of a page as the fragment of a link. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, "")
    .replaceAll(" ", "-");

const textOf = (page: string): string => readFileSync(page, "utf8");

/** What of a page is missing, by name of the page; pages without anything are left out. */
function missing(find: (text: string, page: string) => readonly string[]): Record<string, unknown> {
  const found = PAGES.map(
    (page) => [page.slice(ROOT.length + 1), find(textOf(page), page)] as const,
  );
  return Object.fromEntries(found.filter(([, list]) => list.length > 0));
}

const all = (text: string, pattern: RegExp): string[] => [
  ...new Set([...text.matchAll(pattern)].map((match) => match[1] ?? match[0])),
];

describe("documents mention only", () => {
  it("options that the help has", () => {
    const known = new Set([...all(HELP, /--[a-z][a-z-]*/g), ...OTHER_OPTIONS]);
    expect(
      missing((text) => all(text, /(?<![\w-])--[a-z][a-z-]*/g).filter((name) => !known.has(name))),
    ).toEqual({});
  });

  it("npm scripts that there are", () => {
    const scripts = new Set(Object.keys(packageJson.scripts));
    expect(
      missing((text) => all(text, /npm\s+run\s+([\w:-]+)/g).filter((name) => !scripts.has(name))),
    ).toEqual({});
  });

  it("pages, headings and files that there are", () => {
    const broken = (text: string, page: string): string[] =>
      all(text, /\]\(([^)]+)\)/g).filter((link) => {
        if (/^https?:/.test(link)) {
          return false;
        }
        const [path = "", fragment] = link.split("#");
        const target = path === "" ? page : join(dirname(page), path);
        const headings = (file: string) => all(textOf(file), /^#+ (.*)$/gm).map(anchorOf);
        return (
          !existsSync(target) || (fragment !== undefined && !headings(target).includes(fragment))
        );
      });
    expect(missing(broken)).toEqual({});
  });

  it("paths of the repository that there are", () => {
    const paths = (text: string): string[] =>
      all(text, /`((?:src|test|fixtures|native|docs)\/[\w./-]+)`/g);
    expect(missing((text) => paths(text).filter((path) => !existsSync(join(ROOT, path))))).toEqual(
      {},
    );
  });

  it("codes of failures that the source has", () => {
    const codes = (text: string): string[] =>
      all(text, /^\| ((?:`[a-z]+(?:-[a-z]+)+`(?:, )?)+) \|/gm).flatMap((cell) =>
        all(cell, /`([^`]+)`/g),
      );
    const inNative = readFileSync(join(ROOT, "docs/native-protocol.md"), "utf8");
    expect(
      missing((text) =>
        text === inNative ? [] : codes(text).filter((code) => !SOURCE.includes(`"${code}"`)),
      ),
    ).toEqual({});
  });
});
