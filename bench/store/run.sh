#!/usr/bin/env bash
# Measures both stores on one disk: run.sh BUILD_FOLDER [SECONDS]. The data lie below $TMPDIR, or /tmp.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
bench=$1/bench_store
seconds=${2:-5}
folder=$(mktemp -d)
chmod 755 "$folder"
mkdir "$folder/pg"
tests/postgres/serve.sh "$folder/pg" fsync >"$folder/said" 2>&1 &
server=$!
trap 'kill -INT $server 2>/dev/null || true; wait $server 2>/dev/null || true; rm -rf "$folder"' EXIT
"$bench" "$folder" "sqlite:$folder/log.db" "$seconds"
until [ -S "$folder/pg/.s.PGSQL.5432" ]; do
    kill -0 $server 2>/dev/null || { cat "$folder/said"; exit 1; }
    sleep 0.1
done
sleep 1
"$bench" "$folder" "postgresql://euromesh@${folder//\//%2F}%2Fpg/postgres" "$seconds"
