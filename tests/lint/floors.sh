#!/bin/sh
# Rule: a folder includes its own headers and those of the folders below it
# that are named here, from the root ("verifier/quote.h"); headers of other
# people's libraries are seen only by the files named here; pure folders see
# no file, clock or network. An exception says /* floors: reason */ at the
# include.
cd "$(dirname "$0")/../.." || exit 2
. tests/lint/lib

# shellcheck disable=SC2046 # one word a file
code $(files '*.c' '*.h' | grep -vE '^(tests|docs/examples)/') | awk -F '\t' '
    function below(folder, folders) { may[folder] = folder " " folders }
    function library(name, headers, seen_by) {
        pattern[name] = "^(" headers ")"
        seers[name] = "^(" seen_by ")"
    }
    function folder_of(path) {
        return match(path, /^proxy\/[a-z]+\//) || match(path, /^[a-z]+\//) ? \
            substr(path, 1, RLENGTH - 1) : ""
    }
    function no(why) {
        if ($5 !~ /floors: [^ ]/)
            print $1 ":" $2 ": " why
    }
    BEGIN {
        below("common", "")
        below("verifier", "common")
        below("proxy/tunnel", "common")
        below("policy", "common verifier")
        below("collateral", "common verifier")
        below("proxy/io", "common proxy/tunnel")
        below("proxy/local", "common verifier policy collateral " \
                             "proxy/tunnel proxy/io")
        below("proxy/tools", "common verifier policy collateral " \
                             "proxy/tunnel proxy/io proxy/local")
        below("proxy/server", "common verifier collateral " \
                              "proxy/tunnel proxy/io")

        library("libsodium", "sodium(\\.h|/)",
                "common/secret\\.c|proxy/tunnel/|proxy/server/sim[^/]*\\.c")
        library("wolfSSL", "wolfssl/",
                "verifier/wolf[^/]*\\.c|proxy/tunnel/aead[^/]*\\.c|" \
                "proxy/io/tls[^/]*\\.c|proxy/server/sim[^/]*\\.c")
        library("libipsec-mb", "intel-ipsec-mb\\.h",
                "proxy/tunnel/aead_vaes\\.c")
        library("libcbor", "cbor(\\.h|/)", "proxy/tunnel/")
        library("libyaml", "yaml\\.h", "policy/yaml[^/]*\\.c")
        library("libcurl", "curl/", "collateral/")
        library("libuv", "uv(\\.h|/)",
                "collateral/|proxy/(io|local|tools|server)/")
        library("llhttp", "llhttp\\.h", "proxy/io/http_[^/]*")
        library("uthash", "uthash\\.h", "collateral/|proxy/")

        pure = "^(verifier|policy|proxy/tunnel)$"
        pure_libc = "^(assert|ctype|inttypes|limits|stdalign|stdarg|stdbool|" \
            "stddef|stdint|stdio|stdlib|stdnoreturn|string|strings)\\.h$"
        libc = "^((arpa|net|netinet|sys|linux)/[a-z0-9_/]+|assert|ctype|" \
            "dirent|endian|errno|fcntl|fnmatch|getopt|glob|grp|ifaddrs|" \
            "inttypes|limits|locale|math|netdb|poll|pthread|pwd|sched|" \
            "signal|spawn|stdalign|stdarg|stdatomic|stdbool|stddef|stdint|" \
            "stdio|stdlib|stdnoreturn|string|strings|syslog|termios|time|" \
            "unistd|wchar)\\.h$"
        impure = "(^|[^A-Za-z0-9_])(fopen|freopen|fdopen|tmpfile|printf|" \
            "vprintf|fprintf|vfprintf|puts|fputs|putchar|perror|fread|" \
            "fwrite|getenv|time) *\\("
    }
    $1 != file {
        file = $1
        folder = folder_of(file)
        if (!(folder in may)) {
            print file ":1: no floor for this folder"
            folder = ""
        }
    }
    folder == "" { next }
    $3 ~ /^ *# *include/ {
        header = $6
        sub(/^ *# *include */, "", header)
        quoted = header ~ /^"/
        if (quoted)
            header = substr(header, 2, index(substr(header, 2), "\"") - 1)
        else
            header = substr(header, 2, index(header, ">") - 2)
        if (quoted) {
            to = folder_of(header)
            if (!(to in may))
                no("include \"" header "\" by its path from the root")
            else if (index(" " may[folder] " ", " " to " ") == 0)
                no(folder " may not include " to " (\"" header "\")")
            else if (header == "common/file.h" && folder ~ pure)
                no(folder " is pure: no files")
            next
        }
        for (name in pattern) {
            if (header !~ pattern[name])
                continue
            if (file !~ seers[name])
                no("<" header ">: " name " is not for this file")
            next
        }
        if (header !~ libc)
            no("<" header ">: an unknown library")
        else if (folder ~ pure && header !~ pure_libc)
            no("<" header ">: " folder " is pure: bytes in, bytes out")
        next
    }
    folder ~ pure && $3 ~ impure { no(folder " is pure: bytes in, bytes out") }
' | verdict
