#!/bin/sh
# fuzz.sh BUILD SECONDS [TARGET] - runs each libFuzzer target of BUILD over its corpus; new inputs go to BUILD/corpus.
# A finding is kept in BUILD/findings and makes this fail.
set -eu
build=$1 seconds=$2 only=${3:-}
mkdir -p "$build/findings"
found=0 ran=0
for program in "$build"/tests/fuzz/*_fuzz; do
    target=$(basename "$program" _fuzz)
    [ -z "$only" ] || [ "$only" = "$target" ] || continue
    ran=$((ran + 1))
    mkdir -p "$build/corpus/$target"
    seeds="tests/fuzz/corpus/$target"
    [ -d "$seeds" ] || seeds=
    # shellcheck disable=SC2086 # no seeds, no argument
    if "$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
        -artifact_prefix="$build/findings/$target-" "$build/corpus/$target" $seeds >"$build/$target.log" 2>&1; then
        printf '%s: %s, no finding\n' "$target" "$(sed -n 's/^stat::number_of_executed_units: *//p' "$build/$target.log") runs"
    else
        found=$((found + 1))
        printf '%s: FOUND\n' "$target"
        tail -n 40 "$build/$target.log"
    fi
done
[ "$ran" != 0 ] || { echo "no fuzz target ${only:-at all} in $build"; exit 2; }
[ "$found" = 0 ]
