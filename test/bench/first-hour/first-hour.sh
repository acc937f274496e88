#!/bin/sh
# The first hour with a GPU, from an unpacked bundle, or from a checkout where everything is built:
#
#     first-hour.sh [--quick] [--minutes N] [--out FOLDER] [--report FILE] [--only STEP,...]
#
# Runs every step in order; each prints at once, none stops the next, and FILE (FOLDER/first-hour.json unless given, and
# FOLDER results) has the results so far after each. It ends after N minutes (9 unless given). --quick takes small models, a
# minute over a stand-in.
set -u
PROGRAM=build/bench/first-hour/first-hour.js
cd "$(dirname "$0")" || exit 4
if [ ! -e "$PROGRAM" ]; then
  cd ../../.. || exit 4
fi
if [ ! -e "$PROGRAM" ] || [ ! -e dist ]; then
  echo "nothing is built here: npm run gpu:bundle builds it, where npm is" >&2
  exit 4
fi

NODE=./node
if ! ./node --version >/dev/null 2>&1; then
  if [ -e node ]; then
    echo "the Node of this bundle does not start here; trying the one of this machine" >&2
  fi
  NODE=node
  if ! node --version >/dev/null 2>&1; then
    echo "there is no Node on this machine" >&2
    exit 4
  fi
fi

# Where built helpers and profiles are kept: with this folder, and nowhere else. It may be read only: then in a new one.
XDG_CACHE_HOME="$PWD/build/cache"
if ! mkdir -p "$XDG_CACHE_HOME" 2>/dev/null || [ ! -w "$XDG_CACHE_HOME" ]; then
  XDG_CACHE_HOME=$(mktemp -d) || exit 4
  if [ -e build/cache ]; then
    cp -R build/cache/. "$XDG_CACHE_HOME" && chmod -R u+w "$XDG_CACHE_HOME"
  fi
fi
export XDG_CACHE_HOME

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

exec "$NODE" "$PROGRAM" "$@"
