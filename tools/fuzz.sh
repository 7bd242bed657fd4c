#!/usr/bin/env bash
# Runs the fuzz targets (fuzz/*_fuzz.cpp), each from the corpus that is kept beside it.
#
#   tools/fuzz.sh [--seconds N] [--jobs N] [--no-build] [--programs DIR] [--keep] [TARGET...]
#
#   --seconds N   for each target; 60 without it
#   --jobs N      targets at a time; 2 without it
#   --no-build    run what was built before
#   --programs D  where they are built; build/fuzz without it
#   --keep        put the inputs that reached new code into DIR/found/TARGET for the next run (long runs)
#
# What makes a target fail lies in DIR/crashes/TARGET, and the line that repeats it is printed. The last line
# says how many targets passed and failed; each counts as one test of ./test.
set -uo pipefail
cd "$(dirname "$(readlink -f "$0")")/.." || exit 1

seconds=60
jobs=2
build=1
programs=build/fuzz
keep=0
targets=()
while [ $# -gt 0 ]; do
    case "$1" in
        --seconds | --jobs)
            [[ "${2:-}" =~ ^[1-9][0-9]*$ ]] || { echo "fuzz: error: $1 needs a number above zero" >&2; exit 2; }
            printf -v "${1#--}" %s "$2"
            shift
            ;;
        --no-build) build=0 ;;
        --programs)
            programs=${2:-}
            [ -d "$programs" ] || { echo "fuzz: error: --programs needs a folder" >&2; exit 2; }
            shift
            ;;
        --keep) keep=1 ;;
        -h | --help) sed -n '2,14s/^# \{0,1\}//p' "$0"; exit ;;
        -*) echo "fuzz: error: unknown option '$1' (known: --seconds, --jobs, --no-build, --programs, --keep)" >&2; exit 2 ;;
        *) targets+=("${1%_fuzz}") ;;
    esac
    shift
done

known=$(cd fuzz && printf '%s\n' *_fuzz.cpp | sed 's/_fuzz\.cpp$//')
[ ${#targets[@]} -gt 0 ] || mapfile -t targets <<<"$known"
for target in "${targets[@]}"; do
    grep -qx -- "$target" <<<"$known" || { echo "fuzz: error: no target '$target' (there are: ${known//$'\n'/, })" >&2; exit 2; }
done

work=$PWD/$programs/work
if [ $build = 1 ]; then
    { cmake --preset fuzz && cmake --build --preset fuzz; } >build/fuzz-build.log 2>&1 || {
        tail -n 25 build/fuzz-build.log >&2
        echo "fuzz: error: the build failed (build/fuzz-build.log)" >&2
        exit 1
    }
fi
rm -rf "$work"
mkdir -p "$work/temporary" "$programs/logs"

# fuzz_one TARGET: one program, alone in its folder of crashes; leaves 0 or 1 in work/TARGET.
fuzz_one() {
    local target=$1 log=$programs/logs/$1.log crashes=$programs/crashes/$1 found=$work/found-$1 begin=$SECONDS crash executed
    local options=()
    [ -f "fuzz/$target.dict" ] && options+=("-dict=fuzz/$target.dict")
    [ $keep = 0 ] || found=$programs/found/$target
    mkdir -p "$crashes" "$found" "fuzz/corpus/$target"
    # The first folder takes what is new; libFuzzer stops at the first failure. A limit on memory and on the time of one
    # input makes "too large" and "too slow" failures too.
    TMPDIR=$work/temporary "$programs/${target}_fuzz" "$found" "fuzz/corpus/$target" -max_total_time="$seconds" -timeout=10 \
        -rss_limit_mb=2048 -malloc_limit_mb=1024 -artifact_prefix="$crashes/" -print_final_stats=1 "${options[@]}" >"$log" 2>&1 </dev/null
    local status=$?
    executed=$(sed -nE 's/^stat::number_of_executed_units: +([0-9]+)/\1/p' "$log")
    printf '%-20s%6d s%12s inputs  %s\n' "$target" $((SECONDS - begin)) "${executed:-?}" "$([ $status = 0 ] && echo ok || echo FAILED)"
    echo $((status != 0)) >"$work/$target"
    [ $status = 0 ] && return
    grep -m 3 -E 'ERROR|assertion|SUMMARY|runtime error' "$log" || tail -n 5 "$log"
    crash=$(sed -nE 's/.*Test unit written to (.*)/\1/p' "$log" | tail -n 1)
    echo "repeat it with: $programs/${target}_fuzz ${crash:-"$found" "fuzz/corpus/$target"}"
}

for target in "${targets[@]}"; do
    while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do wait -n; done
    fuzz_one "$target" &
done
wait
passed=$(cd "$work" && cat "${targets[@]}" 2>/dev/null | grep -c '^0$')
failed=$((${#targets[@]} - passed))
rm -rf "$work"
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
