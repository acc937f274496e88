import { describe, expect, it } from "vitest";
import { linkScripts } from "../../../../src/report/html/link-scripts.js";

function linked(modules: Readonly<Record<string, string>>, entry: string = "a/main.js"): string {
  return linkScripts((name) => modules[name] ?? `export {};\nmissing(${name});\n`, entry);
}

/** Runs a linked script, and returns what it calls `done` with. */
function resultOf(script: string): unknown {
  let result: unknown;
  new Function("done", script)((value: unknown) => {
    result = value;
  });
  return result;
}

describe("linkScripts", () => {
  it("gives one script that does what the modules do", () => {
    const script = linked({
      "a/main.js": `import { two,\n  three } from "./b/more.js";\nimport { one } from "../c.js";\ndone(one + two() + three);\n`,
      "a/b/more.js": `import { one } from "../../c.js";\nexport function two() { return 2 * one; }\nexport const three = two() + one;\n`,
      "c.js": `export const one = 1;\nexport {};\n`,
    });
    expect(resultOf(script)).toBe(6);
  });

  it("takes modules that import each other", () => {
    const script = linked({
      "a/main.js": `import { even } from "./even.js";\ndone(even(10));\n`,
      "a/even.js": `import { odd } from "./odd.js";\nexport function even(n) { return n === 0 || odd(n - 1); }\n`,
      "a/odd.js": `import { even } from "./even.js";\nexport function odd(n) { return n !== 0 && even(n - 1); }\n`,
    });
    expect(resultOf(script)).toBe(true);
  });

  it.each([
    ["a name of two modules", `import { x } from "./x.js";\nconst y = x;\n`, "y is declared in"],
    ["another name", `import { x as z } from "./x.js";\n`, "another name"],
    ["a whole module", `import * as all from "./x.js";\n`, "linking does not know"],
    ["a package", `import { zoom } from "d3-zoom";\n`, "linking does not know"],
    ["a default", `export default 1;\n`, "linking does not know"],
  ])("refuses %s", (_what, main, words) => {
    const modules = { "a/main.js": main, "a/x.js": "export const x = 1;\nconst y = 2;\n" };
    expect(() => linked(modules)).toThrow(words);
  });
});
