#!/bin/sh
# Rule: what foo.c exports begins with foo_, and at most three words follow.
# main.c exports nothing that others call. A file lists its exceptions, each a
# name or a beginning that ends in _, as in /* names: why_ filled beside it */.
cd "$(dirname "$0")/../.." || exit 2
. tests/lint/lib

# shellcheck disable=SC2046 # one word a file
set -- $(product_files '*.c' | grep -v '/main\.c$')
{
    code "$@" | awk -F '\t' '
        match($4, /names: [A-Za-z0-9_]+ +[^ ]/) {
            print $1 "\t" substr($4, RSTART + 7, RLENGTH - 9)
        }'
    functions "$@"
} | awk -F '\t' '
    NF == 2 {
        sub(/ +$/, "", $2)
        excused[$1] = excused[$1] " " $2
        next
    }
    $6 != "exported" { next }
    {
        noun = $1
        sub(/.*\//, "", noun)
        sub(/\.c$/, "", noun)
        n = split(excused[$1], list, " ")
        for (i = 1; i <= n; i++)
            if ($4 == list[i] ||
                (list[i] ~ /_$/ && index($4, list[i]) == 1))
                next
        if (index($4, noun "_") != 1)
            print $1 ":" $2 ": " $4 ": does not begin with " noun "_"
        else if (split(substr($4, length(noun) + 2), words, "_") > 3)
            print $1 ":" $2 ": " $4 ": more than three words after " noun
    }' | verdict
