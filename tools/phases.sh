# Sourced by ./quickstart and ./test: phases that print one line each, and the compiler cache.
# shellcheck shell=bash

logs=build/logs

# phase NAME COMMAND...: runs it with its output in build/logs/NAME.log; prints the seconds, or the log's end.
phase() {
    local name=$1 start=$EPOCHREALTIME log status=0
    shift
    log=$logs/${name// /-}.log
    mkdir -p "$logs"
    printf '%-24s' "$name"
    "$@" >"$log" 2>&1 </dev/null || status=$?
    if [ $status = 0 ]; then
        printf '%8s s\n' "$(seconds_since "$start")"
    else
        printf '  failed (exit %s)\n' "$status"
        tail -n 25 "$log" >&2
        printf 'error: %s failed; the whole log is in %s\n' "$name" "$log" >&2
    fi
    return $status
}

seconds_since() {
    local tenths=$(((${EPOCHREALTIME/[.,]/} - ${1/[.,]/}) / 100000))
    printf '%d.%d' $((tenths / 10)) $((tenths % 10))
}

# A cache that we cannot write, or somebody's odd settings for it, must not break a build.
use_compiler_cache() {
    local folder=${CCACHE_DIR:-${HOME:+$HOME/.cache/ccache}}
    if [ -z "$folder" ] || ! mkdir -p "$folder" 2>/dev/null || ! [ -w "$folder" ]; then
        folder=$PWD/build/ccache
    fi
    export CCACHE_DIR=$folder CCACHE_COMPILERCHECK=content CCACHE_CONFIGPATH=/dev/null
    # What it asks for before it caches a compilation with precompiled headers (cmake/headers.cmake).
    export CCACHE_SLOPPINESS=pch_defines,time_macros
    unset CCACHE_DISABLE CCACHE_READONLY CCACHE_PREFIX CCACHE_RECACHE
}

# configure_and_build PRESET [cmake options]: both halves of a preset.
configure_and_build() {
    local preset=$1
    shift
    cmake --preset "$preset" "$@" && cmake --build --preset "$preset"
}
