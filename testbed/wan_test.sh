#!/usr/bin/env bash
# wan_test.sh TUN_LINK LINE_PROBE: two hosts, the round trip and the rate between them, a cut and a mend. Exit 77: not permitted here.
set -euo pipefail
wan=$(dirname "$(readlink -f "$0")")/wan
tun_link=$1
probe=$2
name=t$$
folder=$(mktemp -d)
server=

clean_up() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    "$wan" down --name "$name"
    rm -rf "$folder"
}

fail() {
    echo "failed: $*" >&2
    exit 1
}

# measure SECONDS: leaves rtt and rate, in ms and Mbit/s.
measure() {
    "$wan" run --name "$name" 2 -- "$probe" serve 0 >"$folder/port" &
    server=$!
    until [ -s "$folder/port" ]; do read -rt 0.02 <> <(:) || true; done
    read -r _ rtt _ rate < <("$wan" run --name "$name" 1 -- "$probe" ask "10.88.2.2:$(cut -d ' ' -f 2 "$folder/port")" "$1")
    wait "$server"
    server=
    rm "$folder/port"
}

# Other tests have theirs meanwhile.
no_namespace() { ! ip netns list | grep -F "em-$name-"; }

within() { awk -v v="$1" -v l="$2" -v m="$3" 'BEGIN { exit !(v >= l && v <= m) }'; }

# expect SECONDS RTT_LEAST RTT_MOST RATE_LEAST RATE_MOST: what is too late or too little on a busy machine is measured again; too
# early or too much never is.
expect() {
    local attempt
    for attempt in 1 2 3; do
        measure "$1"
        echo "attempt $attempt: round trip $rtt ms, $rate Mbit/s"
        within "$rtt" "$2" 1e9 && within "$rate" 0 "$5" || break
        if within "$rtt" "$2" "$3" && within "$rate" "$4" "$5"; then return; fi
    done
    fail "the round trip is $rtt ms, expected $2 to $3; the rate is $rate Mbit/s, expected $4 to $5"
}

if [ "$(id -u)" != 0 ] || ! ip netns add "em-$name-probe" 2>/dev/null; then
    echo "skipped: network namespaces are not permitted here"
    exit 77
fi
ip netns delete "em-$name-probe"
trap clean_up EXIT

"$wan" up --name "$name" --hosts 2 --rate 200mbit --delay 5ms --tun-link "$tun_link"
expect 1 19.9 27 150 230

"$wan" cut --name "$name" 2
said=$("$wan" status --name "$name")
grep -q '^cut: 10.88.2.2$' <<<"$said" || fail "status does not tell of the cut: $said"
status=0
timeout 0.3 "$wan" run --name "$name" 1 -- "$probe" ask 10.88.2.2:9 1 2>/dev/null || status=$?
[ "$status" = 124 ] || fail "a cut line says something: exit status $status"
"$wan" mend --name "$name" 2
expect 0.3 19.9 27 1 400

if "$wan" run --name "$name" 3 -- true 2>"$folder/errors"; then fail "there is no host 3"; fi
grep -q "host '3': there are 1 to 2" "$folder/errors" || fail "the message for host 3: $(cat "$folder/errors")"
"$wan" down --name "$name"
no_namespace || fail "a namespace is left"
if "$wan" with --name "$name" --hosts 1 -- false; then fail "the status of the command is lost"; fi
no_namespace || fail "a namespace is left after 'with'"
