import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { inputTables, withTables } from "../../../support/inputs-doc.js";

const PAGE = resolve(import.meta.dirname, "../../../../docs/inputs.md");

/** `npm run test:update` prints the tables again. */
describe("docs/inputs.md", () => {
  it("has every rule of the program", async () => {
    const text = readFileSync(PAGE, "utf8");
    for (const name of Object.keys(inputTables())) {
      expect(text).toContain(`<!-- ${name} -->\n`);
    }
    await expect(withTables(text)).toMatchFileSnapshot(PAGE);
  });
});
