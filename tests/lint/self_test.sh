#!/bin/sh
# Rule: every script here fails on what it forbids, at the right line, and
# lets pass what it allows. Violations are planted in a copy: tests of tests.
cd "$(dirname "$0")/../.." || exit 2
LC_ALL=C
export LC_ALL

copy=$(mktemp -d) || exit 2
trap 'rm -rf "$copy"' EXIT
trap 'exit 1' HUP INT TERM
mkdir -p "$copy/tests/lint"
cp tests/lint/lib tests/lint/*.sh "$copy/tests/lint/"
rm "$copy/tests/lint/self_test.sh"
cp .clang-format "$copy/"
cd "$copy" || exit 2
git init -q . 2>/dev/null # without git the scripts look around themselves
mkdir -p docs common verifier policy collateral proxy/tunnel proxy/io proxy/local \
    proxy/tools proxy/server tests/unit

cases=0 failed=0
complain() {
    failed=$((failed + 1))
    echo "self_test.sh: $*"
}

# refuses SCRIPT FILE LINE TEXT: the script fails on FILE, naming the line
refuses() {
    cases=$((cases + 1))
    printf '%b' "$4" >"$2"
    said=$(tests/lint/"$1" 2>&1)
    [ $? -eq 1 ] || complain "$1 lets pass: $4"
    case $said in
    "$2:$3:"*) ;;
    *) complain "$1 does not name $2:$3 first: $said" ;;
    esac
    rm "$2"
}

# accepts SCRIPT FILE TEXT: the script has nothing to say
accepts() {
    cases=$((cases + 1))
    printf '%b' "$3" >"$2"
    said=$(tests/lint/"$1" 2>&1) || complain "$1 refuses: $3: $said"
    [ -z "$said" ] || complain "$1 is not silent: $said"
    rm "$2"
}

floor_up() { refuses floors.sh "$1" 1 "#include $2\n"; }
floor_ok() { accepts floors.sh "$1" "#include $2\n"; }
function_of() { # LINES: a function of that many
    printf 'int a_b(void)\\n{\\n'
    n=3
    while [ $n -lt "$1" ]; do
        printf '    b();\\n'
        n=$((n + 1))
    done
    printf '}\\n'
}
code_of() { # LINES: a file of that many lines of code
    awk -v n="$1" 'BEGIN { while (n--) printf "int x;\\n\\n" }'
}

# --- floors.sh: ours ---------------------------------------------------------

floor_ok common/a.c '"common/b.h"'
floor_up common/a.c '"verifier/quote.h"'
floor_up common/a.c '"proxy/io/tls.h"'
floor_up common/a.c '"tests/support/x.h"'
floor_up common/a.c '"b.h"'
floor_up common/a.c '"../policy/policy.h"'
floor_ok verifier/a.c '"common/b.h"'
floor_up verifier/a.c '"policy/policy.h"'
floor_up verifier/a.c '"collateral/store.h"'
floor_up verifier/a.h '"proxy/tunnel/mux.h"'
floor_up verifier/a.c '"common/file.h"'
floor_ok proxy/tunnel/a.c '"proxy/tunnel/mux.h"'
floor_up proxy/tunnel/a.c '"verifier/quote.h"'
floor_up proxy/tunnel/a.c '"proxy/io/carrier.h"'
floor_ok policy/a.c '"verifier/claims.h"'
floor_up policy/a.c '"collateral/store.h"'
floor_up policy/a.c '"proxy/tunnel/mux.h"'
floor_ok collateral/a.c '"verifier/collateral_set.h"'
floor_ok collateral/a.c '"common/file.h"'
floor_up collateral/a.c '"policy/policy.h"'
floor_ok proxy/io/a.c '"proxy/tunnel/mux.h"'
floor_up proxy/io/a.c '"verifier/quote.h"'
floor_up proxy/io/a.c '"proxy/local/route.h"'
for below in common verifier policy collateral proxy/tunnel proxy/io; do
    floor_ok proxy/local/a.c "\"$below/b.h\""
done
floor_up proxy/local/a.c '"proxy/server/backend.h"'
floor_up proxy/local/a.c '"proxy/tools/command.h"'
floor_ok proxy/tools/a.c '"proxy/local/daemon.h"'
floor_up proxy/tools/a.c '"proxy/server/backend.h"'
floor_ok proxy/server/a.c '"verifier/quote.h"'
floor_up proxy/server/a.c '"policy/policy.h"'
floor_up proxy/server/a.c '"proxy/local/route.h"'
floor_ok tests/unit/a.c '"proxy/local/route.h"'
mkdir -p gadgets
floor_up gadgets/a.c '"common/b.h"'
refuses floors.sh proxy/a.c 1 '\n'
accepts floors.sh common/a.c '/*\n#include "policy/policy.h"\n*/\n'
refuses floors.sh common/a.c 2 '\n  #  include "policy/policy.h"\n'
accepts floors.sh common/a.c \
    '/* floors: shown to be needed */\n#include "policy/policy.h"\n'

# --- floors.sh: other people's -----------------------------------------------

floor_ok common/secret.c '<sodium.h>'
floor_up common/text.c '<sodium.h>'
floor_ok verifier/wolf.c '<wolfssl/options.h>'
floor_up verifier/wolf.h '<wolfssl/options.h>'
floor_up verifier/quote.c '<wolfssl/options.h>'
floor_up verifier/json.c '<jansson.h>'
floor_up verifier/a.c '<sodium.h>'
floor_ok proxy/tunnel/a.c '<sodium.h>'
floor_ok proxy/tunnel/a.c '<cbor.h>'
floor_ok proxy/tunnel/aead_gcm.c '<wolfssl/wolfcrypt/aes.h>'
floor_up proxy/tunnel/mux.c '<wolfssl/wolfcrypt/aes.h>'
floor_up proxy/tunnel/a.c '<uv.h>'
floor_ok policy/yaml_reader.c '<yaml.h>'
floor_up policy/judge.c '<yaml.h>'
floor_ok collateral/a.c '<uv.h>'
floor_ok collateral/a.c '<curl/curl.h>'
floor_up collateral/a.c '<jansson.h>'
floor_ok proxy/io/a.c '<uv.h>'
floor_ok proxy/io/tls.c '<wolfssl/ssl.h>'
floor_up proxy/io/carrier.c '<wolfssl/ssl.h>'
floor_up proxy/io/a.c '<sodium.h>'
floor_up proxy/io/a.c '<llhttp.h>'
floor_ok proxy/io/http_a.c '<llhttp.h>'
floor_up proxy/local/a.c '<llhttp.h>'
floor_up proxy/local/a.c '<wolfssl/ssl.h>'
floor_up proxy/local/a.c '<curl/curl.h>'
floor_ok proxy/server/a.c '<uv.h>'
floor_ok proxy/server/sim_pki.c '<wolfssl/wolfcrypt/ecc.h>'
floor_ok proxy/server/sim.c '<sodium.h>'
floor_up proxy/server/backend.c '<sodium.h>'
floor_up common/a.c '<openssl/ssl.h>'
floor_ok common/a.c '<sys/stat.h>'
floor_ok common/a.c '<time.h>'
for pure in verifier policy proxy/tunnel; do
    floor_ok $pure/a.c '<stdint.h>'
    floor_up $pure/a.c '<time.h>'
    floor_up $pure/a.c '<unistd.h>'
    floor_up $pure/a.c '<sys/socket.h>'
    refuses floors.sh $pure/a.c 1 'x = fopen(path, mode);\n'
    accepts floors.sh $pure/a.c 'n = snprintf(out, room, "fopen(");\n'
done
accepts floors.sh collateral/a.c 'x = fopen(path, mode);\n'

# --- banned.sh ---------------------------------------------------------------

for name in strcpy strcat sprintf vsprintf gets atoi atol strtok alloca rand \
    srand system popen memcmp; do
    refuses banned.sh common/a.c 2 "x();\n    y = $name (z);\n"
    accepts banned.sh common/a.c "my_$name(x);\n/* $name(x) */\ny(\"$name(\");\n"
    accepts banned.sh common/a.c "s->$name(x);\nint $name;\n"
done
refuses attacks.sh docs/THREAT-MODEL.md 2 'x\n| W1 | `a_test: nothing` |\n'
accepts attacks.sh docs/THREAT-MODEL.md '`veritee`, `a: B` and `a`: b\n'
refuses banned.sh tests/unit/a.c 1 'strcpy(a, b);\n'
accepts banned.sh tests/unit/a.c 'memcmp(a, b, c);\n'
accepts banned.sh common/a.c 'memcmp(a, b, c); /* memcmp: public data */\n'
accepts banned.sh common/a.c '/* memcmp: public\n * data */\nmemcmp(a, b, c);\n'
refuses banned.sh common/a.c 1 'memcmp(a, b, c); /* memcmp: */\n'
refuses banned.sh common/a.c 1 'memcmp(a, b, c); /* system: no */\n'
refuses banned.sh common/a.c 2 'x(); /* memcmp: public data */\nmemcmp(a);\n'
refuses banned.sh common/a.c 3 '/* memcmp: public data */\n\nmemcmp(a);\n'

# --- names.sh ----------------------------------------------------------------

accepts names.sh common/foo.c 'int foo_bar(void)\n{\n}\n'
refuses names.sh common/foo.c 1 'int bar(void)\n{\n}\n'
refuses names.sh common/foo.c 1 'int foobar(void)\n{\n}\n'
refuses names.sh common/foo.c 2 \
    '\nPRINTF_LIKE(3, 4) struct slice bar(int (*f)(int),\n    int b)\n{\n}\n'
refuses names.sh common/foo.c 1 'const char *const table[] = {\n    "a",\n};\n'
refuses names.sh common/foo.c 1 'int count;\n'
accepts names.sh common/foo.c 'static int bar(void)\n{\n}\n'
accepts names.sh common/foo.c 'int bar(void);\nstruct bar;\nextern int bar;\n'
accepts names.sh common/foo.c 'struct bar {\n    int b;\n};\ntypedef int bar;\n'
accepts names.sh common/foo.c '#define A \\\\\n    { int bar(void) {} }\n'
accepts names.sh common/foo.c 'int foo_a_b_c(void)\n{\n}\n'
refuses names.sh common/foo.c 1 'int foo_a_b_c_d(void)\n{\n}\n'
refuses names.sh common/foo.c 4 \
    'int foo_a(void)\n{\n    if (x) { y(); }\n} int bar(void)\n{\n}\n'
accepts names.sh common/foo.c '/* names: bar why */\nint bar(void)\n{\n}\n'
accepts names.sh common/foo.c '/* names: bar_ why */\nint bar_x(void)\n{\n}\n'
refuses names.sh common/foo.c 2 '/* names: bar */\nint bar(void)\n{\n}\n'
refuses names.sh common/foo.c 2 '/* names: bar why */\nint bar_x(void)\n{\n}\n'
accepts names.sh proxy/tools/main.c 'int main(void)\n{\n}\n'
accepts names.sh tests/unit/foo.c 'int bar(void)\n{\n}\n'

# --- size.sh -----------------------------------------------------------------

accepts size.sh common/a.c "$(function_of 60)"
refuses size.sh common/a.c 1 "$(function_of 61)"
refuses size.sh tests/unit/a.c 3 "/* what it does */\n\n$(function_of 61)"
accepts size.sh common/a.c "/* long: one case each */\n$(function_of 61)"
accepts size.sh common/a.c "/* What.\n * long: reason. */\n$(function_of 61)"
refuses size.sh common/a.c 3 "/* long: reason */\n\n$(function_of 61)"
accepts size.sh common/a.c "$(code_of 500)"
refuses size.sh common/a.c 1 "$(code_of 501)"
refuses size.sh common/a.h 1 "$(code_of 501)"
accepts size.sh common/a.c "/* long: one table */\n\n$(code_of 501)"

# --- ascii.sh, comments.sh, format.sh ----------------------------------------

accepts ascii.sh common/a.c '/* plain */\n'
refuses ascii.sh common/a.c 2 '\n/* caf\0303\0251 */\n'
refuses ascii.sh common/a.h 1 '\tint a;\n'
refuses ascii.sh common/a.c 1 'int a;\r\n'
refuses ascii.sh common/a.c 1 'int a; \n'
refuses ascii.sh tests/a.sh 1 'echo \0342\0206\0222\n'

accepts comments.sh common/a.c 'x = "http://y"; /* see http://z */\n'
accepts comments.sh common/a.c "c = '\"'; /* */ d = '\\\\\\\\\\\\'';\n"
refuses comments.sh common/a.c 1 'int a; // why\n'
refuses comments.sh common/a.c 2 '/* a\n */ // b\n'
refuses comments.sh common/a.c 1 '/* TODO later */\n'
refuses comments.sh common/a.c 3 '/* one\n * two\n * FIXME */\n'
accepts comments.sh common/a.c '/* TODO(#12): later */\n/* TODO #3 */\n'
refuses comments.sh common/a.c 1 '/* TODO(#12): now, TODO: then */\n'
accepts comments.sh common/a.c 'x("TODO");\n'

tests/lint/format.sh >/dev/null 2>&1
if [ $? -ne 77 ]; then
    accepts format.sh common/a.c 'int a_b(void)\n{\n    return 1;\n}\n'
    refuses format.sh common/a.c 2 'int a;\nint  b;\n'
    refuses format.sh tests/unit/a.c 1 'int a(void) { return 1; }\n'
fi

# --- all.sh, and the scanner -------------------------------------------------

printf 'int a_b(void)\n{\n}\n' >common/a.c
cases=$((cases + 2))
tests/lint/all.sh >/dev/null 2>&1 || complain 'all.sh fails on a clean tree'
printf '/* TODO */\n' >common/a.c
tests/lint/all.sh >/dev/null 2>&1 && complain 'all.sh lets a failure pass'

# Functions as ctags sees them, where it is at hand: a second opinion. Where a
# function begins is left out: with its type on a line of its own, the two
# mean different lines.
cd "$OLDPWD" || exit 2
. tests/lint/lib
# shellcheck disable=SC2046 # one word a file
set -- $(product_files '*.c')
if [ $# -gt 0 ] && ctags --version 2>/dev/null | grep -q Universal; then
    cases=$((cases + 1))
    functions "$@" | awk -F '\t' '$5 == "function" {
        print $1, $3, $4, $6 }' | LC_ALL=C sort >"$copy/ours"
    ctags -x --kinds-C=f --_xformat='%{input} %{end} %N %{file}' "$@" |
        sed 's/ file$/ static/; s/ -$/ exported/' | LC_ALL=C sort >"$copy/theirs"
    # ctags overlooks functions in some files, so only what it does see counts.
    unseen=$(LC_ALL=C comm -13 "$copy/ours" "$copy/theirs")
    [ -z "$unseen" ] || complain "ctags sees other functions: $unseen"
fi

echo "self_test: $((cases - failed)) passed, $failed failed"
[ $failed -eq 0 ]
