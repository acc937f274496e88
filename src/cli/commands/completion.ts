import type { RegisterCommand } from "../command.js";
import { bashCompletion } from "../completion/bash.js";
import { type CommandWords, wordsOfCommands } from "../completion/command-words.js";
import { fishCompletion } from "../completion/fish.js";
import { zshCompletion } from "../completion/zsh.js";
import { EXIT } from "../exit-code.js";
import type { CommonOptions } from "../io.js";
import { addOptions } from "../options/add-options.js";

const EXAMPLES = `
Examples:
  source <(top-compile completion bash)    in ~/.bashrc
  source <(top-compile completion zsh)     in ~/.zshrc, after compinit
  top-compile completion fish | source     in ~/.config/fish/config.fish
`;

/** The shells, and how each is told. */
const SHELLS: Readonly<Record<string, (commands: readonly CommandWords[]) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

/** `completion`: prints what a shell needs to complete commands, options and their values. */
export const registerCompletion: RegisterCommand = (command, run, commands) => {
  command.registeredArguments[0]?.choices(Object.keys(SHELLS));
  addOptions<CommonOptions>(command, {}, EXAMPLES);
  command.action(async (shell: string, options: CommonOptions) => {
    await run(options, async ({ io }) => {
      const words = await wordsOfCommands(commands);
      // As it is: a script is not wrapped, and has no JSON form.
      io.stdout.write(SHELLS[shell]?.(words) ?? "");
      return { ok: true, value: EXIT.done };
    });
  });
};
