#!/bin/sh
# Rule: code, build files and scripts are printable ASCII: no tabs, no carriage
# returns, nothing a reader cannot see or type. Lines of C end without blanks.
cd "$(dirname "$0")/../.." || exit 2
. tests/lint/lib

files '*.c' '*.h' '*.sh' '*.py' '*.cmake' '*CMakeLists.txt' '*.clang-format' |
    xargs grep -nHE '[^ -~]| $' /dev/null | verdict
