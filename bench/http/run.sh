#!/bin/sh
# bench/http/run.sh PROGRAM [SECONDS]: requests a second and latency of bench_http under wrk with 500 connections,
# plain, with an access log, by POST, and over TLS. Needs wrk and openssl. Results go to standard output.
set -eu
program=$1
seconds=${2:-5}
folder=$(mktemp -d)
server=
finish() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    rm -rf "$folder"
}
trap finish EXIT INT TERM

# case NAME SCHEME PATH [wrk options] -- [server options]
measure() {
    name=$1 scheme=$2 path=$3
    shift 3
    script=
    if [ "$1" != -- ]; then
        script="-s $1"
        shift
    fi
    shift
    : >"$folder/port"
    "$program" "$@" >"$folder/port" 2>"$folder/log" &
    server=$!
    until [ -s "$folder/port" ]; do kill -0 "$server"; done
    echo "== $name"
    # shellcheck disable=SC2086
    wrk -t 2 -c 500 -d "${seconds}s" --latency $script "$scheme://127.0.0.1:$(head -n 1 "$folder/port")$path" |
        grep -E 'Requests/sec|50%|99%|Non-2xx|Socket errors' || true
    kill "$server"
    wait "$server" || true
    tail -n 1 "$folder/port"
    server=
}

cat >"$folder/post.lua" <<'LUA'
wrk.method = "POST"
wrk.body = '{"name":"hello","duration_s":60,"arguments":["a","b"]}'
wrk.headers["Content-Type"] = "application/json"
LUA
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=localhost \
    -keyout "$folder/key.pem" -out "$folder/cert.pem" 2>/dev/null

measure "GET, plain" http /v1/jobs/j-1 --
measure "GET, plain, one thread" http /v1/jobs/j-1 -- --threads 1
measure "GET, plain, access log" http /v1/jobs/j-1 -- --log
measure "POST with schema, plain" http /v1/jobs "$folder/post.lua" --
measure "GET, TLS 1.3" https /v1/jobs/j-1 -- --tls "$folder/cert.pem" "$folder/key.pem"
