import type { CommandWords, OptionWords } from "./command-words.js";

/** The completion of zsh. */
export function zshCompletion(commands: readonly CommandWords[]): string {
  const single = commands.filter(({ name }) => !name.includes(" "));
  const double = commands.filter(({ name }) => name.includes(" "));
  return `#compdef top-compile
# Completion of top-compile for zsh: top-compile completion zsh > FOLDER_OF_FPATH/_top-compile
_top_compile() {
  local -a commands
  commands=(
${[...single.map(({ name, help }) => described(name, help)), described("help", "print the help of a command")].map((line) => `    ${line}`).join("\n")}
  )
  local command=compile
  if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then
    _describe -t commands command commands
    _files
    return
  fi
  if [[ $words[2] == help ]]; then
    _describe -t commands command commands
    return
  fi
  case $words[2] in
    ${single.map(({ name }) => name).join("|")})
      command=$words[2]
      shift words
      (( CURRENT -= 1 ))
      ;;
  esac
${double.map(({ name }) => secondWord(name)).join("\n")}
  case $command in
${commands.map(commandCase).join("\n")}
  esac
}
if [[ $funcstack[1] == _top-compile ]]; then
  _top_compile "$@"
else
  compdef _top_compile top-compile
fi
`;
}

function described(name: string, help: string): string {
  return quote(`${name}:${help}`);
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function secondWord(name: string): string {
  const [first, second] = name.split(" ");
  return `  if [[ $command == ${first} && CURRENT -gt 2 && $words[2] == ${second} ]]; then
    command='${name}'
    shift words
    (( CURRENT -= 1 ))
  elif [[ $command == ${first} && CURRENT -eq 2 ]]; then
    compadd ${second}
  fi`;
}

function commandCase({ name, options, values, takesFiles }: CommandWords): string {
  const argument =
    values === undefined
      ? takesFiles
        ? ["'*:file:_files'"]
        : []
      : [quote(`1:word:(${values.join(" ")})`)];
  const lines = [...options.flatMap(optionSpecs), ...argument];
  return `    ${quote(name)})
      _arguments -s \\
${lines.map((line) => `        ${line}`).join(" \\\n")}
      ;;`;
}

/** Every name of an option excludes nothing: some may be repeated. */
function optionSpecs({ names, kind, values, help }: OptionWords): readonly string[] {
  const text = help.replaceAll(/([[\]:\\])/g, "\\$1");
  return names.map((name) => {
    const takes = kind !== "none" && name.startsWith("--") ? "=" : "";
    return quote(`*${name}${takes}[${text}]${actionOf(kind, values)}`);
  });
}

function actionOf(kind: OptionWords["kind"], values: readonly string[]): string {
  switch (kind) {
    case "none":
      return "";
    case "file":
      return ":file:_files";
    case "folder":
      return ":folder:_files -/";
    case "words":
      return `:value:(${values.join(" ")})`;
    case "other":
      return ":value: ";
  }
}
