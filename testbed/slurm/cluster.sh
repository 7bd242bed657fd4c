#!/usr/bin/env bash
# One whole Slurm cluster in a folder: munged with a key of its own, slurmctld, a slurmd for each node, slurmrestd if wanted.
#
#   testbed/slurm/cluster.sh start DIR [--name N] [--nodes 2] [--cpus 4] [--gpus 0] [--partitions SPEC]
#                                      [--address 127.0.0.1] [--set KEY=VALUE]... [--rest] [--submit-rules FILE]
#                                      [--elsewhere NODE=ADDRESS,...]
#   testbed/slurm/cluster.sh stop DIR     ends every process of it, and the jobs' ones; the files stay
#   testbed/slurm/cluster.sh status DIR   what lives, and sinfo
#   testbed/slurm/cluster.sh kill DIR slurmctld|slurmd-NODE|slurmrestd    by SIGKILL
#   testbed/slurm/cluster.sh revive DIR slurmctld|slurmd-NODE|slurmrestd  starts it again, with its state
#
# `. DIR/env` makes sbatch, squeue and so on speak to it. SPEC: 'NAME KEY=VALUE ...;NAME ...', the first is the usual one;
# default 'batch MaxTime=60;spare MaxTime=60 PriorityTier=0 PreemptMode=requeue'. All nodes are in all partitions, but
# where a SPEC says Nodes=. A node costs 2 MB of memory and 30 ms of start: a machine of 4 GB carries a thousand.
# --set adds to or overrides slurm.conf. --rest: slurmrestd (API v0.0.38), as nobody where the caller is root, at
# $SLURM_REST_URL and the socket DIR/rest/socket; it takes tokens of `scontrol token`. --elsewhere: the nodes are other machines that
# see DIR too; `revive DIR slurmd-NODE` starts each there, and start does not wait for them.
#
# --submit-rules: a job_submit.lua, with which the centre refuses jobs in its own words.
#
# As root, jobs of any user of the machine run as that user; as anybody else, only one's own do. Ports are free ones below
# the range that the kernel hands out. No system service is used, nothing outside DIR is written, and all
# processes that it starts can be found in DIR/pids. Works in a network namespace: --address is where all its daemons listen.
#
# What has ended stays known for a day (MinJobAge), and for ever in DIR/jobcomp.txt, which `sacct -c` reads. There is no slurmdbd: it needs a
# database server for each cluster, and its answers would only repeat these.
set -euo pipefail

dir=
name=testbed
nodes=2
cpus=4
gpus=0
partitions='batch MaxTime=60;spare MaxTime=60 PriorityTier=0 PreemptMode=requeue'
address=127.0.0.1
settings=()
elsewhere=
submit_rules=
rest=
rest_port=

die() {
    printf 'cluster: error: %s\n' "$*" >&2
    exit 1
}

usage() {
    sed -n '2,26s/^# \{0,1\}//p' "$0"
    exit "$1"
}

read_options() {
    while [ $# -gt 0 ]; do
        case "$1" in
            --name | --nodes | --cpus | --gpus | --partitions | --address | --elsewhere | --submit-rules)
                [ $# -ge 2 ] || die "$1 needs a value"
                local variable=${1#--}
                printf -v "${variable//-/_}" %s "$2"
                shift
                ;;
            --set)
                [[ "${2:-}" == ?*=* ]] || die "--set needs KEY=VALUE"
                settings+=("$2")
                shift
                ;;
            --rest) rest=yes ;;
            *) die "unknown option '$1'" ;;
        esac
        shift
    done
    [[ "$name" =~ ^[a-z][a-z0-9]{0,30}$ ]] || die "--name $name: small letters and digits"
    [[ "$nodes" =~ ^[1-9][0-9]{0,4}$ && "$cpus" =~ ^[1-9][0-9]{0,3}$ && "$gpus" =~ ^[0-9]{1,2}$ ]] || die "--nodes, --cpus, --gpus: whole numbers"
}

program() {
    PATH=$PATH:/usr/sbin:/sbin command -v "$1-wlm" || PATH=$PATH:/usr/sbin:/sbin command -v "$1" ||
        die "there is no $1; tools/setup.sh --test installs it"
}

# Debian calls the daemons slurmctld-wlm and so on, its emulator takes over the plain names; but they must be called by
# these, by which their plugins know what they run in.
link_programs() {
    local name
    mkdir -p "$dir/bin"
    for name in "$@"; do ln -sfn "$(program "$name")" "$dir/bin/$name"; done
}

# A free port from 10000 on; others may look for one at the same moment, which the start notices.
ports_taken=
free_port() {
    local port try
    for try in {1..200}; do
        port=$((10000 + (RANDOM * 32768 + RANDOM) % 22000))
        [[ " $ports_taken " == *" $port "* ]] && continue
        (exec 3<>"/dev/tcp/$address/$port") 2>/dev/null && continue
        ports_taken+=" $port"
        chosen_port=$port
        return
    done
    die "no free port on $address"
}

write_env() {
    printf 'export SLURM_CONF=%q\n' "$dir/slurm.conf" >"$dir/env"
    [ -z "$rest" ] || printf 'export SLURM_REST_URL=http://%s:%s\n' "$address" "$rest_port" >>"$dir/env"
}

partition_lines() {
    local spec usual=YES
    local -a list
    IFS=';' read -ra list <<<"$partitions"
    for spec in "${list[@]}"; do
        [[ "$spec" == *' Nodes='* ]] || spec+=' Nodes=ALL'
        echo "PartitionName=$spec Default=$usual State=UP"
        usual=NO
    done
}

node_lines() {
    local shape="CPUs=$cpus RealMemory=$((cpus * 1000)) State=UNKNOWN" host
    [ "$gpus" = 0 ] || shape+=" Gres=gpu:$gpus"
    host=$(hostname -s)
    local n
    if [ -n "$elsewhere" ]; then
        free_port
        for n in ${elsewhere//,/ }; do echo "NodeName=${n%=*} NodeHostname=${n%=*} NodeAddr=${n#*=} Port=$chosen_port $shape"; done
        return
    fi
    for ((n = 1; n <= nodes; ++n)); do
        free_port
        echo "NodeName=$name$n NodeHostname=$host NodeAddr=$address Port=$chosen_port $shape"
    done
}

write_conf() {
    free_port
    local plugin=accounting_storage/none
    {
        cat <<CONF
ClusterName=$name
SlurmctldHost=$(hostname -s)($address)
SlurmctldPort=$chosen_port
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/munge
AuthInfo=socket=$dir/munge/socket
CredType=cred/munge
CryptoType=crypto/munge
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool/%n
SlurmctldPidFile=$dir/pids/slurmctld
SlurmdPidFile=$dir/pids/slurmd-%n
SlurmctldLogFile=$dir/log/slurmctld
SlurmdLogFile=$dir/log/slurmd-%n
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=$plugin
JobCompType=jobcomp/filetxt
JobCompLoc=$dir/jobcomp.txt
MinJobAge=86400
MaxJobCount=100000
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=1,bf_continue,sched_interval=1,sched_min_interval=10000,batch_sched_delay=0,bf_max_job_test=5000
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
PriorityType=priority/multifactor
PriorityWeightPartition=1000
EnforcePartLimits=ALL
KillWait=2
CompleteWait=0
ReturnToService=2
SlurmctldTimeout=30
SlurmdTimeout=15
MessageTimeout=10
InactiveLimit=0
MailProg=/bin/true
SlurmdParameters=config_overrides
GresTypes=gpu
CONF
        if [ -n "$rest" ]; then
            echo "AuthAltTypes=auth/jwt"
            echo "AuthAltParameters=jwt_key=$dir/state/jwt.key"
        fi
        [ -z "$submit_rules" ] || echo "JobSubmitPlugins=lua"
        local setting
        for setting in "${settings[@]}"; do echo "$setting"; done
        node_lines
        partition_lines
    } >"$dir/slurm.conf.all"
    # The last of a key counts; Slurm itself refuses to see one twice.
    awk '/^(NodeName|PartitionName)=/ { lines[++count] = $0; next }
        { key = tolower(substr($0, 1, index($0, "=") - 1)); if (!(key in at)) at[key] = ++count; lines[at[key]] = $0 }
        END { for (i = 1; i <= count; ++i) print lines[i] }' "$dir/slurm.conf.all" >"$dir/slurm.conf"
    rm -f "$dir/slurm.conf.all"
    [ -z "$submit_rules" ] || cp "$submit_rules" "$dir/job_submit.lua"
    : >"$dir/gres.conf"
    [ "$gpus" = 0 ] || echo "Name=gpu Count=$gpus" >"$dir/gres.conf"
}

# One that nobody has waited for yet lives no more.
alive() { [ -s "$dir/pids/$1" ] && is_ours "$(cat "$dir/pids/$1")"; }

# Starts "$@" in a session of its own, away from this terminal; its id goes to pids/NAME.
spawn() {
    local what=$1
    shift
    env -i PATH="$PATH:/usr/sbin:/sbin" HOME="${HOME:-/}" SLURM_CONF="$dir/slurm.conf" setsid "$@" </dev/null >>"$dir/log/$what.out" 2>&1 &
    echo $! >"$dir/pids/$what"
    # Until it has become what it shall be, nobody could tell that it is ours.
    while kill -0 $! 2>/dev/null && ! is_ours $!; do sleep 0.01; done
    disown $! 2>/dev/null || true
}

start_munged() {
    head -c 128 /dev/urandom >"$dir/munge/key"
    chmod 600 "$dir/munge/key"
    start_one munged
    wait_for munged 300 test -S "$dir/munge/socket"
}

start_one() {
    case "$1" in
        munged)
            # --force: where the folder lies is the caller's business, a key that others can read is not tolerated even so.
            spawn munged "$dir/bin/munged" --foreground --force --socket="$dir/munge/socket" --key-file="$dir/munge/key" \
                --log-file="$dir/log/munged" --pid-file="$dir/munge/pid" --seed-file="$dir/munge/seed" --num-threads=2
            ;;
        slurmctld) spawn slurmctld "$dir/bin/slurmctld" -D -f "$dir/slurm.conf" ;;
        slurmd-*) spawn "$1" "$dir/bin/slurmd" -D -f "$dir/slurm.conf" -N "${1#slurmd-}" -d "$dir/bin/slurmstepd" ;;
        slurmrestd)
            rm -f "$dir/rest/socket"
            local -a as=()
            [ "$(id -u)" != 0 ] || as=(setpriv --reuid=nobody --regid=nogroup --clear-groups)
            # So that it passes the token on, instead of speaking for itself through munge.
            spawn slurmrestd "${as[@]}" env SLURM_JWT=daemon "$dir/bin/slurmrestd" -f "$dir/slurm.conf" -s openapi/v0.0.38 -a rest_auth/jwt \
                "unix:$dir/rest/socket" "$(sed -n 's/^export SLURM_REST_URL=http:..//p' "$dir/env")"
            ;;
        *) die "no daemon is called '$1'" ;;
    esac
}

# wait_for WHAT TENTHS COMMAND...: until the command succeeds; ends at once when WHAT has died.
wait_for() {
    local what=$1 left=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        # In the middle of becoming another program a process has no environment for a moment.
        alive "$what" || { sleep 0.3 && alive "$what"; } || return 1
        ((--left > 0)) || return 1
        sleep 0.1
    done
}

slurm() { env SLURM_CONF="$dir/slurm.conf" "$@"; }
responds() { slurm scontrol ping | grep -q ' UP$\|is UP'; }
nodes_are_idle() { [ "$(slurm sinfo -h -N -t idle -o %N | sort -u | wc -l)" = "$nodes" ]; }

try_to_start() {
    write_conf
    if [ -n "$rest" ]; then
        free_port
        rest_port=$chosen_port
        head -c 32 /dev/urandom >"$dir/state/jwt.key"
        chmod 600 "$dir/state/jwt.key"
        mkdir -p "$dir/rest"
        [ "$(id -u)" != 0 ] || chown nobody:nogroup "$dir/rest"
    fi
    write_env
    start_one slurmctld
    wait_for slurmctld 100 responds || return 1
    if [ -z "$elsewhere" ]; then
        local n
        for ((n = 1; n <= nodes; ++n)); do start_one "slurmd-$name$n"; done
        wait_for slurmctld $((150 + nodes)) nodes_are_idle || return 1
    fi
    [ -z "$rest" ] || { start_one slurmrestd && wait_for slurmrestd 100 test -S "$dir/rest/socket"; }
}

end_all() {
    local file pid left signal
    local -a pids=()
    for file in "$dir"/pids/*; do
        pid=$(cat "$file" 2>/dev/null) && is_ours "$pid" && pids+=("$pid")
    done
    for signal in TERM KILL; do
        [ ${#pids[@]} = 0 ] || kill -"$signal" "${pids[@]}" 2>/dev/null || true
        for left in {1..15}; do
            any_of "${pids[@]}" || break
            sleep 0.1
        done
    done
    end_jobs
    rm -f "$dir"/pids/*
}

any_of() {
    local pid
    for pid in "$@"; do is_ours "$pid" && return 0; done
    return 1
}

# A process id may have gone to somebody else since: ours has the folder in its command line or its environment.
is_ours() { tr '\0' '\n' 2>/dev/null <"/proc/$1/environ" | grep -qxF "SLURM_CONF=$dir/slurm.conf"; }

# slurmstepd, and what it runs, carry the cluster's configuration in their environment.
end_jobs() {
    local proc pid
    for proc in /proc/[0-9]*; do
        pid=${proc#/proc/}
        [ "$pid" = $$ ] || [ "$pid" = "$PPID" ] || [ "$pid" = "$BASHPID" ] && continue
        is_a_job "$pid" && kill -KILL "$pid" 2>/dev/null
    done
    return 0
}

is_a_job() {
    local text
    text=$(tr '\0' '\n' 2>/dev/null <"/proc/$1/environ") || return 1
    [[ $'\n'$text$'\n' == *$'\n'"SLURM_CONF=$dir/slurm.conf"$'\n'* && $'\n'$text == *$'\n'SLURM_JOB_ID=* ]] && return 0
    [[ $'\n'$text$'\n' == *$'\n'"SLURM_CONF=$dir/slurm.conf"$'\n'* && $(cat "/proc/$1/comm" 2>/dev/null) == slurmstepd* ]]
}

start() {
    [ ! -e "$dir/slurm.conf" ] || die "$dir holds a cluster already: stop it and remove the folder first"
    link_programs munged slurmctld slurmd slurmstepd sinfo scontrol ${rest:+slurmrestd}
    mkdir -p "$dir"/{munge,state,spool,log,pids}
    # Users' commands must reach the socket and the configuration; keys and the scheduler's state are for its own eyes.
    chmod 755 "$dir" "$dir/munge"
    chmod 700 "$dir/state" "$dir/pids"
    start_munged || die "munged does not start: $(tail -n 3 "$dir/log/munged.out" "$dir/log/munged" 2>&1)"
    local try
    for try in 1 2 3; do
        if try_to_start; then return; fi
        local file
        for file in "$dir"/pids/slurm*; do
            [ -s "$file" ] && kill -KILL "$(cat "$file")" 2>/dev/null || true
            rm -f "$file"
        done
        rm -rf "${dir:?}/state" && mkdir -m 700 "$dir/state"
    done
    tail -n 5 "$dir"/log/slurm* >&2
    end_all
    rm -f "$dir/slurm.conf"
    die "the cluster does not come up (above: the last lines of its logs)"
}

status() {
    local file what
    for file in "$dir"/pids/*; do
        [ -e "$file" ] || continue
        what=${file##*/}
        if alive "$what"; then echo "$what: lives, process $(cat "$file")"; else echo "$what: gone"; fi
    done
    slurm sinfo
}

main() {
    [ $# -ge 1 ] || usage 2
    local verb=$1
    case "$verb" in -h | --help) usage 0 ;; esac
    [ $# -ge 2 ] || usage 2
    dir=$(realpath -m "$2")
    shift 2
    case "$verb" in
        start)
            read_options "$@"
            start
            ;;
        stop) [ ! -d "$dir/pids" ] || end_all; rm -f "$dir/slurm.conf" ;;
        status) status ;;
        kill)
            alive "$1" || die "$1 does not live"
            kill -KILL "$(cat "$dir/pids/$1")"
            while alive "$1"; do sleep 0.02; done
            ;;
        revive)
            alive "$1" && die "$1 lives"
            start_one "$1"
            ;;
        *) usage 2 ;;
    esac
}

main "$@"
