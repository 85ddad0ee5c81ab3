#!/bin/sh
# Rule: C is formatted as clang-format 14 does with .clang-format; other
# versions differ in details, so without 14 this is skipped (exit 77).
cd "$(dirname "$0")/../.." || exit 2
. tests/lint/lib

for tool in clang-format-14 clang-format; do
    if "$tool" --version 2>/dev/null | grep -q 'version 14\.'; then
        # shellcheck disable=SC2046 # one word a file
        set -- $(files '*.c' '*.h')
        [ $# -gt 0 ] || exit 0
        if out=$("$tool" --dry-run -Werror "$@" 2>&1); then
            exit 0
        fi
        printf '%s\n' "$out" | grep -E ': error: |^Error' |
            sed 's/:[0-9]*: error: code should be clang-.*/: not formatted/' |
            uniq
        exit 1
    fi
done
echo 'format.sh: skipped: no clang-format 14 (cmake/packages.sh test)'
exit 77
