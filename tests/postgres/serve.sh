#!/usr/bin/env bash
# A private PostgreSQL server for tests, in the foreground: serve.sh FOLDER [fsync]
#
# Makes its data in FOLDER/data at the first call, listens on a unix socket in FOLDER only, and ends when whoever
# started it ends. Clients connect as the user "euromesh" to the data base "postgres". Without "fsync" it does not
# wait for the disk: quick, and good for tests only. Status 3: no server is installed.
set -euo pipefail
folder=$1
fsync=off
[ "${2:-}" = fsync ] && fsync=on
programs=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)
[ -x "$programs/postgres" ] || exit 3

# The server refuses to run as root.
as=()
if [ "$(id -u)" = 0 ]; then
    as=(setpriv --reuid postgres --regid postgres --clear-groups --pdeathsig INT --)
    chown postgres "$folder"
fi
if [ ! -d "$folder/data" ]; then
    (cd / && "${as[@]}" "$programs/initdb" -D "$folder/data" -U euromesh -A trust -E UTF8 --locale C.UTF-8 \
        --no-sync >/dev/null)
fi
cd /
exec "${as[@]}" "$programs/postgres" -D "$folder/data" -k "$folder" -c listen_addresses= -c "fsync=$fsync" \
    -c max_connections=40 -c logging_collector=off
