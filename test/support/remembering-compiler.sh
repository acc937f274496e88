#!/bin/sh
# The C++ compiler for tests, several of which build the same helper: an object file is kept under a name made of
# the compiler, the flags and every file that it could be made of. Everything else goes to the compiler itself:
# REAL_CXX, or what there is.
real=${REAL_CXX:-$(command -v c++ || command -v g++ || command -v clang++)}
store=$(dirname "$0")/../../build/native-test/objects
out='' source='' flags='' before=''
for word; do
  case $before in
  -o) out=$word ;;
  -isystem) ;;
  *) case $word in -o | -isystem) ;; -*) flags="$flags $word" ;; *) source=$word ;; esac ;;
  esac
  before=$word
done
case "$flags " in *" -c "*) ;; *) exec "$real" "$@" ;; esac
folder=$(dirname "$source")
key=$({
  "$real" --version
  echo "$flags $(basename "$source")"
  cat "$folder"/*.cpp "$folder"/*.h "$folder"/../third_party/*/*.hpp
} | sha256sum | cut -c1-40)
cp "$store/$key.o" "$out" 2>/dev/null && exit
"$real" "$@" || exit
# Whole or not at all: others may be looking for it.
mkdir -p "$store" && cp "$out" "$store/$key.$$" && mv "$store/$key.$$" "$store/$key.o"
