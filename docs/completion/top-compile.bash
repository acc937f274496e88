# Completion of top-compile for bash: source <(top-compile completion bash)
_top_compile() {
  local current="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD - 1]}"
  # bash takes --name=value for three words.
  if [[ $current == "=" ]]; then
    current=""
  elif [[ $before == "=" ]]; then
    before="${COMP_WORDS[COMP_CWORD - 2]}"
  fi
  local command="compile" words="" kind=""
  case "${COMP_WORDS[1]}" in
    compile | search | partition | launch | inspect | profile | run | verify | explain | export | import | build | init | completion | doctor) command="${COMP_WORDS[1]}" ;;
  esac
  case "${COMP_WORDS[1]} ${COMP_WORDS[2]}" in
    "profile import") command="${COMP_WORDS[1]} ${COMP_WORDS[2]}" ;;
  esac
  case "$command $before" in
    "compile --out" | "compile -o" | "compile --profile" | "compile --placement" | "compile --allow-external" | "search --out" | "search -o" | "partition --out" | "partition -o" | "partition --profile" | "partition --placement" | "partition --allow-external" | "launch --arrivals" | "launch --out" | "launch -o" | "launch --save-trace" | "launch --profile" | "launch --allow-external" | "inspect --allow-external" | "profile --out" | "profile -o" | "profile --allow-external" | "profile import --model" | "profile import --out" | "profile import -o" | "profile import --allow-external" | "run --model" | "run --arrivals" | "run --save-trace" | "run --profile" | "run --allow-external" | "verify --model" | "verify --allow-external" | "explain --html" | "explain --model" | "explain --allow-external" | "export --out" | "export -o" | "export --model" | "export --measured" | "export --allow-external" | "import --out" | "import -o" | "import --placement-out" | "import --placement" | "build --config") kind="files" ;;
    "compile --device" | "partition --device" | "launch --device" | "profile import --device" | "init --device") kind="words" words="cpu cuda h200 h100 a100-pcie-80gb a100-pcie-40gb v100 v100-pcie rtx-2080-ti rtx-2080-super t4" ;;
    "compile --algorithm") kind="words" words="sequential top-compile opara nimble wavefront ios" ;;
    "compile --batch" | "compile --dim" | "compile --input" | "compile --seed" | "compile --max-streams" | "compile --concurrency" | "compile --progress" | "compile --devices" | "compile --chunks" | "compile --fine-tune" | "compile --backward-ratio" | "compile --weight-ratio" | "compile --parameter-copies" | "compile --tensor-efficiency" | "compile --link-bandwidth" | "compile --link-latency" | "compile --memory" | "compile --micro-batches" | "compile --width" | "search --memory" | "search --micro-batches" | "search --seed" | "search --max-nodes" | "search --time-limit" | "search --devices" | "search --forward" | "search --backward" | "search --weight" | "search --chunks" | "search --latency" | "search --layers" | "search --against" | "search --embedding" | "search --head" | "search --mtp" | "search --mtp-layers" | "search --layer-memory" | "search --width" | "partition --dim" | "partition --input" | "partition --seed" | "partition --stages" | "partition --chunks" | "partition --fine-tune" | "partition --backward-ratio" | "partition --weight-ratio" | "partition --parameter-copies" | "partition --tensor-efficiency" | "partition --link-bandwidth" | "partition --link-latency" | "partition --memory" | "partition --micro-batches" | "partition --width" | "launch --rate" | "launch --dim" | "launch --seed" | "launch --samples" | "launch --train-steps" | "launch --rates-scale" | "launch --width" | "inspect --dim" | "inspect --width" | "profile --device" | "profile --dim" | "profile --input" | "profile --seed" | "profile --width" | "profile import --dim" | "profile import --workers-of" | "profile import --width" | "run --device" | "run --rounds" | "run --input" | "run --seed" | "run --rate" | "run --duration" | "run --sessions" | "run --threads" | "run --batch" | "run --period" | "run --dim" | "run --width" | "verify --width" | "explain --against" | "explain --width" | "export --width" | "import --chains" | "import --forward" | "import --backward" | "import --weight" | "import --latency" | "import --width" | "build --jobs" | "build --width" | "init --width" | "completion --width" | "doctor --width") kind="nothing" ;;
    "compile --inputs" | "partition --stage-models" | "partition --inputs" | "profile --inputs" | "run --inputs" | "run --save-outputs") kind="folders" ;;
    "compile --math" | "partition --math" | "launch --math" | "profile --math" | "profile import --math" | "run --math") kind="words" words="tf32 ieee torch f16" ;;
    "compile --fuse" | "partition --fuse" | "profile --fuse" | "run --fuse") kind="words" words="patterns elements none" ;;
    "compile --shape" | "search --shape" | "partition --shape") kind="words" words="v x m nn nn-eager k mllm finetune alphafold interleaved-1f1b zb-h zb-v dualpipe" ;;
    "compile --method" | "partition --method") kind="words" words="gpg chain-dp annealing hill-climbing greedy exhaustive" ;;
    "compile --mode" | "search --mode" | "partition --mode") kind="words" words="infer train" ;;
    "compile --pipeline-algorithm" | "search --algorithm") kind="words" words="top-compile quick modulo greedy gpipe 1f1b interleaved-1f1b zb-h1 zb-h2 zb-v chimera tessel tessel-fast" ;;
    "compile --effort" | "search --effort") kind="words" words="quick default thorough" ;;
    "search --preset") kind="words" words="megatron torchtitan deepspeed" ;;
    "search --objective") kind="words" words="makespan span bubble" ;;
    "search --layout") kind="words" words="search" ;;
    "run --policy") kind="words" words="fifo greedy static cross-entropy maddpg reactive" ;;
    "export --to") kind="words" words="csv chrome-trace svg dot placement pytorch ort triton hints" ;;
  esac
  if [[ -z $kind && $current == -* ]]; then
    kind="words"
    case "$command" in
      "compile") words="--out --force --device --profile --algorithm --batch --dim --input --inputs --seed --remeasure --math --merge-convolutions --estimate-unsupported --fuse --max-streams --concurrency --progress --compare --devices --placement --shape --chunks --method --fine-tune --mode --backward-ratio --weight-ratio --parameter-copies --tensor-efficiency --link-bandwidth --link-latency --memory --micro-batches --pipeline-algorithm --effort --all-instances --ascii --allow-external --json --quiet --verbose --no-color --width --help" ;;
      "search") words="--shape --preset --memory --micro-batches --algorithm --effort --objective --seed --max-nodes --time-limit --pareto --out --force --all-instances --ascii --devices --mode --forward --backward --weight --chunks --latency --layers --layout --against --embedding --head --mtp --mtp-layers --layer-memory --json --quiet --verbose --no-color --width --help" ;;
      "partition") words="--out --force --stage-models --device --profile --dim --input --inputs --seed --remeasure --math --fuse --stages --placement --shape --chunks --method --fine-tune --mode --backward-ratio --weight-ratio --parameter-copies --tensor-efficiency --link-bandwidth --link-latency --memory --micro-batches --allow-external --json --quiet --verbose --no-color --width --help" ;;
      "launch") words="--arrivals --rate --device --math --dim --seed --samples --train-steps --rates-scale --out --force --save-trace --profile --remeasure --allow-external --json --quiet --verbose --no-color --width --help" ;;
      "inspect") words="--dim --allow-external --json --quiet --verbose --no-color --width --help" ;;
      "profile") words="--out --force --device --dim --input --inputs --seed --math --estimate-unsupported --fuse --allow-external --json --quiet --verbose --no-color --width --help" ;;
      "profile import") words="--model --out --force --device --dim --match-by-order --math --workers-of --allow-external --json --quiet --verbose --no-color --width --help" ;;
      "run") words="--model --device --rounds --input --inputs --save-outputs --force --seed --ascii --math --estimate-unsupported --fuse --arrivals --rate --duration --policy --save-trace --sessions --threads --batch --period --profile --remeasure --dim --allow-external --json --quiet --verbose --no-color --width --help" ;;
      "verify") words="--model --allow-external --json --quiet --verbose --no-color --width --help" ;;
      "explain") words="--against --html --force --model --ascii --allow-external --json --quiet --verbose --no-color --width --help" ;;
      "export") words="--to --out --force --model --measured --compute-only --allow-external --json --quiet --verbose --no-color --width --help" ;;
      "import") words="--out --placement-out --placement --chains --forward --backward --weight --latency --force --ascii --json --quiet --verbose --no-color --width --help" ;;
      "build") words="--config --check --remake --jobs --json --quiet --verbose --no-color --width --help" ;;
      "init") words="--device --json --quiet --verbose --no-color --width --help" ;;
      "completion") words="--json --quiet --verbose --no-color --width --help" ;;
      "doctor") words="--json --quiet --verbose --no-color --width --help" ;;
    esac
  elif [[ -z $kind && $COMP_CWORD == 1 ]]; then
    kind="words and files"
    words="compile search partition launch inspect profile run verify explain export import build init completion doctor help"
  elif [[ -z $kind && ${COMP_WORDS[1]} == help ]]; then
    kind="words"
    words="compile search partition launch inspect profile run verify explain export import build init completion doctor"
  elif [[ -z $kind ]]; then
    case "$command" in
      "compile") kind="files" ;;
      "search") kind="files" ;;
      "partition") kind="files" ;;
      "launch") kind="files" ;;
      "inspect") kind="files" ;;
      "profile") kind="files" ;;
      "profile import") kind="files" ;;
      "run") kind="files" ;;
      "verify") kind="files" ;;
      "explain") kind="files" ;;
      "export") kind="files" ;;
      "import") kind="files" ;;
      "build") kind="nothing" ;;
      "init") kind="nothing" ;;
      "completion") kind="words" words="bash zsh fish" ;;
      "doctor") kind="nothing" ;;
    esac
    [[ $COMP_CWORD == 2 && ${COMP_WORDS[1]} == profile ]] && kind="words and files" words="import"
  fi
  local IFS=$'\n'
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
