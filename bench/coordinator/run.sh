#!/bin/sh
# bench/coordinator/run.sh BUILD [SECONDS] [options of bench_coordinator]: the whole coordinator under load, over HTTPS and,
# with --plain, over HTTP. Ends what it starts; the ledger is exported and verified at the end. Data lie below $TMPDIR, or /tmp.
set -eu
build=$1
seconds=${2:-8}
[ $# -lt 2 ] || shift
shift
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT INT TERM
"$build/bench_coordinator" --programs "$build" --scripts "$(dirname "$(readlink -f "$0")")" --folder "$folder" \
    --seconds "$seconds" "$@"
