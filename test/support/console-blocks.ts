/** What a command of a document printed, on both streams. */
export type RunCommand = (argv: readonly string[]) => Promise<string>;

/**
 * A Markdown document with what its commands really print: in every block marked `console`, what
 * follows a line `$ top-compile ...` (or `$ npx top-compile ...`) up to the next such line or the
 * end of the block is replaced. Commands run one after the other, in the order of the document.
 */
export async function withRealOutput(markdown: string, run: RunCommand): Promise<string> {
  const parts = markdown.split(/^(```console\n[\s\S]*?^```$)/m);
  for (const [at, part] of parts.entries()) {
    if (part.startsWith("```console\n")) {
      parts[at] = await realBlock(part, run);
    }
  }
  return parts.join("");
}

async function realBlock(block: string, run: RunCommand): Promise<string> {
  const lines: string[] = [];
  let isReplaced = false;
  for (const line of block.split("\n").slice(0, -1)) {
    const command = /^\$ (?:npx )?top-compile (.*)$/.exec(line)?.[1];
    if (command !== undefined) {
      lines.push(line, ...(await run(command.trim().split(/\s+/))).trimEnd().split("\n"));
      isReplaced = true;
    } else if (line.startsWith("$ ") || line.startsWith("```")) {
      lines.push(line);
      isReplaced = false;
    } else if (!isReplaced) {
      lines.push(line);
    }
  }
  return [...lines, "```"].join("\n");
}
