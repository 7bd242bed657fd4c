#!/usr/bin/env bash
# federation.sh up DIR [--allocation SECONDS] [--rules CENTRE=FILE]... | down DIR
# federation.sh kill DIR PART | revive DIR PART
# A federation over the centres of a testbed that is up in DIR. The coordinator is in the world outside, each centre's agent on its login
# node, as its user, with Slurm as batch system; hub and depot in the world, a relay on each login node. With alps (centres.sh up
# --abroad) a fourth site, outside of the EU, with local processes. `centres.sh run DIR net -- euromesh submit ...` then speaks for a
# user who is logged in. --allocation: the longest there is; runs that are longer go on in the next. --rules: a centre's own.
#
# An agent is joined as docs/operators.md says, with texts from build/text where they are (examples/three-sites/prepare-text.sh). The
# program is the testbed's. All that is started ends with DIR's testbed, or by `down`. Logs are in DIR/log.
#
# PART: coordinator, depot, agent-CENTRE, relay-CENTRE; killed by SIGKILL, started again as it was.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
verb=${1:-}
bed=$(readlink -f "${2:-/nonexistent}") || true
shift $(($# < 2 ? $# : 2))
allocation=
declare -A rules=()
world=$bed/net/home/you
address=10.88.4.2

die() {
    printf 'federation: error: %s\n' "$*" >&2
    exit 1
}

on() { "$here/centres.sh" run "$bed" "$@"; }

# What is started so is a process here that ends, and what it started in the machine with it, by a signal.
start() {
    local log=$1
    shift
    (exec setsid "$here/centres.sh" run "$bed" "$@") >>"$bed/log/$log" 2>&1 </dev/null &
    echo "$! $log" >>"$bed/state/federation"
    disown $!
}

part() {
    case $1 in
        coordinator)
            start "$1" net -- euromesh up --folder up --listen $address:8443 --certificate tls.pem --key tls.key --authorities tls.pem --admit admit --json
            ;;
        depot) start "$1" net -- euromesh relay --depot --spool depot --listen $address:4410 --secret secret ;;
        agent-*) start "$1" "${1#agent-}" -- euromesh site run --config euromesh/site.toml ;;
        relay-*) start "$1" "${1#relay-}" -- euromesh relay --spool euromesh/spool --site "${1#relay-}" --to tcp:$address:4410 --secret euromesh/secret ;;
        *) die "no part is called '$1'" ;;
    esac
}

# The program is the child of who went into the machine, and that ends with it.
kill_part() {
    local process child
    process=$(awk -v log_file="$1" '$2 == log_file { print $1 }' "$bed/state/federation" | tail -n 1)
    [ -n "$process" ] && child=$(pgrep -P "$process") || die "$1 does not live"
    kill -KILL "$child"
    while [ -e "/proc/$child" ]; do read -rt 0.02 <> <(:) || true; done
    sed -i "/^$process /d" "$bed/state/federation"
}

# wait_until SECONDS WHAT COMMAND...
wait_until() {
    local until=$((SECONDS + $1)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $until ] || die "$what: nothing after a minute; see $bed/log"
        read -rt 0.1 <> <(:) || true
    done
}

coordinator_up() {
    (cd "$world" && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=net \
        -addext "subjectAltName=IP:$address,DNS:net" -keyout tls.key -out tls.pem 2>/dev/null)
    mkdir -p "$world"/{admit,depot}
    [ -s "$world/secret" ] || (umask 077 && head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$world/secret")
    chown -R --reference="$world" "$world"
    rm -f "$bed/log/coordinator"
    part coordinator
    wait_until 60 "the coordinator" grep -q '"ready"' "$bed/log/coordinator"
    key=$(on net -- curl -sS --cacert tls.pem "https://$address:8443/v1/federation" | jq -er .coordinator_key) ||
        die "the coordinator does not tell its key; see $bed/log/coordinator"
}

# A hub is told which authority it serves. The federation's is the same for all its runs, and is known at a site with the first.
hub_when_known() {
    local authority
    until authority=$(ls "$bed"/leonardo/home/luca/euromesh/state/runs/*/pki/ca.pem 2>/dev/null); do
        [ -e "$bed/state/federation" ] || exit 0
        read -rt 0.2 <> <(:) || true
    done
    cp "$(head -n 1 <<<"$authority")" "$world/runs.pem"
    exec setsid "$here/centres.sh" run "$bed" net -- euromesh hub --listen $address:4400 --ca runs.pem
}

# What a centre adds to its file for federated runs: where its text is, and how its trainers reach the others.
train_section() {
    printf '\n[train]\ndata = "data"\nthreads = 1\n\n[exchange]\nkind = "%s"\nspool = "spool"\n' "$1"
    [ "$1" != hub ] || printf 'hub = "%s:4400"\n' $address
}

read_options() {
    while [ $# -gt 0 ]; do
        case $1 in
            --allocation) [[ ${2:-} =~ ^[1-9][0-9]{0,5}$ ]] || die "--allocation '${2:-}': seconds"; allocation=$2 ;;
            --rules) [ -s "${2#*=}" ] || die "--rules '${2:-}': write CENTRE=FILE"; rules[${2%%=*}]=$(readlink -f "${2#*=}") ;;
            *) die "unknown option '$1'" ;;
        esac
        shift 2
    done
}

# What this centre's file has besides the example's, for its top.
own_keys() {
    [ -z "$allocation" ] || awk -v s="$allocation" 'BEGIN { printf "allocation_hours = %.9f\n", s / 3600 }'
    [ -z "${rules[$1]:-}" ] || echo 'rules = "centre.rules"'
}

# join CENTRE USER COUNTRY OPERATOR SYSTEM EXCHANGE LANGUAGE
join() {
    local home=$bed/$1/home/$2 folder=$bed/$1/home/$2/euromesh texts=$here/../../build/text/$7
    mkdir -p "$folder"/{spool,data}
    if [ -d "$texts" ]; then
        mkdir -p "$folder/data/build/text/$7"
        cp "$texts"/{train,heldout}.txt "$folder/data/build/text/$7"
    fi
    cp "$world/tls.pem" "$folder/ca.pem"
    cp "$world/secret" "$folder/secret"
    sed -e "s/@COORDINATOR_KEY@/$key/; s/^site = \"jupiter\"/site = \"$1\"/; s/^country = .*/country = \"$3\"/; s/^operator = .*/operator = \"$4\"/; s/jupiter-booster/$5/; s|^authorities = .*|authorities = \"/srv/home/$2/euromesh/ca.pem\"|" \
        "$here/../../examples/operators/site.toml" | { own_keys "$1" && cat; } >"$folder/site.toml"
    [ "$1" != alps ] || sed -i 's/^kind = "slurm"/kind = "local"/; s/^max_hours = .*/&\nwait_median_s = 600/' "$folder/site.toml"
    [ -z "${rules[$1]:-}" ] || cp "${rules[$1]}" "$folder/centre.rules"
    train_section "$6" >>"$folder/site.toml"
    chown -R --reference="$home" "$home"
    on "$1" -- euromesh site key --config euromesh/site.toml >"$world/admit/.$1"
    mv "$world/admit/.$1" "$world/admit/$1.json"
    part "agent-$1"
    part "relay-$1"
}

sites_known() { [ "$(on net -- euromesh sites --json | jq '[.. | .partitions? // empty | select(length > 0)] | length')" = "$1" ]; }

up() {
    local sites=3
    [ -d "$bed/state" ] || die "no testbed is up in '$bed'"
    down
    coordinator_up
    part depot
    join jupiter jana DE "Forschungszentrum Juelich" jupiter-booster direct de
    join leonardo luca IT CINECA leonardo-booster hub it
    join marenostrum5 marta ES BSC-CNS mn5-acc spool es
    ! grep -qx abroad=true "$bed/state/options" || { join alps reto CH CSCS alps direct de && sites=4; }
    hub_when_known >"$bed/log/hub" 2>&1 </dev/null &
    echo "$! hub" >>"$bed/state/federation"
    disown $!
    wait_until 60 "$sites agents" sites_known $sites
}

down() {
    local process log
    while read -r process log; do
        [ "$(cat "/proc/$process/comm" 2>/dev/null)" != nsenter ] || kill "$process" 2>/dev/null || true
    done < <(cat "$bed/state/federation" 2>/dev/null)
    rm -f "$bed/state/federation"
}

case $verb in
    up | down)
        read_options "$@"
        $verb
        ;;
    kill) kill_part "${1:-}" ;;
    revive) part "${1:-}" ;;
    *)
        sed -n '2,12s/^# \{0,1\}//p' "$0" >&2
        exit 2
        ;;
esac
