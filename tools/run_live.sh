#!/bin/sh
# run_live.sh BUILD [options of "ems run"] - the device in the background, its live view in front. Without a terminal: the device alone.
set -eu
build=$1
shift
export PATH="$PWD/$build/src/app:$PATH"
data=var
previous=
for word in "$@"; do
    [ "$previous" != --data ] || data=$word
    previous=$word
done
if [ ! -t 0 ] || [ ! -t 1 ]; then
    exec ems run "$@"
fi
mkdir -p "$data"
ems run "$@" >"$data/ems.log" 2>&1 &
device=$!
trap 'kill "$device" 2>/dev/null; wait "$device" 2>/dev/null || true' EXIT INT TERM
if ! emsctl --data "$data" wait --seconds 10; then
    cat "$data/ems.log" >&2
    exit 1
fi
emsctl --data "$data" live
