#!/bin/sh
# libveritee-verifier from an install prefix: its headers are complete, its
# archive links beside nothing but libc, only its public names are visible, and
# the example verifies.
#
# usage: library_plain.sh BUILD_DIR. Exit status 77 without a library.
set -eu
build=$1
root=$(cd "$(dirname "$0")/../.." && pwd)
vectors=$root/../shared/vectors

fail() {
    echo "FAIL: $*" >&2
    exit 1
}

[ -f "$build/library/libveritee-verifier.a" ] || {
    echo "skipped: no libveritee-verifier.a in $build (made without sanitizers)"
    exit 77
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake --install "$build" --prefix "$work/prefix" --component library \
    >"$work/log" || fail "install: $(cat "$work/log")"

# The visible names are those of the list, and all of them.
archive=$(find "$work/prefix" -name libveritee-verifier.a)
nm -g --defined-only "$archive" | awk 'NF == 3 { print $3 }' | sort \
    >"$work/visible"
grep '^[a-z]' "$root/verifier/veritee_verifier.symbols" | sort >"$work/listed"
cmp -s "$work/visible" "$work/listed" ||
    fail "exports: $(diff "$work/visible" "$work/listed")"

# By pkg-config, from a folder with nothing of ours in it, moved or not.
mv "$work/prefix" "$work/moved"
PKG_CONFIG_PATH=$(dirname "$(find "$work/moved" -name veritee-verifier.pc)")
export PKG_CONFIG_PATH
cp "$root/docs/examples/verify_tdx.c" "$work"
cd "$work"
# shellcheck disable=SC2046 # one word a flag
${CC:-cc} -std=c11 -Wall -Wextra -Wpedantic -Werror -o verify_tdx \
    verify_tdx.c $(pkg-config --cflags --libs veritee-verifier)

# By find_package.
mkdir project
cat >project/CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.25)
project(example C)
find_package(VeriteeVerifier 0.1 REQUIRED)
add_executable(verify_tdx ../verify_tdx.c)
target_link_libraries(verify_tdx PRIVATE veritee::verifier)
END
{
    cmake -S project -B project/build -DCMAKE_PREFIX_PATH="$work/moved" &&
        cmake --build project/build
} >"$work/log" 2>&1 || fail "find_package: $(cat "$work/log")"

# Each says what is wrong with nothing, and with something.
for program in ./verify_tdx project/build/verify_tdx; do
    "$program" >out && fail "$program accepted nothing"
    grep -q '^refused at quote-format: ' out || fail "it said: $(cat out)"
done
[ -f "$vectors/expected.json" ] || {
    echo "no vectors: no real quote was verified"
    exit 0
}
python3 - "$vectors" >case <<'END'
import json, sys
for c in json.load(open(sys.argv[1] + "/expected.json"))["cases"]:
    if "tdx" in c["quote"] and c["expect"]["class"] == "must_accept":
        print(c["quote"], c["collateral"], c["time"], c["expect"]["status"])
        break
END
read -r quote dir time status <case
cp "$vectors/$quote" quote
./verify_tdx quote "$vectors/$dir" "$time" >out || fail "it said: $(cat out)"
grep -q "^tdx, $status, MRTD [0-9a-f]\{96\}\$" out || fail "it said: $(cat out)"
./verify_tdx quote "$vectors/$dir" 1 >out && fail "accepted in 1970"
grep -q '^refused at ' out || fail "it said: $(cat out)"
echo "ok: $(cat case)"
