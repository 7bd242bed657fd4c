#!/usr/bin/env bash
# main_job.sh DIR PROGRAMS RUN.toml [--abroad]: the testbed up, a federation over it, one federated run through the coordinator and its
# check; what went by which way; and the same run without Slurm, coordinator and network, by processes of this machine: losses within 1 %.
# With --abroad a fourth site takes part, outside of the EU, reached directly: then direct connections, hub and spool all carry the run.
# All is taken down; the report stays in DIR. What ./quickstart --slurm runs.
set -euo pipefail
bed=$1
programs=$(readlink -f "$2")
run=$3
options=("${@:4}")
# shellcheck source=testbed/centres/job.sh
. "$(dirname "$(readlink -f "$0")")/job.sh"
sites=(jupiter leonardo marenostrum5)

# Waiting for all makes the result independent of who comes first, so that it can be compared bit by bit.
run_file() {
    sed '/^quorum = /d' "$run"
    [ ${#sites[@]} = 3 ] || printf '\n[[site]]\nname = "alps"\nlanguage = "German"\ntext = "build/text/de/train.txt"\nheldout = "build/text/de/heldout.txt"\n'
}

# The texts lie where run files of this machine have them.
run_alone() {
    rm -rf "$bed/alone"
    mkdir -p "$bed/alone"
    ln -s "$(readlink -f "$here/../../build")" "$bed/alone/build"
    run_file | sed 's|^folder = .*|folder = "out"|' >"$bed/alone/run.toml"
    (cd "$bed/alone" && "$programs/euromesh" train run.toml --threads 1) >"$bed/log/alone" 2>&1 || die "the run without Slurm: $(tail -n 1 "$bed/log/alone")"
}

ways() {
    traffic --json | jq -r '
        (.services | map({key: "\(.from) \(.to)", value: .}) | group_by(.key) | map({key: .[0].key, value: map(.value.bytes) | add}) | from_entries) as $known |
        def line($way): "\($way) \(.from) \(.to) \(.bytes)";
        (.services[] | line({"4400": "hub", "4410": "spool", "8443": "coordinator"}[.port | tostring])),
        (.traffic[] | .bytes -= ($known["\(.from) \(.to)"] // 0) | select(.bytes > 0) | line("direct"))' | sort
}

show_ways() {
    printf '\n%-12s %-15s %-15s %12s\n' way from to bytes
    ways | while read -r way from to bytes; do printf '%-12s %-15s %-15s %12s\n' "$way" "$from" "$to" "$bytes"; done
}

compare() {
    local site status=0 with without
    printf '\n%-15s %22s %18s %12s\n' "held out" "three centres" "without Slurm" difference
    for site in "${sites[@]}"; do
        with=$(jq -r --arg s "$site" '.sites[] | select(.site == $s) | .held_out_millionths / 1e6' "$world/work/main/federation-report.json")
        without=$(jq -rs --arg s "$site" 'map(select(.event == "evaluation" and .final)) | last | .loss[]' "$bed/alone/out/events/$site.jsonl")
        awk -v s="$site" -v a="$with" -v b="$without" 'BEGIN { d = (a - b) / b * 100; printf "%-15s %22.6f %18.6f %+10.4f %%\n", s, a, b, d; exit !(d > -1 && d < 1) }' ||
            status=1
    done
    outer_states "$world"/manifests-*/*.jsonl >"$bed/log/outer-states"
    outer_states "$bed"/alone/out/sites/*/manifests.jsonl >"$bed/log/outer-states-alone"
    if cmp -s "$bed/log/outer-states" "$bed/log/outer-states-alone"; then
        echo "the outer parameters are the same bit by bit after each of the $(wc -l <"$bed/log/outer-states") rounds"
    else
        echo "the outer parameters differ: $(diff "$bed/log/outer-states" "$bed/log/outer-states-alone" | grep -c '^<') of $(wc -l <"$bed/log/outer-states") rounds"
    fi
    return $status
}

[ ${#options[@]} = 0 ] || sites+=(alps)
take_up "${options[@]}"
federation_up
"$here/centres.sh" status "$bed"
run_file | bring main
net euromesh run work/main.toml
net euromesh verify work/main.toml
show_ways
run_alone
compare || die "losses differ by 1 % or more"
printf '\nThe report is %s.\n' "$world/work/main/federation-report.json"
