#!/bin/sh
# Rule: functions that invite a bug are not called. Where one is right all the
# same, a comment on the line or right above names it and says why, as in
# /* memcmp: public data */. Tests may call memcmp without.
cd "$(dirname "$0")/../.." || exit 2
. tests/lint/lib

# shellcheck disable=SC2046 # one word a file
code $(files '*.c' '*.h') | awk -F '\t' '
    function ban(names, instead,  n, i, list) {
        n = split(names, list, " ")
        for (i = 1; i <= n; i++)
            use[list[i]] = instead
    }
    BEGIN {
        ban("strcpy strncpy stpcpy strcat strncat sprintf vsprintf gets",
            "snprintf, or common/buffer.h")
        ban("atoi atol atoll atof sscanf scanf fscanf", "common/text.h")
        ban("strtok", "a struct slice")
        ban("alloca", "a fixed array, or malloc")
        ban("rand srand rand_r random srandom drand48", "secret_random()")
        ban("system popen", "posix_spawn")
        ban("memcmp bcmp", "secret_equal(), or say /* memcmp: public data */")
        ban("tmpnam tempnam mktemp", "mkstemp")
        ban("localtime gmtime ctime asctime", "the _r of it")
    }
    {
        rest = $3
        while (match(rest, /[A-Za-z_][A-Za-z0-9_]* *\(/)) {
            before = RSTART > 1 ? substr(rest, RSTART - 1, 1) : ""
            name = substr(rest, RSTART, RLENGTH)
            rest = substr(rest, RSTART + RLENGTH)
            sub(/ *\($/, "", name)
            if (!(name in use) || before ~ /[.>0-9]/)
                continue
            if (name == "memcmp" && $1 ~ /^tests\//)
                continue
            if ($5 !~ name ": [^ ]")
                print $1 ":" $2 ": " name ": use " use[name]
        }
    }
' | verdict
