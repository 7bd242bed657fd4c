# shellcheck shell=bash
# A machine of the testbed: processes of their own (pid, mount, network, host name, IPC), which all end with the first of them.
# To be sourced; it wants $folder, the testbed's. `bash machine.sh init ...` is what a machine's first process runs.

# $folder/state/machines has a line each: "NAME PID START CHILD", the process outside, when it began, the machine's first process.
started_at() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 20; }

# machine_start NAME ETC PROGRAMS [NETWORK]: a machine of the centre in whose folder ETC is. Without NETWORK it has one of its own.
machine_start() {
    local name=$1 etc=$2 programs=$3 ready pid child enter=(setsid unshare --net)
    [ -z "${4:-}" ] || enter=(setsid nsenter "--net=/run/netns/$4" unshare)
    {
        read -r ready || true
    } < <(exec "${enter[@]}" --pid --mount --uts --ipc --fork --kill-child --mount-proc \
        bash "$here/machine.sh" init "$name" "$etc" "$folder" "$programs" "$(dirname "$here")" 2>"$folder/log/machine-$name" </dev/null)
    [ "${ready:-}" = ready ] || die "machine $name: $(tail -n 1 "$folder/log/machine-$name")"
    pid=$!
    child=$(ps -o pid= --ppid "$pid" | tr -d ' ')
    [ -n "$child" ] || die "machine $name ended at once"
    echo "$name $pid $(started_at "$pid") $child" >>"$folder/state/machines"
}

# The first process of a machine that lives, as this machine counts.
machine_process() {
    local name pid start child
    while read -r name pid start child; do
        if [ "$name" = "$1" ] && [ "$(started_at "$pid")" = "$start" ]; then
            echo "$child"
            return
        fi
    done < <(cat "$folder/state/machines" 2>/dev/null)
    return 1
}

# Ends all machines, or the named one. Killing the process outside kills the first inside, and that the rest; then it waits until
# all are gone.
machine_stop() {
    local name pid start child left=()
    while read -r name pid start child; do
        { [ -z "${1:-}" ] || [ "$1" = "$name" ]; } && [ "$(started_at "$pid")" = "$start" ] || continue
        kill -KILL "$child" "$pid" 2>/dev/null || true
        left+=("$pid" "$child")
    done < <(cat "$folder/state/machines" 2>/dev/null)
    for pid in "${left[@]}"; do
        while [ -e "/proc/$pid" ]; do read -rt 0.02 <> <(:) || true; done
    done
    [ -z "${1:-}" ] || sed -i "/^$1 /d" "$folder/state/machines"
}

# machine_enter PROCESS USER COMMAND...: as a user of the machine, with the environment of a log-in. It ends with who asked.
machine_enter() {
    local process=$1 user=$2
    shift 2
    exec nsenter --target "$process" --mount --net --pid --uts --ipc --wd=/srv \
        env -i "TERM=${TERM:-dumb}" bash /srv/etc/login "$user" "$@"
}

# Everything that the machine sees otherwise than we do. Its own process table and network are there already.
machine_init() {
    local name=$1 etc=$2 folder=$3 programs=$4 scripts=$5 file target
    hostname "$name"
    mount --rbind "${etc%/*}" /srv
    mount --bind "$programs" /srv/bin
    mount --bind "$scripts" /srv/testbed
    for file in hosts passwd group resolv.conf; do
        target=$(readlink -f "/etc/$file")
        mount --bind "/srv/etc/$file" "$target"
    done
    # Other centres' folders, and what lies in this machine's shared places.
    mount -t tmpfs -o mode=755 tmpfs "$folder"
    mount -t tmpfs -o mode=1777,size=512m tmpfs /tmp
    mount -t tmpfs -o mode=755 tmpfs /run
    ip link set lo up
    echo ready
    exec </dev/null >/dev/null 2>&1
    # The first process of a process table inherits orphans; a shell reaps them. Nothing ever comes through this pipe.
    trap '' HUP INT TERM
    while :; do read -r _ <> <(:) || true; done
}

if [ "${BASH_SOURCE[0]}" = "$0" ] && [ "${1:-}" = init ]; then
    set -euo pipefail
    shift
    machine_init "$@"
fi
