import type { CommandWords, OptionWords } from "./command-words.js";

/** The completion of bash, from version 3.2. */
export function bashCompletion(commands: readonly CommandWords[]): string {
  const single = commands.map(({ name }) => name).filter((name) => !name.includes(" "));
  const double = commands.map(({ name }) => name).filter((name) => name.includes(" "));
  return `# Completion of top-compile for bash: source <(top-compile completion bash)
_top_compile() {
  local current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD - 1]}"
  # bash takes --name=value for three words.
  if [[ $current == "=" ]]; then
    current=""
  elif [[ $before == "=" ]]; then
    before="\${COMP_WORDS[COMP_CWORD - 2]}"
  fi
  local command="compile" words="" kind=""
  case "\${COMP_WORDS[1]}" in
    ${single.join(" | ")}) command="\${COMP_WORDS[1]}" ;;
  esac
  case "\${COMP_WORDS[1]} \${COMP_WORDS[2]}" in
    ${double.map((name) => `"${name}"`).join(" | ")}) command="\${COMP_WORDS[1]} \${COMP_WORDS[2]}" ;;
  esac
  case "$command $before" in
${valueCases(commands).join("\n")}
  esac
  if [[ -z $kind && $current == -* ]]; then
    kind="words"
    case "$command" in
${commands.map(({ name, options }) => `      "${name}") words="${optionNames(options)}" ;;`).join("\n")}
    esac
  elif [[ -z $kind && $COMP_CWORD == 1 ]]; then
    kind="words and files"
    words="${[...single, "help"].join(" ")}"
  elif [[ -z $kind && \${COMP_WORDS[1]} == help ]]; then
    kind="words"
    words="${single.join(" ")}"
  elif [[ -z $kind ]]; then
    case "$command" in
${commands.map(argumentCase).join("\n")}
    esac
${secondWords(double)}
  fi
  local IFS=$'\\n'
  COMPREPLY=()
  case "$kind" in
    *words*) COMPREPLY=($(IFS=" " compgen -W "$words" -- "$current")) ;;
  esac
  case "$kind" in
    *files*) COMPREPLY+=($(compgen -f -- "$current")) ;;
    folders) COMPREPLY+=($(compgen -d -- "$current")) ;;
  esac
  case "$kind" in
    *files* | folders) compopt -o filenames 2> /dev/null ;;
  esac
}
complete -F _top_compile top-compile
`;
}

function optionNames(options: readonly OptionWords[]): string {
  return options.map(({ names }) => names[0]).join(" ");
}

/** What follows an option that takes a value; options of the same kind and words share a line. */
function valueCases(commands: readonly CommandWords[]): readonly string[] {
  const cases = new Map<string, string[]>();
  for (const { name, options } of commands) {
    for (const { names, kind, values } of options) {
      const action = actionOf(kind, values);
      if (action !== undefined) {
        const patterns = names.map((each) => `"${name} ${each}"`);
        cases.set(action, [...(cases.get(action) ?? []), ...patterns]);
      }
    }
  }
  return [...cases].map(([action, patterns]) => `    ${patterns.join(" | ")}) ${action} ;;`);
}

function actionOf(kind: OptionWords["kind"], values: readonly string[]): string | undefined {
  switch (kind) {
    case "none":
      return undefined;
    case "file":
      return 'kind="files"';
    case "folder":
      return 'kind="folders"';
    case "words":
      return `kind="words" words="${values.join(" ")}"`;
    case "other":
      return 'kind="nothing"';
  }
}

function argumentCase({ name, values, takesFiles }: CommandWords): string {
  const action =
    values === undefined
      ? `kind="${takesFiles ? "files" : "nothing"}"`
      : `kind="words" words="${values.join(" ")}"`;
  return `      "${name}") ${action} ;;`;
}

/** Second words of commands that have two, offered beside files. */
function secondWords(names: readonly string[]): string {
  return names
    .map((name) => {
      const [first, second] = name.split(" ");
      return `    [[ $COMP_CWORD == 2 && \${COMP_WORDS[1]} == ${first} ]] && kind="words and files" words="${second}"`;
    })
    .join("\n");
}
