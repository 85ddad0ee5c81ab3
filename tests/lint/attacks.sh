#!/bin/sh
# Rule: the tests that docs/THREAT-MODEL.md names, as `file: function`, exist.
cd "$(dirname "$0")/../.." || exit 2
. tests/lint/lib

doc=docs/THREAT-MODEL.md
[ -f "$doc" ] || exit 0
grep -no '`[a-z0-9_]*: [a-z0-9_]*`' "$doc" | tr -d '`' |
    while IFS=': ' read -r line file name; do
        grep -qs "^\(static void\|def\) $name(" "tests/unit/$file.c" \
            "tests/e2e/$file.py" ||
            echo "$doc:$line: $file has no test $name"
    done | verdict
