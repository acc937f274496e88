import { describe, expect, it } from "vitest";
import { runCli } from "../support/run-cli.js";

/** docs/cli.md is the help of every command; `npm run test:update` writes it again. */
describe("docs/cli.md", () => {
  it("is what the program says of itself", async () => {
    const program = await runCli(["--help"]);
    const names = [...program.stdout.matchAll(/^ {2}([a-z]+) (?:\[options\])/gm)].map(
      (match) => match[1] ?? "",
    );
    expect(names.length).toBeGreaterThan(5);
    const sections = ["# Command line", "", "```", program.stdout.trimEnd(), "```"];
    for (const name of names) {
      const { stdout } = await runCli([name, "--help"]);
      sections.push("", `## ${name}`, "", "```", stdout.trimEnd(), "```");
    }
    await expect(`${sections.join("\n")}\n`).toMatchFileSnapshot("../../docs/cli.md");
  });
});
