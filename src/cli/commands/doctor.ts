import { examineMachine } from "../../driver/doctor.js";
import type { Finding } from "../../driver/finding.js";
import { cacheFolder } from "../cache-folder.js";
import type { RegisterCommand } from "../command.js";
import { EXIT } from "../exit-code.js";
import type { CommonOptions } from "../io.js";
import { addOptions } from "../options/add-options.js";

const EXAMPLES = `
On a machine with an NVIDIA driver this builds the GPU helper (once, about 15 s)
and asks it which GPUs and libraries it finds. TOP_COMPILE_CUDA_LIBS names
folders, separated by colons, in which NVIDIA's libraries are looked for first.

Exit status 4: something that commands need is missing.

Example:
  top-compile doctor
`;

/** `doctor`: checks this machine for the things that commands need. */
export const registerDoctor: RegisterCommand = (command, run) => {
  addOptions<CommonOptions>(command, {}, EXAMPLES);
  command.action(async (options: CommonOptions) => {
    await run(options, async ({ io, print }) => {
      const findings = await examineMachine({
        cacheFolder: cacheFolder(io.env),
        user: process.getuid?.(),
        env: io.env,
        node: process.versions.node,
      });
      print({ text: () => renderFindings(findings), json: () => ({ findings }) });
      const isComplete = findings.every(({ status }) => status !== "missing");
      return { ok: true, value: isComplete ? EXIT.done : EXIT.environment };
    });
  });
};

function renderFindings(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ name }) => name.length));
  return findings
    .flatMap(({ name, status, value, hint }) => [
      `${name.padEnd(width)}  ${status.padEnd(7)}  ${value}`,
      ...(hint === undefined ? [] : [`${"".padEnd(width + 11)}${hint}`]),
    ])
    .join("\n");
}
