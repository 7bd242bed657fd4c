#!/usr/bin/env bash
# chaos.sh DIR PROGRAMS [--minutes 15] [--seed 1] [--kinds KIND,KIND...] [--steps N]: a federated run over three centres while things go wrong,
# all drawn from the seed; then it is checked that the run ended well, that every job existed exactly once, and that the run's report names
# each event (chaos_check.sh). The testbed is taken down afterwards; what was found stays in DIR/found.
#
# Kinds: slurmctld (killed, and started again), cancel and requeue (of the running allocation, by the centre's operator), drain (the nodes and the
# site take nothing new, the allocation is requeued; then back), cut (the centre's line), coordinator, agent (by SIGKILL), disk (the user's quota
# is full), node (it loses power). Without --kinds: all, in turns of a drawn order. An allocation is left alone for its first 40 s, and until
# all sites train: three in a row that end at once are the end of a claim, and rounds since the newest checkpoint are lost when those who had them are killed
# together (docs/models/chaining.md).
#
# DIR/found/events.jsonl has a line for each event: {"kind","centre","from_ms","until_ms","job"}; job is the number that the scheduler gave.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
root=$(readlink -f "$here/../..")
minutes=15
seed=1
kinds=slurmctld,cancel,requeue,drain,cut,coordinator,agent,disk,node
steps=
centres=(jupiter leonardo marenostrum5)
declare -A user=([jupiter]=jana [leonardo]=luca [marenostrum5]=marta)
left_alone_s=40

die() {
    printf 'chaos: error: %s\n' "$*" >&2
    exit 1
}

read_options() {
    [ $# -ge 2 ] || { sed -n '2,14s/^# \{0,1\}//p' "$0" >&2; exit 2; }
    bed=$1 programs=$2
    shift 2
    while [ $# -gt 0 ]; do
        [ $# -gt 1 ] || die "$1 needs a value"
        case $1 in
            --minutes) minutes=$2 ;;
            --seed) seed=$2 ;;
            --kinds) kinds=$2 ;;
            --steps) steps=$2 ;;
            *) die "unknown option '$1'" ;;
        esac
        shift 2
    done
    [[ "$minutes" =~ ^[1-9][0-9]?$ && "$seed" =~ ^[0-9]{1,9}$ ]] || die "--minutes 1 to 99, --seed a whole number"
    # What three sites do on two cores in a calm minute is about 1,500 steps each; events cost a part of it.
    steps=${steps:-$((minutes * 1200))}
}

on() { "$here/centres.sh" run "$bed" "$@"; }
operator() { on "$1" --as root -- "${@:2}"; }
# How far the trainers are, one document a site.
progress() {
    local name
    for name in "${centres[@]}"; do cat "$bed/$name/home/${user[$name]}/euromesh"/state/runs/*/progress.json 2>/dev/null || true; done
}
now_ms() { date +%s%3N; }
nap() { read -rt "$1" <> <(:) || true; }
# draw LEAST MOST, into $drawn; only the seed decides.
draw() { drawn=$(($1 + (RANDOM * 32768 + RANDOM) % ($2 - $1 + 1))); }
still_runs() { kill -0 "$run" 2>/dev/null; }
# A tenth of the rounds is left for all to come together: a site that comes when the others have finished has nobody to take the end from.
goes_on() {
    still_runs && [ $SECONDS -lt "$1" ] &&
        progress | jq -se 'map(.rounds * 10 < .rounds_all * 9) | all' >/dev/null
}

# note KIND CENTRE FROM [JOB]: it is over.
note() {
    jq -cn --arg kind "$1" --arg centre "$2" --argjson from "$3" --argjson until "$(now_ms)" --arg job "${4:-}" \
        '{$kind, $centre, from_ms: $from, until_ms: $until, $job}' >>"$found/events.jsonl"
    printf '%5d s  %s %s %s\n' $((($3 - begin) / 1000)) "$1" "$2" "${4:-}" >&2
}

# The running allocation of a claim, when it has run for long enough: "JOB NODE".
allocation() {
    operator "$1" squeue -h -t R -u "${user[$1]}" -o '%i %N %S' 2>/dev/null | while read -r job node started; do
        [ $(($(date +%s) - $(date -d "$started" +%s))) -lt $left_alone_s ] || echo "$job $node"
    done | head -n 1
}

# All sites were in the newest round that each has seen.
all_train() { progress | jq -se 'map(.members == 3) | all' >/dev/null; }

# Into $job and $node; false: there is none for two minutes.
await_allocation() {
    local until=$((SECONDS + 120)) said
    while [ $SECONDS -lt $until ] && still_runs; do
        said=$(allocation "$1")
        if [ -n "$said" ] && all_train; then
            read -r job node <<<"$said"
            return
        fi
        nap 0.5
    done
    return 1
}

requeue() {
    operator "$1" scontrol update JobId="$2" Requeue=1
    operator "$1" scontrol requeue "$2"
}

nodes_of() { echo "$1-n1,$1-n2"; }

event_slurmctld() {
    local from
    from=$(now_ms)
    operator "$1" /srv/testbed/slurm/cluster.sh kill /srv/slurm slurmctld
    nap "$2"
    operator "$1" /srv/testbed/slurm/cluster.sh revive /srv/slurm slurmctld
    note slurmctld "$1" "$from"
}

event_cancel() {
    local from
    await_allocation "$1" || return 0
    from=$(now_ms)
    operator "$1" scancel "$job"
    note cancel "$1" "$from" "$job"
}

event_requeue() {
    local from
    await_allocation "$1" || return 0
    from=$(now_ms)
    requeue "$1" "$job" || return 0
    note requeue "$1" "$from" "$job"
}

event_drain() {
    local from
    await_allocation "$1" || return 0
    from=$(now_ms)
    operator "$1" scontrol update NodeName="$(nodes_of "$1")" State=DRAIN Reason=maintenance
    on "$1" -- euromesh site drain --config euromesh/site.toml >&2 || true
    requeue "$1" "$job" || true
    nap "$2"
    operator "$1" scontrol update NodeName="$(nodes_of "$1")" State=RESUME
    on "$1" -- euromesh site resume --config euromesh/site.toml >&2 || true
    note drain "$1" "$from" "$job"
}

event_cut() {
    local from
    from=$(now_ms)
    "$here/centres.sh" cut "$bed" "$1"
    nap "$2"
    "$here/centres.sh" mend "$bed" "$1"
    note cut "$1" "$from"
}

event_coordinator() {
    local from
    from=$(now_ms)
    "$here/federation.sh" kill "$bed" coordinator
    nap "$2"
    "$here/federation.sh" revive "$bed" coordinator
    note coordinator net "$from"
}

event_agent() {
    local from
    from=$(now_ms)
    "$here/federation.sh" kill "$bed" "agent-$1"
    nap "$2"
    "$here/federation.sh" revive "$bed" "agent-$1"
    note agent "$1" "$from"
}

# Somebody writes as long as there is room, also for what others have just given back.
fill() {
    while [ -e "$bed/state/filling" ]; do
        dd if=/dev/zero of="$1" bs=64k oflag=append conv=notrunc status=none 2>/dev/null || true
        nap 0.1
    done
}

event_disk() {
    local from ballast=$bed/$1/home/${user[$1]}/ballast
    from=$(now_ms)
    : >"$bed/state/filling"
    fill "$ballast" &
    nap "$2"
    rm -f "$bed/state/filling"
    wait $!
    rm -f "$ballast"
    note disk "$1" "$from"
}

event_node() {
    local from
    await_allocation "$1" || return 0
    from=$(now_ms)
    "$here/centres.sh" fail "$bed" "$node"
    nap "$2"
    "$here/centres.sh" repair "$bed" "$node" >&2
    note node "$1" "$from" "$job"
}

# How long each lasts, in seconds.
span_of() {
    case $1 in
        slurmctld) draw 8 20 ;;
        coordinator) draw 7 15 ;;
        cut) draw 10 25 ;;
        drain) draw 15 30 ;;
        agent) draw 2 10 ;;
        disk) draw 10 30 ;;
        *) draw 10 20 ;;
    esac
}

# The kinds in a drawn order, into $order.
shuffle() {
    local i kind
    IFS=, read -ra order <<<"$kinds"
    for ((i = ${#order[@]} - 1; i > 0; --i)); do
        draw 0 $i
        kind=${order[$i]} order[i]=${order[$drawn]} order[drawn]=$kind
    done
}

# The next event, into $kind, $centre, $pause and $span. All draws are in one place, so that what happens changes nothing of them.
next_event() {
    [ ${#order[@]} -gt 0 ] || shuffle
    kind=${order[0]} order=("${order[@]:1}")
    draw 0 2 && centre=${centres[$drawn]}
    draw 3 9 && pause=$drawn
    span_of "$kind" && span=$drawn
}

chaos() {
    local until=$((SECONDS + minutes * 60)) order=() kind centre pause span job node
    RANDOM=$seed
    while still_runs; do
        next_event
        nap "$pause"
        goes_on "$until" || break
        "event_$kind" "$centre" "$span" || die "event $kind at $centre"
    done
    printf '%5d s  no more events\n' $((($(now_ms) - begin) / 1000)) >&2
}

run_file() {
    sed -e "s/^steps = .*/steps = $steps/" -e 's/^hours = .*/hours = 0.9/' -e 's/^checkpoint_rounds = .*/checkpoint_rounds = 4/' \
        -e 's/^every_rounds = .*/every_rounds = 50/' "$root/examples/federated/run.toml"
    printf '\n[exchange]\nsilence_s = 15\nhandshake_s = 60\n'
}

queues_empty() {
    local name
    for name in "${centres[@]}"; do [ -z "$(operator "$name" squeue -h -t PD,R,CG 2>&1)" ] || return 1; done
}

start_run() {
    local world=$bed/net/home/you
    mkdir -p "$world/work/examples/federated"
    run_file >"$world/work/examples/federated/run.toml"
    chown -R --reference="$world" "$world/work"
    on net -- euromesh apply --tier playground >&2
    on net -- euromesh run work/examples/federated/run.toml --json >"$found/report.json" 2>"$found/run.log" &
    run=$!
    until progress | grep -q '"starts"'; do
        still_runs || die "the run does not begin: $(cat "$found/run.log")"
        nap 0.2
    done
}

# What the checker reads, before all is taken down.
collect() {
    local name
    on net -- euromesh verify work/examples/federated/run.toml --json >"$found/verify.json" 2>"$found/verify.log" || true
    for name in "${centres[@]}"; do
        mkdir -p "$found/$name"
        cp "$bed/$name/slurm/jobcomp.txt" "$found/$name/"
        cp -r "$bed/$name/home/${user[$name]}/euromesh/state/runs" "$found/$name/runs"
        cp -r "$bed/$name/home/${user[$name]}/euromesh/jobs/forgotten" "$found/$name/forgotten"
    done
    on net -- euromesh ledger export chaos.ledger --store sqlite:up/federation.db >"$found/ledger.log" 2>&1 || true
    on net -- euromesh-verify chaos.ledger >>"$found/ledger.log" 2>&1 && echo holds >"$found/ledger" || true
}

clean_up() {
    rm -f "$bed/state/filling"
    "$here/federation.sh" down "$bed" || true
    "$here/centres.sh" down "$bed"
}

main() {
    local until
    read_options "$@"
    "$here/centres.sh" down "$bed" 2>/dev/null || true
    rm -rf "$bed"
    mkdir -p "$bed/found"
    found=$(readlink -f "$bed/found")
    trap clean_up EXIT
    trap 'exit 130' INT TERM
    "$here/centres.sh" up "$bed" --programs "$programs" --tun-link "$programs/tun_link" --home 192m
    "$here/federation.sh" up "$bed"
    awk '{ print $4 }' "$bed/state/machines" | while read -r name; do readlink "/proc/$name/ns/pid"; done >"$found/tables"
    cat "$bed/state/wan" >"$found/network"
    start_run
    begin=$(now_ms)
    chaos
    status=0
    wait $run || status=$?
    echo "$status" >"$found/status"
    until=$((SECONDS + 60))
    until queues_empty || [ $SECONDS -ge $until ]; do nap 0.5; done
    collect
    cp -r "$bed/log" "$found/log"
    clean_up
    trap - EXIT
    "$here/chaos_check.sh" "$found" "$bed" "$programs"
}

main "$@"
