#compdef top-compile
# Completion of top-compile for zsh: top-compile completion zsh > FOLDER_OF_FPATH/_top-compile
_top_compile() {
  local -a commands
  commands=(
    'compile:measure a model, search its operator schedule, write <model>.schedule.json'
    'search:search the pipeline schedule of a placement'
    'partition:cut a model into stages and write <model>.placement.json, for search'
    'launch:choose how to serve requests for several models that share a device, write <first>.policy.json'
    'inspect:show a model'\''s operators, FLOPs, bytes, width and critical path'
    'profile:measure a model, its best schedules and the baselines'
    'run:execute a schedule, check its outputs, compare it with ONNX Runtime'\''s own ways'
    'verify:check a schedule against its model, independently of the search'
    'explain:show a schedule'
    'export:write a schedule in the format of another tool'
    'import:make a schedule of what PyTorch runs'
    'build:make every schedule that top-compile.config.json lists, or check that all are current'
    'init:write a first top-compile.config.json from what is in the folder'
    'completion:print what a shell needs to complete commands and options'
    'doctor:show what this machine has'
    'help:print the help of a command'
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
    compile|search|partition|launch|inspect|profile|run|verify|explain|export|import|build|init|completion|doctor)
      command=$words[2]
      shift words
      (( CURRENT -= 1 ))
      ;;
  esac
  if [[ $command == profile && CURRENT -gt 2 && $words[2] == import ]]; then
    command='profile import'
    shift words
    (( CURRENT -= 1 ))
  elif [[ $command == profile && CURRENT -eq 2 ]]; then
    compadd import
  fi
  case $command in
    'compile')
      _arguments -s \
        '*--out=[where to write the schedule]:file:_files' \
        '*-o[where to write the schedule]:file:_files' \
        '*--force[overwrite a file that is not a schedule]' \
        '*--device=[cpu, cuda or cuda\:N, a GPU by its data sheet]:value:(cpu cuda h200 h100 a100-pcie-80gb a100-pcie-40gb v100 v100-pcie rtx-2080-ti rtx-2080-super t4)' \
        '*--profile=[take all measurements from this profile, and measure nothing]:file:_files' \
        '*--algorithm=[this algorithm'\''s schedule instead of the best]:value:(sequential top-compile opara nimble wavefront ios)' \
        '*--batch=[inputs in a batch]:value: ' \
        '*--dim=[size of a dynamic dim of the model, by its name or as TENSOR\[AXIS\]]:value: ' \
        '*--input=[an input of the model, by name or position]:value: ' \
        '*--inputs=[inputs in a folder of test data]:folder:_files -/' \
        '*--seed=[random seed]:value: ' \
        '*--remeasure[measure again even if a kept profile fits]' \
        '*--math=[arithmetic of matrix products]:value:(tf32 ieee torch f16)' \
        '*--merge-convolutions[let the search compute convolutions of one input as one, where that is faster]' \
        '*--estimate-unsupported[take operators of unknown type or without GPU code as copies, for estimates only]' \
        '*--fuse=[what one launch computes together]:value:(patterns elements none)' \
        '*--max-streams=[most streams, if fewer than the GPU runs]:value: ' \
        '*--concurrency=[tasks in flight that share the GPU, scheduled together]:value: ' \
        '*--progress=[how far each task is when the schedule begins, such as 0,0.5]:value: ' \
        '*--compare[print all algorithms side by side, with the time of each search]' \
        '*--devices=[devices of the pipeline]:value: ' \
        '*--placement=[stages by hand]:file:_files' \
        '*--shape=[order of the stages over the devices]:value:(v x m nn nn-eager k mllm finetune alphafold interleaved-1f1b zb-h zb-v dualpipe)' \
        '*--chunks=[stages per device of the shape interleaved-1f1b]:value: ' \
        '*--method=[how to cut the model]:value:(gpg chain-dp annealing hill-climbing greedy exhaustive)' \
        '*--fine-tune=[rounds in which the network of gpg goes on learning on this model]:value: ' \
        '*--mode=[forward blocks alone, or with backward blocks]:value:(infer train)' \
        '*--backward-ratio=[backward pass per forward pass]:value: ' \
        '*--weight-ratio=[split off weight gradients, this long per forward pass]:value: ' \
        '*--parameter-copies=[weights, gradients and optimizer state held in training]:value: ' \
        '*--tensor-efficiency=[speed of a stage on several devices per speed of them all]:value: ' \
        '*--link-bandwidth=[between devices, such as 25G]:value: ' \
        '*--link-latency=[between devices, microseconds]:value: ' \
        '*--memory=[memory of every device, such as 16GiB, or 3 where a placement counts units]:value: ' \
        '*--micro-batches=[micro-batches of one run]:value: ' \
        '*--pipeline-algorithm=[how to search the pipeline'\''s schedule]:value:(top-compile quick modulo greedy gpipe 1f1b interleaved-1f1b zb-h1 zb-h2 zb-v chimera tessel tessel-fast)' \
        '*--effort=[work that the search is worth]:value:(quick default thorough)' \
        '*--all-instances[write every block instance, also above 20,000, where readers usually work them out]' \
        '*--ascii[draw charts with plain characters]' \
        '*--allow-external=[read external data of the model from this file or folder too, if a link leads there]:file:_files' \
        '*--json[print the result as JSON on stdout, failures as JSON on stderr]' \
        '*--quiet[print no progress and no notes]' \
        '*--verbose[print what failures were caused by]' \
        '*--no-color[print without color, as with NO_COLOR=1]' \
        '*--width=[columns of reports and notes]:value: ' \
        '*--help[print this help]' \
        '*-h[print this help]' \
        '*:file:_files'
      ;;
    'search')
      _arguments -s \
        '*--shape=[a named shape instead of a file]:value:(v x m nn nn-eager k mllm finetune alphafold interleaved-1f1b zb-h zb-v dualpipe)' \
        '*--preset=[the placement of a framework'\''s configuration instead of a file]:value:(megatron torchtitan deepspeed)' \
        '*--memory=[memory of every device, such as 16GiB, or 3 where a placement counts units]:value: ' \
        '*--micro-batches=[micro-batches of one run]:value: ' \
        '*--algorithm=[how to search the pipeline'\''s schedule]:value:(top-compile quick modulo greedy gpipe 1f1b interleaved-1f1b zb-h1 zb-h2 zb-v chimera tessel tessel-fast)' \
        '*--effort=[work that the search is worth]:value:(quick default thorough)' \
        '*--objective=[what the whole schedule is least in]:value:(makespan span bubble)' \
        '*--seed=[random seed]:value: ' \
        '*--max-nodes=[work at most]:value: ' \
        '*--time-limit=[stop earlier, with what is found by then]:value: ' \
        '*--pareto[print the best period for every memory limit, and search no schedule]' \
        '*--out=[where to write the schedule]:file:_files' \
        '*-o[where to write the schedule]:file:_files' \
        '*--force[overwrite a file that is not a schedule]' \
        '*--all-instances[write every block instance, also above 20,000, where readers usually work them out]' \
        '*--ascii[draw charts with plain characters]' \
        '*--devices=[devices of the shape, ranks of the preset'\''s pipeline]:value: ' \
        '*--mode=[forward blocks alone, or with backward blocks]:value:(infer train)' \
        '*--forward=[duration of forward blocks]:value: ' \
        '*--backward=[duration of backward blocks]:value: ' \
        '*--weight=[duration of weight gradients]:value: ' \
        '*--chunks=[stages per device of the shape interleaved-1f1b, or of a preset]:value: ' \
        '*--latency=[between blocks on different devices]:value: ' \
        '*--layers=[layers of the model]:value: ' \
        '*--layout=[layers of each stage in Megatron'\''s syntax, such as Et*2|(t*2|)*6,t*2L, or search for the best]:value:(search)' \
        '*--against=[a layout to compare with]:value: ' \
        '*--embedding=[forward time of the embedding]:value: ' \
        '*--head=[forward time of the head with the loss]:value: ' \
        '*--mtp=[forward time of a layer of multi-token prediction]:value: ' \
        '*--mtp-layers=[layers of multi-token prediction that the layout has]:value: ' \
        '*--layer-memory=[activations of a layer for one micro-batch, such as 300MiB]:value: ' \
        '*--json[print the result as JSON on stdout, failures as JSON on stderr]' \
        '*--quiet[print no progress and no notes]' \
        '*--verbose[print what failures were caused by]' \
        '*--no-color[print without color, as with NO_COLOR=1]' \
        '*--width=[columns of reports and notes]:value: ' \
        '*--help[print this help]' \
        '*-h[print this help]' \
        '*:file:_files'
      ;;
    'partition')
      _arguments -s \
        '*--out=[where to write the placement]:file:_files' \
        '*-o[where to write the placement]:file:_files' \
        '*--force[overwrite a file that is not a placement, and stage models]' \
        '*--stage-models=[write the stages there as ONNX models that share their weights]:folder:_files -/' \
        '*--device=[cpu, a GPU by its data sheet]:value:(cpu cuda h200 h100 a100-pcie-80gb a100-pcie-40gb v100 v100-pcie rtx-2080-ti rtx-2080-super t4)' \
        '*--profile=[take all measurements from this profile, and measure nothing]:file:_files' \
        '*--dim=[size of a dynamic dim of the model, by its name or as TENSOR\[AXIS\]]:value: ' \
        '*--input=[an input of the model, by name or position]:value: ' \
        '*--inputs=[inputs in a folder of test data]:folder:_files -/' \
        '*--seed=[random seed]:value: ' \
        '*--remeasure[measure again even if a kept profile fits]' \
        '*--math=[arithmetic of matrix products]:value:(tf32 ieee torch f16)' \
        '*--fuse=[what one launch computes together]:value:(patterns elements none)' \
        '*--stages=[devices of the pipeline]:value: ' \
        '*--placement=[stages by hand]:file:_files' \
        '*--shape=[order of the stages over the devices]:value:(v x m nn nn-eager k mllm finetune alphafold interleaved-1f1b zb-h zb-v dualpipe)' \
        '*--chunks=[stages per device of the shape interleaved-1f1b]:value: ' \
        '*--method=[how to cut the model]:value:(gpg chain-dp annealing hill-climbing greedy exhaustive)' \
        '*--fine-tune=[rounds in which the network of gpg goes on learning on this model]:value: ' \
        '*--mode=[forward blocks alone, or with backward blocks]:value:(infer train)' \
        '*--backward-ratio=[backward pass per forward pass]:value: ' \
        '*--weight-ratio=[split off weight gradients, this long per forward pass]:value: ' \
        '*--parameter-copies=[weights, gradients and optimizer state held in training]:value: ' \
        '*--tensor-efficiency=[speed of a stage on several devices per speed of them all]:value: ' \
        '*--link-bandwidth=[between devices, such as 25G]:value: ' \
        '*--link-latency=[between devices, microseconds]:value: ' \
        '*--memory=[memory of every device, such as 16GiB, or 3 where a placement counts units]:value: ' \
        '*--micro-batches=[micro-batches of one run]:value: ' \
        '*--allow-external=[read external data of the model from this file or folder too, if a link leads there]:file:_files' \
        '*--json[print the result as JSON on stdout, failures as JSON on stderr]' \
        '*--quiet[print no progress and no notes]' \
        '*--verbose[print what failures were caused by]' \
        '*--no-color[print without color, as with NO_COLOR=1]' \
        '*--width=[columns of reports and notes]:value: ' \
        '*--help[print this help]' \
        '*-h[print this help]' \
        '*:file:_files'
      ;;
    'launch')
      _arguments -s \
        '*--arrivals=[how requests arrive]:file:_files' \
        '*--rate=[instead of a file]:value: ' \
        '*--device=[cpu, a GPU by its data sheet]:value:(cpu cuda h200 h100 a100-pcie-80gb a100-pcie-40gb v100 v100-pcie rtx-2080-ti rtx-2080-super t4)' \
        '*--math=[arithmetic of matrix products]:value:(tf32 ieee torch f16)' \
        '*--dim=[size of a dynamic dim of the model, by its name or as TENSOR\[AXIS\]]:value: ' \
        '*--seed=[random seed]:value: ' \
        '*--samples=[held-out samples that every policy is tried on]:value: ' \
        '*--train-steps=[steps in which launchers learn to change their policy]:value: ' \
        '*--rates-scale=[times the given rates that policies are made for, with commas between]:value: ' \
        '*--out=[where to write the policy]:file:_files' \
        '*-o[where to write the policy]:file:_files' \
        '*--force[overwrite a file that is not a schedule]' \
        '*--save-trace=[write the first held-out sample there as a trace, in microseconds]:file:_files' \
        '*--profile=[take the times of a model from this serving profile, and measure nothing]:file:_files' \
        '*--remeasure[measure again even if a kept profile fits]' \
        '*--allow-external=[read external data of the model from this file or folder too, if a link leads there]:file:_files' \
        '*--json[print the result as JSON on stdout, failures as JSON on stderr]' \
        '*--quiet[print no progress and no notes]' \
        '*--verbose[print what failures were caused by]' \
        '*--no-color[print without color, as with NO_COLOR=1]' \
        '*--width=[columns of reports and notes]:value: ' \
        '*--help[print this help]' \
        '*-h[print this help]' \
        '*:file:_files'
      ;;
    'inspect')
      _arguments -s \
        '*--dim=[size of a dynamic dim of the model, by its name or as TENSOR\[AXIS\]]:value: ' \
        '*--allow-external=[read external data of the model from this file or folder too, if a link leads there]:file:_files' \
        '*--json[print the result as JSON on stdout, failures as JSON on stderr]' \
        '*--quiet[print no progress and no notes]' \
        '*--verbose[print what failures were caused by]' \
        '*--no-color[print without color, as with NO_COLOR=1]' \
        '*--width=[columns of reports and notes]:value: ' \
        '*--help[print this help]' \
        '*-h[print this help]' \
        '*:file:_files'
      ;;
    'profile')
      _arguments -s \
        '*--out=[where to write the profile]:file:_files' \
        '*-o[where to write the profile]:file:_files' \
        '*--force[overwrite a file that is not a profile]' \
        '*--device=[what to measure on]:value: ' \
        '*--dim=[size of a dynamic dim of the model, by its name or as TENSOR\[AXIS\]]:value: ' \
        '*--input=[an input of the model, by name or position]:value: ' \
        '*--inputs=[inputs in a folder of test data]:folder:_files -/' \
        '*--seed=[random seed]:value: ' \
        '*--math=[arithmetic of matrix products]:value:(tf32 ieee torch f16)' \
        '*--estimate-unsupported[take operators of unknown type or without GPU code as copies, for estimates only]' \
        '*--fuse=[what one launch computes together]:value:(patterns elements none)' \
        '*--allow-external=[read external data of the model from this file or folder too, if a link leads there]:file:_files' \
        '*--json[print the result as JSON on stdout, failures as JSON on stderr]' \
        '*--quiet[print no progress and no notes]' \
        '*--verbose[print what failures were caused by]' \
        '*--no-color[print without color, as with NO_COLOR=1]' \
        '*--width=[columns of reports and notes]:value: ' \
        '*--help[print this help]' \
        '*-h[print this help]' \
        '*:file:_files'
      ;;
    'profile import')
      _arguments -s \
        '*--model=[the model that was measured]:file:_files' \
        '*--out=[where to write the profile]:file:_files' \
        '*-o[where to write the profile]:file:_files' \
        '*--force[overwrite a file that is not a profile]' \
        '*--device=[the device that was measured]:value:(cpu cuda h200 h100 a100-pcie-80gb a100-pcie-40gb v100 v100-pcie rtx-2080-ti rtx-2080-super t4)' \
        '*--dim=[size of a dynamic dim of the model, by its name or as TENSOR\[AXIS\]]:value: ' \
        '*--match-by-order[match traces of PyTorch by type, size and order, which is guesswork]' \
        '*--math=[arithmetic of matrix products that was measured]:value:(tf32 ieee torch f16)' \
        '*--workers-of=[a profile of the same machine, for the costs of its worker threads]:value: ' \
        '*--allow-external=[read external data of the model from this file or folder too, if a link leads there]:file:_files' \
        '*--json[print the result as JSON on stdout, failures as JSON on stderr]' \
        '*--quiet[print no progress and no notes]' \
        '*--verbose[print what failures were caused by]' \
        '*--no-color[print without color, as with NO_COLOR=1]' \
        '*--width=[columns of reports and notes]:value: ' \
        '*--help[print this help]' \
        '*-h[print this help]' \
        '*:file:_files'
      ;;
    'run')
      _arguments -s \
        '*--model=[the model]:file:_files' \
        '*--device=[cpu, cuda or cuda\:N]:value: ' \
        '*--rounds=[rounds that count]:value: ' \
        '*--input=[an input of the model, by name or position]:value: ' \
        '*--inputs=[inputs in a folder of test data]:folder:_files -/' \
        '*--save-outputs=[write every output there, as a .npy file of its name]:folder:_files -/' \
        '*--force[overwrite files of --save-outputs and --save-trace]' \
        '*--seed=[random seed]:value: ' \
        '*--ascii[draw charts with plain characters]' \
        '*--math=[arithmetic of matrix products]:value:(tf32 ieee torch f16)' \
        '*--estimate-unsupported[take operators of unknown type or without GPU code as copies, for estimates only]' \
        '*--fuse=[what one launch computes together]:value:(patterns elements none)' \
        '*--arrivals=[how requests arrive]:file:_files' \
        '*--rate=[instead of a file]:value: ' \
        '*--duration=[seconds in which requests arrive]:value: ' \
        '*--policy=[the launcher policy]:value:(fifo greedy static cross-entropy maddpg reactive)' \
        '*--save-trace=[write the requests there as a trace, in microseconds]:file:_files' \
        '*--sessions=[instead of a policy]:value: ' \
        '*--threads=[instead of a policy]:value: ' \
        '*--batch=[instead of a policy]:value: ' \
        '*--period=[instead of a policy]:value: ' \
        '*--profile=[take the times of a model from this serving profile, and measure nothing]:file:_files' \
        '*--remeasure[measure again even if a kept profile fits]' \
        '*--dim=[size of a dynamic dim of the model, by its name or as TENSOR\[AXIS\]]:value: ' \
        '*--allow-external=[read external data of the model from this file or folder too, if a link leads there]:file:_files' \
        '*--json[print the result as JSON on stdout, failures as JSON on stderr]' \
        '*--quiet[print no progress and no notes]' \
        '*--verbose[print what failures were caused by]' \
        '*--no-color[print without color, as with NO_COLOR=1]' \
        '*--width=[columns of reports and notes]:value: ' \
        '*--help[print this help]' \
        '*-h[print this help]' \
        '*:file:_files'
      ;;
    'verify')
      _arguments -s \
        '*--model=[the model, or the folder of several]:file:_files' \
        '*--allow-external=[read external data of the model from this file or folder too, if a link leads there]:file:_files' \
        '*--json[print the result as JSON on stdout, failures as JSON on stderr]' \
        '*--quiet[print no progress and no notes]' \
        '*--verbose[print what failures were caused by]' \
        '*--no-color[print without color, as with NO_COLOR=1]' \
        '*--width=[columns of reports and notes]:value: ' \
        '*--help[print this help]' \
        '*-h[print this help]' \
        '*:file:_files'
      ;;
    'explain')
      _arguments -s \
        '*--against=[compare it with this schedule, as theirs with ours]:value: ' \
        '*--html=[write a page for a browser too]:file:_files' \
        '*--force[overwrite a file that is not a page of this command]' \
        '*--model=[the model, whose graph the page shows]:file:_files' \
        '*--ascii[draw charts with plain characters]' \
        '*--allow-external=[read external data of the model from this file or folder too, if a link leads there]:file:_files' \
        '*--json[print the result as JSON on stdout, failures as JSON on stderr]' \
        '*--quiet[print no progress and no notes]' \
        '*--verbose[print what failures were caused by]' \
        '*--no-color[print without color, as with NO_COLOR=1]' \
        '*--width=[columns of reports and notes]:value: ' \
        '*--help[print this help]' \
        '*-h[print this help]' \
        '*:file:_files'
      ;;
    'export')
      _arguments -s \
        '*--to=[the format, as below]:value:(csv chrome-trace svg dot placement pytorch ort triton hints)' \
        '*--out=[where to write]:file:_files' \
        '*-o[where to write]:file:_files' \
        '*--force[overwrite files of other kinds]' \
        '*--model=[the model, or the folder of several]:file:_files' \
        '*--measured=[what run --json printed of the pipeline]:file:_files' \
        '*--compute-only[leave the transfers to PyTorch, which torchtitan needs]' \
        '*--allow-external=[read external data of the model from this file or folder too, if a link leads there]:file:_files' \
        '*--json[print the result as JSON on stdout, failures as JSON on stderr]' \
        '*--quiet[print no progress and no notes]' \
        '*--verbose[print what failures were caused by]' \
        '*--no-color[print without color, as with NO_COLOR=1]' \
        '*--width=[columns of reports and notes]:value: ' \
        '*--help[print this help]' \
        '*-h[print this help]' \
        '*:file:_files'
      ;;
    'import')
      _arguments -s \
        '*--out=[where to write the schedule]:file:_files' \
        '*-o[where to write the schedule]:file:_files' \
        '*--placement-out=[where to write its placement on its own]:file:_files' \
        '*--placement=[a placement of the same stages]:file:_files' \
        '*--chains=[chains of stages that do not depend on each other]:value: ' \
        '*--forward=[duration of forward blocks, where it was not measured]:value: ' \
        '*--backward=[duration of backward blocks, or of their gradients of inputs where weights are apart, where it was not measured]:value: ' \
        '*--weight=[duration of weight gradients, where it was not measured]:value: ' \
        '*--latency=[of transfers between ranks]:value: ' \
        '*--force[overwrite a file that is not a schedule]' \
        '*--ascii[draw charts with plain characters]' \
        '*--json[print the result as JSON on stdout, failures as JSON on stderr]' \
        '*--quiet[print no progress and no notes]' \
        '*--verbose[print what failures were caused by]' \
        '*--no-color[print without color, as with NO_COLOR=1]' \
        '*--width=[columns of reports and notes]:value: ' \
        '*--help[print this help]' \
        '*-h[print this help]' \
        '*:file:_files'
      ;;
    'build')
      _arguments -s \
        '*--config=[what to build]:file:_files' \
        '*--check[write nothing]' \
        '*--remake[make every output again]' \
        '*--jobs=[outputs made at a time]:value: ' \
        '*--json[print the result as JSON on stdout, failures as JSON on stderr]' \
        '*--quiet[print no progress and no notes]' \
        '*--verbose[print what failures were caused by]' \
        '*--no-color[print without color, as with NO_COLOR=1]' \
        '*--width=[columns of reports and notes]:value: ' \
        '*--help[print this help]' \
        '*-h[print this help]'
      ;;
    'init')
      _arguments -s \
        '*--device=[a GPU by its data sheet]:value:(cpu cuda h200 h100 a100-pcie-80gb a100-pcie-40gb v100 v100-pcie rtx-2080-ti rtx-2080-super t4)' \
        '*--json[print the result as JSON on stdout, failures as JSON on stderr]' \
        '*--quiet[print no progress and no notes]' \
        '*--verbose[print what failures were caused by]' \
        '*--no-color[print without color, as with NO_COLOR=1]' \
        '*--width=[columns of reports and notes]:value: ' \
        '*--help[print this help]' \
        '*-h[print this help]'
      ;;
    'completion')
      _arguments -s \
        '*--json[print the result as JSON on stdout, failures as JSON on stderr]' \
        '*--quiet[print no progress and no notes]' \
        '*--verbose[print what failures were caused by]' \
        '*--no-color[print without color, as with NO_COLOR=1]' \
        '*--width=[columns of reports and notes]:value: ' \
        '*--help[print this help]' \
        '*-h[print this help]' \
        '1:word:(bash zsh fish)'
      ;;
    'doctor')
      _arguments -s \
        '*--json[print the result as JSON on stdout, failures as JSON on stderr]' \
        '*--quiet[print no progress and no notes]' \
        '*--verbose[print what failures were caused by]' \
        '*--no-color[print without color, as with NO_COLOR=1]' \
        '*--width=[columns of reports and notes]:value: ' \
        '*--help[print this help]' \
        '*-h[print this help]'
      ;;
  esac
}
if [[ $funcstack[1] == _top-compile ]]; then
  _top_compile "$@"
else
  compdef _top_compile top-compile
fi
