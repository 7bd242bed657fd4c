#!/usr/bin/env bash
# chaos_check.sh FOUND BED PROGRAMS: what testbed/centres/chaos.sh has left is looked at by other eyes: Slurm's own log of all jobs, the trainers' events,
# the manifests and the run's report, each against the others. A line for each check; exit status 1 when one does not hold.
set -euo pipefail
found=$1
bed=$2
program=$3/euromesh
report=$found/report.json
centres=(jupiter leonardo marenostrum5)
bad=0

# holds WHAT TEXT: an empty text is well.
holds() {
    if [ -z "$2" ]; then
        echo "holds  $1"
    else
        echo "FAILS  $1: $(head -c 1500 <<<"$2" | head -n 12)"
        bad=1
    fi
}

claim_of() { jq -r --arg site "$1" '.sites[] | select(.site == $site) | .claim' "$report"; }

# Slurm's own log as JSON lines: {id, name, state, from, until}, seconds. What never started has no nodes.
slurm_jobs() {
    while read -r line; do
        declare -A field=()
        for pair in $line; do field[${pair%%=*}]=${pair#*=}; done
        printf '{"id":"%s","name":"%s","state":"%s","ran":%s,"from":%s,"until":%s}\n' "${field[JobId]}" "${field[Name]}" "${field[JobState]}" \
            "$([ "${field[NodeList]:-(null)}" = '(null)' ] && echo false || echo true)" \
            "$(date -d "${field[StartTime]/Unknown/1970-01-01}" +%s)" "$(date -d "${field[EndTime]/Unknown/1970-01-01}" +%s)"
    done <"$found/$1/jobcomp.txt"
}

# The trainer's events of a site.
trainer_events() { find "$found/$1/runs" -name "*.jsonl" -path "*events*" -exec cat {} + | jq -cR 'fromjson? // empty'; }

check_jobs() {
    local site claim jobs told begun
    for site in "${centres[@]}"; do
        claim=$(claim_of "$site")
        jobs=$(slurm_jobs "$site" | jq -s .)
        told=$(jq --arg site "$site" '[.happenings[] | select(.kind == "allocation" and .site == $site)]' "$report")
        begun=$(trainer_events "$site" | jq -s '[.[] | select(.event == "start") | .allocation]')
        holds "$site: Slurm ran nothing but links of claim $claim" \
            "$(jq -r --arg claim "$claim" '.[] | select(.name | test("^" + $claim + "~[0-9]+$") | not)' <<<"$jobs")"
        holds "$site: no link is two jobs" "$(jq -r 'group_by(.name)[] | map(.id) | unique | select(length > 1) | tostring' <<<"$jobs")"
        holds "$site: no two allocations at once" \
            "$(jq -r 'map(select(.ran)) | sort_by(.from, .until) | [., .[1:]] | transpose[] | select(.[1] != null and .[0].id != .[1].id and .[1].from < .[0].until) | tostring' <<<"$jobs")"
        holds "$site: the report tells the allocations that Slurm ran ($(jq length <<<"$told"))" \
            "$(jq -nr --argjson jobs "$jobs" --argjson told "$told" \
                '($jobs | map(select(.ran) | .id) | unique) as $ran | ($jobs | map(.id) | unique) as $all | ($told | map(.id) | sort) as $named
                 | if $ran - $named == [] and $named - $all == [] and ($named | unique) == $named then empty else "Slurm ran \($ran) of \($all), report \($named)" end')"
        holds "$site: no allocation started two trainers ($(jq length <<<"$begun") starts)" "$(jq -r 'group_by(.)[] | select(length > 1) | tostring' <<<"$begun")"
    done
}

check_rounds() {
    local files lines
    mapfile -t files < <(find "$found"/*/runs -name 'manifests*.jsonl')
    holds "manifests chain and agree at all sites" "$("$program" train --check-manifests "${files[@]}" 2>&1 >"$found/manifests.log" || echo "see $found/manifests.log")"
    lines=$(cat "${files[@]}" | sort -u)
    holds "each round once, none missing ($(wc -l <<<"$lines") rounds)" \
        "$(jq -sr --argjson all "$(jq '.sites[0].rounds' "$report")" '(map(.round) | sort) as $have | if $have == [range($all)] then empty else "missing \([range($all)] - $have), twice \($have | group_by(.) | map(select(length > 1)[0]))" end' <<<"$lines")"
}

left_behind() {
    ip netns list | grep -F "em-$(cat "$found/network")-" || true
    grep -F "$bed/" /proc/mounts || true
    find /proc/[0-9]*/ns/pid -maxdepth 0 -printf '%p %l\n' 2>/dev/null | grep -F -f "$found/tables" || true
}

# Which happening of the report an event of the driver is: of that kind and site, about that time (an agent may notice late, and knows
# beginnings only as it noticed them).
check_events() {
    local unnamed
    unnamed=$(jq -s --slurpfile report "$report" '
        def kinds: {slurmctld: ["scheduler-silent"], cancel: ["allocation"], requeue: ["allocation"], drain: ["site-draining"], cut: ["coordinator-away"],
                    coordinator: ["coordinator-away"], agent: ["agent-away"], disk: ["disk-full"], node: ["allocation"]};
        def words: {cancel: "cancelled at the site", requeue: "requeued at the site", node: "NODE|node|without a word|requeued"};
        ($report[0].happenings) as $all
        | map(. as $event
            | {event: ., told: [$all[] | select((.kind as $kind | kinds[$event.kind] | index($kind)) and (.site == $event.centre or $event.kind == "coordinator")
                and (if words[$event.kind] then .id == $event.job and (.words | test(words[$event.kind]))
                     else .from_ms <= $event.until_ms + 5000 and (.until_ms == 0 or .until_ms >= $event.from_ms - 1000) end))]})' "$found/events.jsonl")
    echo "$unnamed" >"$found/matched.json"
    holds "the report names each of the $(jq length <<<"$unnamed") events" "$(jq -c '.[] | select(.told | length == 0) | .event' <<<"$unnamed")"
    jq -r 'group_by(.event.kind)[] | "       \(.[0].event.kind): \(length) done, \(map(select(.told | length > 0)) | length) named"' <<<"$unnamed"
}

main() {
    touch "$found/events.jsonl"
    holds "the run completed" "$([ "$(cat "$found/status")" = 0 ] && [ "$(jq -r .state "$report")" = completed ] || tail -n 3 "$found/run.log")"
    holds "euromesh verify holds" "$([ -s "$found/verify.json" ] || cat "$found/verify.log"; jq -r 'if .holds then empty else .checks[] | select(.holds | not) | "\(.what): \(.words)" end' "$found/verify.json" 2>&1)"
    holds "euromesh-verify holds for the whole ledger" "$([ -e "$found/ledger" ] || cat "$found/ledger.log")"
    check_jobs
    check_rounds
    check_events
    holds "nothing is left behind" "$(left_behind)"
    exit $bad
}

main
