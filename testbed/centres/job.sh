# shellcheck shell=bash
# What the jobs on the testbed have in common: up, a federation, a run, what it sent, down. To be sourced; it wants $bed, the folder of
# a testbed that is made anew, and $programs.
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
world=$bed/net/home/you

die() {
    printf '%s: error: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

net() { "$here/centres.sh" run "$bed" net -- "$@"; }
traffic() { "$here/centres.sh" traffic "$bed" "$@"; }
seconds_since() { awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }'; }

take_down() {
    "$here/federation.sh" down "$bed" || true
    "$here/centres.sh" down "$bed"
}

# Takes it down at the end, whatever happens; what was written stays in the folder.
take_up() {
    local start=$EPOCHREALTIME
    "$here/centres.sh" down "$bed"
    rm -rf "$bed"
    trap take_down EXIT
    trap 'exit 130' INT TERM
    "$here/centres.sh" up "$bed" --programs "$programs" --tun-link "$programs/tun_link" "$@"
    printf '%-24s%8.1f s\n' "three centres" "$(seconds_since "$start")"
}

federation_up() {
    local start=$EPOCHREALTIME
    "$here/federation.sh" up "$bed" "$@"
    printf '%-24s%8.1f s\n' "coordinator and agents" "$(seconds_since "$start")"
    net euromesh apply --tier playground
}

# bring NAME: standard input becomes the user's work/NAME.toml, whose run lies in work/NAME.
bring() {
    mkdir -p "$world/work"
    sed "s|^folder = .*|folder = \"$1\"|" >"$world/work/$1.toml"
    chown -R --reference="$world" "$world/work"
}

# What each site's manifests say: "ROUND STATE" of every outer step, once, however many files and sites told it.
outer_states() { cat "$@" | jq -r '"\(.round) \(.state_after)"' | sort -nu; }

home_of() { echo "$bed/$1/home"/*; }
run_folder() { echo "$(home_of "$1")/euromesh/state/runs/$2"; }
