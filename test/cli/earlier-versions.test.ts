/** What earlier versions wrote is still valid. */
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { runCli } from "../support/run-cli.js";

const ARTIFACTS = resolve(import.meta.dirname, "../../fixtures/artifacts");
const MODELS = resolve(import.meta.dirname, "../../fixtures/models");

const versions = readdirSync(ARTIFACTS, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

/** Where the fixture models are that are not at the top. */
const FOLDERS: Readonly<Record<string, string>> = { "unsorted.onnx": "small" };

interface Written {
  readonly provenance: {
    readonly tool: string;
    readonly inputs: readonly { readonly role: string; readonly name: string }[];
  };
}

describe.each(versions)("a schedule of version %s", (version) => {
  const folder = join(ARTIFACTS, version);

  it.each(readdirSync(folder))("%s is verified", async (name) => {
    const file = join(folder, name);
    const { provenance } = JSON.parse(readFileSync(file, "utf8")) as Written;
    const model = provenance.inputs.find(({ role }) => role === "model")?.name;
    const place = model === undefined ? [] : ["--model", join(MODELS, FOLDERS[model] ?? "", model)];
    const { status, stdout, stderr } = await runCli(["verify", file, ...place]);
    expect({ status, stderr }).toMatchObject({ status: 0 });
    expect(stdout).toContain("valid");
    expect(provenance.tool).toContain(version);
  });

  it("is there for every kind of section", () => {
    const sections = readdirSync(folder).flatMap((name) =>
      Object.keys(JSON.parse(readFileSync(join(folder, name), "utf8"))),
    );
    for (const section of ["operators", "stages", "pipeline"]) {
      expect(sections).toContain(section);
    }
  });
});
