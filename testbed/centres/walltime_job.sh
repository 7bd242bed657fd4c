#!/usr/bin/env bash
# walltime_job.sh DIR PROGRAMS RUN.toml [--short] [--steps N]: one run over three centres whose allocations are much shorter than it: 2 minutes
# (--short: 24 s), for a run of about 10 (2). Prints for each centre its allocations and what the time between them was spent on, and
# checks: at least four allocations each, every millisecond accounted for, every outer step once, nobody counted twice in one.
# The tables stay in DIR/walltime.txt.
set -euo pipefail
bed=$1
programs=$(readlink -f "$2")
run=$3
shift 3
allocation=120 steps=12000 leave=20
while [ $# -gt 0 ]; do
    case $1 in
        --short) allocation=24 steps=2400 leave=4 && shift ;;
        --steps) steps=$2 && shift 2 ;;
        *) echo "walltime_job: unknown option '$1'" >&2 && exit 2 ;;
    esac
done
# shellcheck source=testbed/centres/job.sh
. "$(dirname "$(readlink -f "$0")")/job.sh"
sites=(jupiter leonardo marenostrum5)

run_file() {
    sed "s/^steps = .*/steps = $steps\nleave_s = $leave/; s/^checkpoint_rounds = .*/checkpoint_rounds = 20/; s/^every_rounds = .*/every_rounds = 0/; s/^hours = .*/hours = 1/" "$run"
    printf '\n[rounds]\nquorum = 2\n'
}

# The life of a site in each allocation, from its own events: [{allocation, joined, worked, steps, rounds, compute, wait, left, gap}], ms.
lives() {
    jq -s '
        # The wait for the last outcome is after the last inner step: in the gap.
        def close($last): .wait -= ([0, .worked - $last.worked_until_ms] | max) | .worked = $last.worked_until_ms;
        reduce .[] as $e ([];
            if $e.event == "gap" then .[-1].gap = $e
            elif $e.event == "start" then
                . + [{allocation: $e.allocation, joined: $e.at_ms, worked: $e.at_ms, rounds: 0, compute: 0, wait: 0}]
            elif $e.event == "round" then .[-1] |=
                (.worked = $e.at_ms | .rounds += 1 | .compute += $e.compute_s * 1000 | .wait += $e.wait_s * 1000)
            elif $e.event == "left" then .[-1] |= (close($e) | .left = $e)
            else . end)' "$1"
}

# Slurm's own words of the claim's jobs, by number: submitted, started, ended, state; UTC seconds.
slurm_jobs() {
    jq -R '[capture("(?<key>[A-Za-z]+)=(?<value>[^ ]*)"; "g")] | from_entries' "$bed/$1/slurm/jobcomp.txt" |
        jq -s 'def at: (. + "Z" | fromdateiso8601);
            map(select(.Name | test("~")) | {number: (.Name | split("~")[1] | tonumber), state: .JobState,
                queued: (.SubmitTime | at), started: (.StartTime | at), ended: (.EndTime | at)}) | sort_by(.number)'
}

# Each row is an allocation and the gap after it. The parts of a gap: hand-in, leave, checkpoint; then the batch system (the guard ends, Slurm
# ends and starts, the next process begins), and the next life's start, load and join.
table() {
    jq -rn --arg site "$1" --argjson lives "$(lives "$2")" --argjson jobs "$(slurm_jobs "$1")" '
        def s: . / 10 | round / 100 | tostring | if test("\\.") then . + "00" | capture("(?<a>.*\\..{2})").a else . + ".00" end;
        def clock: . % 86400 | [(. / 3600 | floor), (. % 3600 / 60 | floor), . % 60] | map(tostring | if length < 2 then "0" + . else . end) | join(":");
        $lives[] as $l | ($jobs[] | select(.number == $l.allocation)) as $j | ($l.gap // {}) as $g |
        [$site, $l.allocation, ($j.queued | clock), ($j.started | clock), ($j.ended | clock), $j.state, $l.rounds, ($l.worked - $l.joined | s),
            (if $l.gap then $g.total_ms, $g.hand_in_ms, $g.leave_ms, $g.checkpoint_ms, $g.wait_ms, $g.start_ms + $g.load_ms, $g.join_ms
             else empty end | s)] | map(tostring) | join(" ")'
}

# What must hold, in one object; ms. The gaps' own sums against the distance of the lives that they lie between.
account() {
    jq -n --argjson l "$(lives "$1")" '
        ($l[-1].worked - $l[0].joined) as $all | ([$l[] | .worked - .joined] | add) as $worked | ([$l[] | .gap.total_ms // 0] | add) as $gaps |
        {allocations: ($l | length), all: $all, worked: $worked, gaps: $gaps, unexplained: ($all - $worked - $gaps),
         compute: ([$l[].compute] | add | round), wait: ([$l[].wait] | add | round), sudden: ([$l[] | select(.gap.sudden)] | length)} |
        .rest = .worked - .compute - .wait'
}

show() {
    local site job=$1
    {
        echo "centre allocation queued started ended Slurm rounds trained gap hand-in leave checkpoint batch start join"
        for site in "${sites[@]}"; do table "$site" "$(run_folder "$site" "$job")/events/$site.jsonl"; done
    } | column -t
    echo
    {
        echo "centre allocations first-to-last trained computing waiting-in-rounds other gaps unexplained sudden"
        for site in "${sites[@]}"; do
            account "$(run_folder "$site" "$job")/events/$site.jsonl" |
                jq -r --arg s "$site" '[$s, .allocations, .all, .worked, .compute, .wait, .rest, .gaps, .unexplained, .sudden] | map(tostring) | join(" ")'
        done
    } | column -t
    echo "(gaps and trained in the first table in s, the second in ms)"
}

check_times() {
    local site
    for site in "${sites[@]}"; do
        account "$(run_folder "$site" "$1")/events/$site.jsonl" | jq -e '.allocations >= 4 and .unexplained == 0' >/dev/null ||
            die "$site: fewer than four allocations, or time that nobody explains"
    done
}

# Every outer step is in the manifests once, with each site at most once, and the tokens add up.
check_rounds() {
    local site files=() rounds=$((steps / 30))
    for site in "${sites[@]}"; do files+=("$(run_folder "$site" "$1")/sites/$site"/manifests*.jsonl); done
    cat "${files[@]}" | sort -u | jq -s --argjson rounds "$rounds" '
        (map(.round) | sort) == [range($rounds)] and all(.[]; (.contributors | map(.site) | unique | length) == (.contributors | length))
        and (sort_by(.round) | last.tokens_total) == ([.[].contributors[].tokens] | add)' | grep -qx true ||
        die "outer steps are missing, or counted twice"
    cat "${files[@]}" | sort -u | jq -rs --argjson rounds "$rounds" '
        "\($rounds) outer steps, each in the manifests once; contributions: " +
        ([.[].contributors[].site] | group_by(.) | map("\(.[0]) \(length)") | join(", ")) +
        "; with fewer inner steps than asked for: \([.[] | .inner_steps as $h | .contributors[] | select(.inner_steps < $h)] | length)"'
}

take_up
federation_up --allocation "$allocation"
run_file | bring walltime
net euromesh run work/walltime.toml
net euromesh verify work/walltime.toml
job=$(jq -r .job "$world/work/walltime/federation-report.json")
show "$job" | tee "$bed/walltime.txt"
check_rounds "$job" | tee -a "$bed/walltime.txt"
check_times "$job"
