#!/bin/sh
# Rule: a function of more than 60 lines, from its first line to its closing
# brace, and a file of more than 500 lines of code say why: /* long: reason */
# right above the function, or before the first code of the file.
cd "$(dirname "$0")/../.." || exit 2
. tests/lint/lib

# shellcheck disable=SC2046 # one word a file
set -- $(files '*.c' '*.h')
{
    functions "$@" | awk -F '\t' '
        $5 == "function" && $3 - $2 + 1 > 60 && $7 !~ /long: [^ ]/ {
            print $1 ":" $2 ": " $4 "() has " $3 - $2 + 1 " lines, over 60"
        }'
    code "$@" | awk -F '\t' '
        function tell() {
            if (lines > 500 && !excused)
                print file ":1: " lines " lines of code, over 500"
        }
        $1 != file { tell(); file = $1; lines = excused = 0 }
        lines == 0 && $4 ~ /long: [^ ]/ { excused = 1 }
        $3 !~ /^ *$/ { lines++ }
        END { tell() }'
} | verdict
