#!/bin/sh
# bench.sh BUILD [NAME] - runs the benchmarks; each prints its figures beside a bound of the same run and fails where a bar is missed.
set -eu
build=$1 only=${2:-}
status=0 ran=0
for program in "$build"/bench/*_bench; do
    name=$(basename "$program" _bench)
    [ -z "$only" ] || [ "$only" = "$name" ] || continue
    ran=$((ran + 1))
    printf '== %s\n' "$name"
    "$program" || status=1
done
[ "$ran" != 0 ] || { echo "no benchmark ${only:-at all}"; exit 2; }
exit $status
