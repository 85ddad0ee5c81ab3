#!/bin/sh
# Runs every script of this folder and says which passed. Fails if any failed.
cd "$(dirname "$0")/../.." || exit 2

passed=0 failed=0 skipped=0
for script in tests/lint/*.sh; do
    [ "$script" != tests/lint/all.sh ] || continue
    out=$("$script" 2>&1)
    case $? in
    0) word=pass passed=$((passed + 1)) ;;
    77) word=skip skipped=$((skipped + 1)) ;;
    *) word=FAIL failed=$((failed + 1)) ;;
    esac
    printf '%s  %s\n' "$word" "$(basename "$script")"
    [ -z "$out" ] || printf '%s\n' "$out" | sed 's/^/      /'
done
echo "lint: $passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
