import { beforeAll, describe, expect, it } from "vitest";
import { fidelityDocument } from "../../bench/fidelity/document.js";
import { type Fidelity, fidelity } from "../../bench/fidelity/fidelity.js";

describe("predictions beside published measurements", () => {
  let found: Fidelity;

  beforeAll(async () => {
    found = await fidelity();
  });

  it("are what docs/fidelity.md says", async () => {
    await expect(fidelityDocument(found)).toMatchFileSnapshot("../../../docs/fidelity.md");
  });
});
