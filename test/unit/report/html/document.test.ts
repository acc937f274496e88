import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { documentOf } from "../../../../src/report/html/document.js";
import { pageOf } from "../../../../src/report/html/page-of.js";
import { arbitraryArtifact } from "../../../support/arbitrary-artifacts.js";
import { ARTIFACT, SECTION } from "../../../support/artifacts.js";

const SOURCES = { name: "a.json", placement: undefined, model: undefined, notes: [] };

const ASSETS = { scripts: ["let a;", "let b;"], style: "p{}" };

describe("a page", () => {
  it("can be made of everything that the format allows, and its data be read", () => {
    fc.assert(
      fc.property(arbitraryArtifact, (artifact) => {
        const page = documentOf(pageOf(artifact, SOURCES), ASSETS);
        expect(page.match(/<script/g)).toHaveLength(3);
        expect(page).not.toMatch(
          /\b(?:x|y|d|width|height|viewBox|data-\w+)="[^"]*(?:NaN|Infinity|undefined)/,
        );
        const [, json = ""] = /id="report-data">(.*?)<\/script>/s.exec(page) ?? [];
        expect(JSON.parse(json)).toMatchObject({ unit: "ns" });
      }),
    );
  });

  it("shows a schedule of nothing", () => {
    const operators = { ...SECTION, launches: [], candidates: [] };
    const page = documentOf(pageOf({ ...ARTIFACT, operators }, SOURCES), ASSETS);
    expect(page).toContain('viewBox="0 0 0 0"');
  });

  it.each(["</script>", "<!-- -->", "a</STYLE "])("is not made with a script of %s", (script) => {
    expect(() => documentOf(pageOf(ARTIFACT, SOURCES), { ...ASSETS, scripts: [script] })).toThrow(
      "would end its element",
    );
  });
});
