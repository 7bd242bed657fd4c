#!/usr/bin/env bash
# Three HPC centres and the world outside them on one machine, each centre with its own network, users, storage and Slurm.
#
#   testbed/centres/centres.sh up DIR [--nodes 2] [--cpus 2] [--rate 500mbit] [--no-slurm] [--partitions SPEC]
#                              [--programs FOLDER] [--tun-link PROGRAM] [--abroad] [--home 256m]
#   testbed/centres/centres.sh run DIR MACHINE [--as USER] -- COMMAND
#   testbed/centres/centres.sh status DIR
#   testbed/centres/centres.sh traffic DIR [--json]      bytes between machines of different centres, by destination
#   testbed/centres/centres.sh cut DIR CENTRE | mend DIR CENTRE       its line to the world: silence, no error
#   testbed/centres/centres.sh fail DIR MACHINE | repair DIR MACHINE  it loses power: all its processes end
#   testbed/centres/centres.sh down DIR
#
# --home: each user's home is a file system of its own of that size (in memory), which can be full.
#
# Machines are CENTRE (its login node), CENTRE-n1, CENTRE-n2 ... (compute nodes), net (the world outside: coordinator, hub,
# object store) and, with --abroad, alps (one machine of a site in Switzerland, without a scheduler). Centres, their users and policies stand in centres.txt; delays follow from data/network.csv. What a machine sees,
# and who reaches whom: docs/testing.md. Needs root. All files are in DIR; several at once have several DIRs.
set -euo pipefail

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
root=$(readlink -f "$here/../..")
wan=$here/../wan
folder=
nodes=2
cpus=2
rate=500mbit # of each line: the lower bound for models of 72 billion parameters, covenant-72b-links in data/network.csv
world_delay_us=1000
abroad_delay_us=1500
partitions='batch MaxTime=60;spare MaxTime=60 PriorityTier=0 PreemptMode=requeue'
slurm=true
programs=
tun_link=
home_size=
abroad=false
name=([4]=net [5]=alps) city=() policy=([5]=direct) user=([4]=you [5]=reto) uid=([4]=42000 [5]=42005) text=()

die() {
    printf 'centres: error: %s\n' "$*" >&2
    exit 1
}

# shellcheck source=testbed/centres/machine.sh
. "$here/machine.sh"
# shellcheck source=testbed/centres/network.sh
. "$here/network.sh"
# shellcheck source=testbed/centres/scheduler.sh
. "$here/scheduler.sh"

usage() {
    sed -n '2,18s/^# \{0,1\}//p' "$0"
    exit "$1"
}

need() {
    local program
    [ "$(id -u)" = 0 ] || die "machines of their own need root; run it through sudo"
    for program in ip tc nft nsenter unshare setpriv jq; do
        command -v "$program" >/dev/null || die "$program is missing (tools/setup.sh --test installs it)"
    done
}

read_centres() {
    local n=0 a system b c d e f
    while read -r a system b c d e f; do
        [[ "$a" =~ ^(#.*)?$ ]] && continue
        n=$((n + 1))
        name[n]=$a city[n]=$b policy[n]=$c user[n]=$d uid[n]=$e text[n]=$f
    done <"$here/centres.txt"
    [ "$n" = 3 ] || die "centres.txt has $n centres: three are wanted"
}

read_options() {
    while [ $# -gt 0 ]; do
        case "$1" in
            --no-slurm) slurm=false; shift; continue ;;
            --abroad) abroad=true; shift; continue ;;
            --nodes | --cpus | --rate | --partitions | --programs | --tun-link | --home) [ $# -gt 1 ] || die "$1 needs a value" ;;&
            --nodes) nodes=$2 ;;
            --cpus) cpus=$2 ;;
            --rate) rate=$2 ;;
            --partitions) partitions=$2 ;;
            --programs) programs=$2 ;;
            --tun-link) tun_link=$2 ;;
            --home) home_size=$2 ;;
            *) die "unknown option '$1' (centres.sh --help lists them)" ;;
        esac
        shift 2
    done
    [[ "$nodes" =~ ^[1-9]$ ]] || die "--nodes $nodes: use 1 to 9"
    [[ "$cpus" =~ ^[1-9][0-9]?$ ]] || die "--cpus $cpus: use 1 to 99"
    [ -n "$programs" ] || programs=$(dirname "$(ls -t "$root"/build/*/euromesh 2>/dev/null | head -n 1)")
    [ -x "$programs/euromesh" ] || die "no program in '$programs': build it, or give --programs FOLDER"
    programs=$(readlink -f "$programs")
}

# What is the centre's own instead of this machine's: names of machines, people, how one logs in.
centre_files() {
    local centre=$folder/${name[$1]} node n
    mkdir -p "$centre"/{etc,bin,testbed,home,log}
    {
        echo "127.0.0.1 localhost"
        echo "10.88.4.2 net"
        ! $abroad || echo "10.88.5.2 alps"
        for n in 1 2 3; do [ "$n" = "$1" ] || echo "10.88.$n.130 ${name[$n]}"; done
        for n in 1 2 3; do
            for ((node = 1; node <= nodes; ++node)); do
                [ "${policy[$n]}" = spool ] || [ "$n" = "$1" ] || echo "10.88.$n.$((130 + node)) ${name[$n]}-n$node"
            done
        done
        [ "$1" -ge 4 ] || echo "10.89.$1.1 ${name[$1]}"
        for ((node = 1; node <= nodes && $1 < 4; ++node)); do echo "10.89.$1.$((10 + node)) ${name[$1]}-n$node"; done
    } >"$centre/etc/hosts"
    grep -v ":${uid[$1]}:" /etc/passwd >"$centre/etc/passwd"
    echo "${user[$1]}:x:${uid[$1]}:${uid[$1]}:${user[$1]}:/srv/home/${user[$1]}:/bin/bash" >>"$centre/etc/passwd"
    grep -v ":${uid[$1]}:" /etc/group >"$centre/etc/group"
    echo "${user[$1]}:x:${uid[$1]}:" >>"$centre/etc/group"
    : >"$centre/etc/resolv.conf"
    write_login "$centre/etc/login"
    mkdir -p "$centre/home/${user[$1]}"
    [ -z "$home_size" ] || mount -t tmpfs -o "size=$home_size" tmpfs "$centre/home/${user[$1]}"
    install -d -m 700 -o "${uid[$1]}" -g "${uid[$1]}" "$centre/home/${user[$1]}"
}

write_login() {
    cat >"$1" <<'LOGIN'
# login USER COMMAND...: what PAM and a shell's profile would do.
user=$1
shift
IFS=: read -r _ _ uid gid _ home _ < <(getent passwd "$user") || { echo "no user $user here" >&2; exit 1; }
export HOME=$home USER=$user LOGNAME=$user LANG=C.UTF-8 SHELL=/bin/bash
export PATH=/srv/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
[ ! -e /srv/etc/profile ] || . /srv/etc/profile
cd "$home" && exec setpriv --reuid "$uid" --regid "$gid" --init-groups --pdeathsig TERM -- "$@"
LOGIN
}

# Of the centres, and of the machines that are alone in their network.
numbers() {
    echo 1 2 3 4
    ! $abroad || echo 5
}

centre_machines() {
    local number=$1 node
    machine_start "${name[$number]}" "$folder/${name[$number]}/etc" "$programs"
    connect "${name[$number]}" "$number" 0
    for ((node = 1; node <= nodes; ++node)); do
        machine_start "${name[$number]}-n$node" "$folder/${name[$number]}/etc" "$programs"
        connect "${name[$number]}-n$node" "$number" "$node"
    done
}

up() {
    local number
    need
    mkdir -p "$folder"
    folder=$(readlink -f "$folder")
    mkdir "$folder/state" 2>/dev/null || die "$folder is up already, or was left: take it down first"
    mkdir -p "$folder/log"
    trap 'trap - EXIT; down' EXIT
    trap 'exit 130' INT TERM
    echo "c$(printf %s "$folder" | cksum | cut -d ' ' -f 1)" >"$folder/state/wan"
    printf '%s\n' "nodes=$nodes" "cpus=$cpus" "rate=$rate" "slurm=$slurm" "programs=$programs" "abroad=$abroad" >"$folder/state/options"
    for number in $(numbers); do centre_files "$number"; done
    network_up
    for number in $(numbers); do
        [ "$number" -lt 4 ] || machine_start "${name[$number]}" "$folder/${name[$number]}/etc" "$programs" "$(border "$number")"
    done
    for number in 1 2 3; do centre_machines "$number"; done
    ! $slurm || slurm_up
    trap - EXIT INT TERM
}

down() {
    need
    [ -d "$folder/state" ] || return 0
    machine_stop
    [ ! -e "$folder/state/wan" ] || wan_do down
    homes_down
    rm -rf "$folder/state"
}

homes_down() {
    local n
    for n in 1 2 3 4 5; do
        ! mountpoint -q "$folder/${name[$n]}/home/${user[$n]}" || umount "$folder/${name[$n]}/home/${user[$n]}"
    done
}

# The folder of a testbed that is up.
at_folder() {
    [ -n "${1:-}" ] || usage 2 >&2
    [ -d "$1/state" ] || die "no testbed is up in $1"
    folder=$(readlink -f "$1")
    need
    # shellcheck source=/dev/null
    . "$folder/state/options"
}

number_of() {
    local n
    for n in $(numbers); do
        if [ "${name[$n]}" = "${1%-n[1-9]}" ]; then echo "$n" && return; fi
    done
    die "there is no centre '$1': ${name[*]}"
}

run() {
    local machine=${1:-} process as
    as=${user[$(number_of "$machine")]} || exit 1
    shift
    if [ "${1:-}" = --as ]; then as=${2:-} && shift 2; fi
    [ "${1:-}" = -- ] && [ $# -gt 1 ] || die "run: MACHINE [--as USER] -- COMMAND"
    shift
    process=$(machine_process "$machine") || die "machine $machine is not up"
    machine_enter "$process" "$as" "$@"
}

repair() {
    local number node=0
    number=$(number_of "$1") || exit 1
    ! machine_process "$1" >/dev/null || die "machine $1 is up"
    [ "$number" -lt 4 ] || { machine_start "$1" "$folder/$1/etc" "$programs" "$(border "$number")"; return; }
    [ "$1" = "${name[$number]}" ] || node=${1##*-n}
    machine_start "$1" "$folder/${name[$number]}/etc" "$programs"
    connect "$1" "$number" "$node"
    ! $slurm || slurm_revive "$number" "$node"
}

status() {
    local n machine state pid start child
    while read -r machine pid start child; do
        n=$(number_of "$machine")
        state=up
        [ "$(started_at "$pid")" = "$start" ] || state=down
        printf '%-18s %-5s %-7s user %-6s %s\n' "$machine" "$state" "${policy[$n]:-}" "${user[$n]}" \
            "$([ $state = down ] || nsenter --target "$child" --net ip -4 -o addr show scope global | awk '{ printf "%s ", $4 }')"
    done <"$folder/state/machines"
    wan_do status | grep '^cut' || true
    ! $slurm || for n in 1 2 3; do as_root "${name[$n]}" sinfo -h -o "${name[$n]}: %P %a, at most %l, %D nodes %t" || true; done
}


main() {
    local command=${1:-}
    [ $# -gt 0 ] && shift
    read_centres
    case "$command" in
        up)
            [ -n "${1:-}" ] || usage 2 >&2
            folder=$1
            shift
            read_options "$@"
            up
            ;;
        down)
            [ -n "${1:-}" ] || usage 2 >&2
            folder=$(readlink -m "$1")
            down
            ;;
        run | status | traffic)
            at_folder "$@"
            shift
            "$command" "$@"
            ;;
        cut | mend)
            at_folder "$@"
            wan_do "$command" "$(number_of "${2:-}")"
            ;;
        fail)
            at_folder "$@"
            machine_process "${2:-}" >/dev/null || die "machine '${2:-}' is not up"
            machine_stop "$2"
            ;;
        repair)
            at_folder "$@"
            repair "${2:-}"
            ;;
        -h | --help) usage 0 ;;
        *) usage 2 >&2 ;;
    esac
}

main "$@"
