#!/bin/sh
# Rule: comments are /* */, and a TODO names its issue: TODO(#12) or TODO #12.
# FIXME and XXX are TODOs.
cd "$(dirname "$0")/../.." || exit 2
. tests/lint/lib

# shellcheck disable=SC2046 # one word a file
code $(files '*.c' '*.h') | awk -F '\t' '
    $3 ~ /\/\// { print $1 ":" $2 ": // comment" }
    {
        rest = $4
        while (match(rest, /(^|[^A-Za-z])(TODO|FIXME|XXX)([^A-Za-z]|$)/)) {
            rest = substr(rest, RSTART + RLENGTH - 1)
            if (rest !~ /^ ?\(?#[0-9]/)
                print $1 ":" $2 ": TODO without the number of its issue"
            if (length(rest) < 2)
                break
        }
    }' | verdict
