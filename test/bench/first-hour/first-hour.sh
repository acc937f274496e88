#!/bin/sh
# The first hour with a GPU, from an unpacked bundle:
#
#     first-hour.sh [--quick] [--out FOLDER] [--only STEP,...]
#
# Runs every step in order; each prints at once, none stops the next, and FOLDER/first-hour.json (results unless
# given) has the results so far after each. --quick takes small models, a minute over a stand-in.
set -u
cd "$(dirname "$0")" || exit 4

if ! ./node --version >/dev/null 2>&1; then
  echo "the Node of this bundle does not start here; trying the one of this machine" >&2
  NODE=node
else
  NODE=./node
fi

# Where built helpers and profiles are kept: with this folder, and nowhere else.
XDG_CACHE_HOME="$PWD/build/cache"
export XDG_CACHE_HOME
mkdir -p "$XDG_CACHE_HOME"

# A helper that does not start here is built again, if there is a compiler.
for helper in build/native/*/top-gpu-helper build/cache/top-compile/native/*/top-gpu-helper; do
  if [ -e "$helper" ] && ! "$helper" --version >/dev/null 2>&1; then
    rm -rf "$(dirname "$helper")"
  fi
done

# NVIDIA's libraries of pip, of whatever Python is there.
if [ -z "${TOP_COMPILE_CUDA_LIBS:-}" ] && command -v python3 >/dev/null 2>&1; then
  TOP_COMPILE_CUDA_LIBS=$(python3 -c '
import glob, os
try:
    import nvidia
    print(os.pathsep.join(sorted(f for p in nvidia.__path__ for f in glob.glob(p + "/*/lib"))))
except ImportError:
    pass
' 2>/dev/null)
  export TOP_COMPILE_CUDA_LIBS
fi

exec "$NODE" build/bench/first-hour/first-hour.js "$@"
