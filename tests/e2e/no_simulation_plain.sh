#!/bin/sh
# A veriteed that is built without the simulation has none of it.
#
# usage: no_simulation_plain.sh BUILD_DIR. Builds in a folder of its own, with
# the compiler and libraries of BUILD_DIR.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
of=$(cd "$1" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

value() {
    sed -n "s/^$1:[A-Z]*=//p" "$of/CMakeCache.txt"
}

fail() {
    echo "$*" >&2
    exit 1
}

cmake -S "$root" -B "$scratch" -G Ninja -DVERITEE_SIMULATION=OFF \
    -DCMAKE_C_COMPILER="$(value CMAKE_C_COMPILER)" \
    -DVERITEE_DEPS="$(value VERITEE_DEPS)" >"$scratch/log" 2>&1 ||
    { cat "$scratch/log"; exit 1; }
cmake --build "$scratch" --target veriteed >"$scratch/log" 2>&1 ||
    { tail -40 "$scratch/log"; exit 1; }
veriteed=$scratch/bin/veriteed

"$veriteed" --version | grep -q '^quote sources: configfs-tsm, gramine, command$' ||
    fail "--version does not say what there is"
"$veriteed" --help | grep -q -- '--simulate' && fail "--help knows --simulate"
if "$veriteed" --listen 127.0.0.1:0 --demo --simulate 2>"$scratch/err"; then
    fail "--simulate was taken"
fi
grep -q 'built without' "$scratch/err" || fail "$(cat "$scratch/err")"
grep -q 'simulated ppid' "$veriteed" && fail "the simulation is inside"
grep -q 'simulated ppid' "$of/bin/veriteed" ||
    fail "no sign of the simulation where it should be"
echo "veriteed without a simulation: ok"
