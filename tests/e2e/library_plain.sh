#!/bin/sh
# libveritee-verifier from an install prefix: its headers are complete, its
# archive links beside nothing but libc, only its public names are visible, and
# the example verifies.
#
# Static or shared, as BUILD_DIR has it; see shared_plain.sh.
# usage: library_plain.sh BUILD_DIR. Exit status 77 without a library.
set -eu
build=$1
root=$(cd "$(dirname "$0")/../.." && pwd)
vectors=$root/../shared/vectors

fail() {
    echo "FAIL: $*" >&2
    exit 1
}

ls "$build"/library/libveritee-verifier.* >/dev/null 2>&1 || {
    echo "skipped: no libveritee-verifier in $build (made without sanitizers)"
    exit 77
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake --install "$build" --prefix "$work/prefix" --component library \
    >"$work/log" || fail "install: $(cat "$work/log")"

# The visible names are those of the list, and all of them.
archive=$(find "$work/prefix" -name 'libveritee-verifier.a' -o \
    -name 'libveritee-verifier.so')
case $archive in
*.so) dynamic=-D ;;
*) dynamic=-g ;;
esac
nm "$dynamic" --defined-only "$archive" | awk 'NF == 3 { print $3 }' | sort \
    >"$work/visible"
grep '^[a-z]' "$root/verifier/veritee_verifier.symbols" | sort >"$work/listed"
cmp -s "$work/visible" "$work/listed" ||
    fail "exports: $(diff "$work/visible" "$work/listed")"

# By pkg-config, from a folder with nothing of ours in it, moved or not.
mv "$work/prefix" "$work/moved"
PKG_CONFIG_PATH=$(dirname "$(find "$work/moved" -name veritee-verifier.pc)")
LD_LIBRARY_PATH=$(dirname "$PKG_CONFIG_PATH") # of a shared library
export PKG_CONFIG_PATH LD_LIBRARY_PATH
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

# Reports of AMD's, and lists of the user's own, by the installed headers too.
cat >verify_snp.c <<'END'
#include <stdio.h>
#include <stdlib.h>

#include <verifier/veritee_verifier.h>

static uint8_t report[8192], endorsement[8192];

static struct slice content(const char *path, uint8_t room[8192])
{
    FILE *f = fopen(path, "rb");

    return slice_of(room, f == NULL ? 0 : fread(room, 1, 8192, f));
}

/* verify_snp REPORT ENDORSEMENT UNIX_TIME [NAME of an empty list] */
int main(int argc, char **argv)
{
    struct user_crl own = { .name = argc > 4 ? argv[4] : NULL };
    struct verify_snp_input in = {
        .report = content(argv[1], report),
        .endorsement = content(argv[2], endorsement),
        .now_unix = strtoll(argv[3], NULL, 10),
        .user_crls = &own,
        .user_crl_count = argc > 4 ? 1 : 0,
    };
    struct claims claims;
    struct verdict verdict;
    enum status st = verify_snp(&in, &claims, &verdict);

    for (size_t i = 0; i < verdict.count; i++)
        if (verdict.checks[i].outcome == OUTCOME_FAIL)
            printf("refused at %s: %s\n", verdict.checks[i].id,
                   verdict.checks[i].why.found);
    if (st == STATUS_OK)
        printf("%s, %s\n", tee_name(claims.tee),
               snp_product_name(claims.snp.product));
    return st != STATUS_OK;
}
END
# shellcheck disable=SC2046
${CC:-cc} -std=c11 -Wall -Wextra -Wpedantic -Werror -o verify_snp \
    verify_snp.c $(pkg-config --cflags --libs veritee-verifier)
./verify_snp /dev/null /dev/null 0 >out && fail "an empty report was accepted"
grep -q '^refused at report-format: ' out || fail "it said: $(cat out)"

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
python3 - "$vectors" >snp <<'END'
import json, sys
c = next(c for c in json.load(open(sys.argv[1] + "/snp.json"))["cases"]
         if c["expect"] == "accept")
print(c["report"], c["endorsement_key"], c["time"], c["product"])
END
read -r report key time product <snp
./verify_snp "$vectors/$report" "$vectors/$key" "$time" >out ||
    fail "it said: $(cat out)"
grep -qi "^sev-snp, $product\$" out || fail "it said: $(cat out)"
./verify_snp "$vectors/$report" "$vectors/$key" "$time" own.crl >out &&
    fail "accepted by a list that is none"
grep -q '^refused at user-crls: ' out || fail "it said: $(cat out)"
echo "ok: $(cat case snp)"
