#!/bin/sh
# -DBUILD_SHARED_LIBS=ON: libveritee-verifier as a shared library does all that
# the archive does, and needs libc alone.
#
# usage: shared_plain.sh BUILD_DIR, whose compiler is used.
set -eu
build=$1
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() {
    echo "FAIL: $*" >&2
    exit 1
}

compiler=$(sed -n 's/^CMAKE_C_COMPILER:[A-Z]*=//p' "$build/CMakeCache.txt")
{
    cmake -S "$here/../.." -B "$work/build" -G Ninja -DBUILD_SHARED_LIBS=ON \
        -DCMAKE_BUILD_TYPE=RelWithDebInfo -DVERITEE_TESTS=OFF \
        -DCMAKE_C_COMPILER="$compiler" &&
        nice ninja -C "$work/build" veritee_verifier_library
} >"$work/log" 2>&1 || fail "$(tail -30 "$work/log")"
library=$work/build/library/libveritee-verifier.so
[ ! -e "$work/build/library/libveritee-verifier.a" ] || fail "an archive too"
name=$(objdump -p "$library" | awk '$1 == "SONAME" { print $2 }')
case $name in
libveritee-verifier.so.[0-9]*.[0-9]*) ;;
*) fail "soname $name" ;;
esac
needs=$(objdump -p "$library" | awk '$1 == "NEEDED" { print $2 }' |
    grep -v '^libc\.so\|^libm\.so\|^ld-linux' || true)
[ -z "$needs" ] || fail "needs $needs"
"$here/library_plain.sh" "$work/build"
