#!/bin/sh
# stages.sh test|quick|lint|check-all - runs the checks in order, cheapest first, and counts them.
# Called by ./dev from the root of the repository, which has installed what is needed.
set -u
mode=$1
passed=0 failed=0 skipped=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# check NAME COMMAND...: one check, one line; what it printed only when it fails.
check() {
    name=$1
    shift
    if "$@" >"$log" 2>&1; then
        passed=$((passed + 1))
        printf 'ok      %s\n' "$name"
    else
        failed=$((failed + 1))
        printf 'FAILED  %s\n' "$name"
        tail -n 60 "$log" | sed 's/^/        /'
    fi
}

# suite NAME DIR MESON-TEST-OPTIONS...: a run of meson's tests, counted case by case.
suite() {
    name=$1 dir=$2
    shift 2
    meson test -C "$dir" --no-rebuild --quiet --print-errorlogs --timeout-multiplier 4 "$@" >"$log" 2>&1
    counts=$(python3 tools/tally.py "$dir/meson-logs/testlog.json") || counts='0 1 0'
    # shellcheck disable=SC2086 # three numbers
    set -- $counts
    [ "$(($1 + $2 + $3))" != 0 ] || set -- 0 1 0 # a suite without tests shows nothing
    passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
    if [ "$2" = 0 ]; then
        printf 'ok      %s: %s passed, %s skipped\n' "$name" "$1" "$3"
    else
        printf 'FAILED  %s: %s of %s\n' "$name" "$2" "$(($1 + $2))"
        tail -n 120 "$log" | sed 's/^/        /'
    fi
}

setup() { # DIR OPTIONS...: sets up when new (or made by `./dev run` before the tests' packages were there), builds
    dir=$1
    shift
    [ -f "$dir/build.ninja" ] || meson setup "$dir" "$@" || return 1
    [ -d "$dir/tests" ] || meson setup --reconfigure "$dir" "$@" || return 1
    grep -q -e -Werror "$dir/build.ninja" || meson configure "$dir" -Dwerror=true || return 1
    ninja -C "$dir"
}

format_is_kept() {
    find src tests bench -name '*.[ch]' -print0 | xargs -0 clang-format-14 --dry-run --Werror
}

tidy() {
    # A file a process: the analyzer of clang 14 carries its state of va_lists from one file to the next.
    # What this build leaves out (source_iio_absent.c) has no command to read it with.
    find src -name '*.c' | while read -r file; do
        grep -q "/$file\"" build/compile_commands.json && echo "$file"
    done | xargs -n 1 -P 2 clang-tidy-14 -p build --quiet --warnings-as-errors='*'
}

clang() {
    CC=clang-14 setup "$@"
}

check 'format: clang-format has nothing to change' format_is_kept
check 'floors: every room includes only lower floors' python3 tools/check_floors.py
check 'house: no stray names, no long files, headers guarded' python3 tools/check_house.py
check 'build: gcc, warnings are errors' setup build --werror
check 'purity: meter and wire need only math and memory' python3 tools/check_purity.py build
case $mode in
lint)
    check 'tidy: clang-tidy over all sources' tidy
    ;;
quick)
    suite 'unit and golden tests' build --suite unit --suite golden
    ;;
test)
    suite 'unit, golden, simulation and peer tests, fuzz corpora' build
    check 'build: clang, warnings are errors' clang build-clang --werror
    check 'build: ASan and UBSan' clang build-asan --werror -Db_sanitize=address,undefined -Db_lundef=false
    suite 'unit tests and corpora under ASan and UBSan' build-asan --suite unit --suite fuzz --timeout-multiplier 8
    check 'build: TSan' clang build-tsan --werror -Db_sanitize=thread -Db_lundef=false
    suite 'shared-memory tests under TSan' build-tsan --suite threads --timeout-multiplier 8
    check 'build: fuzz targets' clang build-fuzz -Dfuzzing=true -Db_lundef=false
    check 'fuzz: ten seconds a target' sh tools/fuzz.sh build-fuzz 10
    check 'tidy: clang-tidy over all sources' tidy
    ;;
check-all)
    suite 'unit, golden, simulation and peer tests, fuzz corpora' build
    check 'build: clang, warnings are errors' clang build-clang --werror
    suite 'the same, built by clang' build-clang
    check 'build: the portable rooms for aarch64 and armhf' sh tools/cross.sh
    check 'build: ASan and UBSan' clang build-asan --werror -Db_sanitize=address,undefined -Db_lundef=false
    suite 'all under ASan and UBSan' build-asan --timeout-multiplier 10
    check 'build: TSan' clang build-tsan --werror -Db_sanitize=thread -Db_lundef=false
    suite 'all under TSan' build-tsan --timeout-multiplier 20
    check 'build: fuzz targets' clang build-fuzz -Dfuzzing=true -Db_lundef=false
    check 'fuzz: five minutes a target' sh tools/fuzz.sh build-fuzz 300
    check 'tidy: clang-tidy over all sources' tidy
    ;;
esac

if [ "$skipped" != 0 ]; then
    printf '%s passed, %s failed, %s skipped\n' "$passed" "$failed" "$skipped"
else
    printf '%s passed, %s failed\n' "$passed" "$failed"
fi
[ "$failed" = 0 ]
