#!/bin/sh
# Run one libFuzzer target for a bounded time on a copy of its corpus, so that
# the tree stays clean. A finding is kept in the build folder and printed.
set -eu
target=$1 corpus=$2 seconds=$3
[ -d "$corpus" ] && [ -n "$(ls -A "$corpus")" ] || {
    echo "no corpus in $corpus: a fuzz target starts from real input" >&2
    exit 1
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r "$corpus" "$work/corpus"
"$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
    -print_final_stats=1 -artifact_prefix="$(dirname "$target")/" \
    "$work/corpus" >"$work/log" 2>&1 || {
    tail -n 60 "$work/log"
    exit 1
}
grep -E 'stat::number_of_executed_units|DONE' "$work/log" | tail -n 2
