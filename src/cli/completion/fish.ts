import type { CommandWords, OptionWords } from "./command-words.js";

/** The completion of fish. */
export function fishCompletion(commands: readonly CommandWords[]): string {
  const single = commands.filter(({ name }) => !name.includes(" "));
  const double = commands.filter(({ name }) => name.includes(" "));
  const lines = [
    ...single.map(({ name, help }) => commandLine("__top_compile_at 1", name, help)),
    commandLine("__top_compile_at 1", "help", "print the help of a command"),
    ...single.map(({ name, help }) => commandLine("__top_compile_after help", name, help)),
    ...double.map(({ name, help }) => {
      const [first = "", second = ""] = name.split(" ");
      return commandLine(`__top_compile_after ${first}`, second, help);
    }),
    ...commands.flatMap(linesOf),
  ];
  return `# Completion of top-compile for fish: top-compile completion fish | source
function __top_compile_at
    test (count (commandline -opc)) -eq $argv[1]
end
function __top_compile_after
    set -l words (commandline -opc)
    test (count $words) -eq 2; and test "$words[2]" = "$argv[1]"
end
function __top_compile_is
    set -l words (commandline -opc)
    set -l command compile
    switch "$words[2]"
        case ${single.map(({ name }) => name).join(" ")}
            set command $words[2]
    end
    switch "$words[2] $words[3]"
        case ${double.map(({ name }) => quote(name)).join(" ")}
            set command "$words[2] $words[3]"
    end
    test "$command" = "$argv[1]"
end
${lines.join("\n")}
`;
}

function quote(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}

function commandLine(condition: string, word: string, help: string): string {
  return `complete -c top-compile -n ${quote(condition)} -a ${quote(word)} -d ${quote(help)}`;
}

function linesOf({ name, options, values, takesFiles }: CommandWords): readonly string[] {
  const start = `complete -c top-compile -n ${quote(`__top_compile_is "${name}"`)}`;
  const argument =
    values === undefined
      ? takesFiles
        ? []
        : [`${start} -f`]
      : [`${start} -f -a ${quote(values.join(" "))}`];
  return [
    ...argument,
    ...options.map(
      (option) =>
        `${start} ${namesOf(option)}${actionOf(option.kind, option.values)} -d ${quote(option.help)}`,
    ),
  ];
}

function namesOf({ names }: OptionWords): string {
  return names
    .map((name) => (name.startsWith("--") ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`))
    .join(" ");
}

function actionOf(kind: OptionWords["kind"], values: readonly string[]): string {
  switch (kind) {
    case "none":
      return "";
    case "file":
      return " -r -F";
    case "folder":
      return " -x -a '(__fish_complete_directories)'";
    case "words":
      return ` -x -a ${quote(values.join(" "))}`;
    case "other":
      return " -x";
  }
}
