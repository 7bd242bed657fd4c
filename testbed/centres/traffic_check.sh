#!/usr/bin/env bash
# traffic_check.sh DIR PROGRAMS RUN.toml: what rules keep apart stays apart, on the wire too. Four sites: three centres and one in Switzerland.
#   1. "Italian text stays in Italy": a run in which every site reads the Italian text; only the Italian centre may.
#   2. "No pseudo-gradients to sites outside of the EU", a rule of the Italian centre alone: a run that all four sites could do.
# `explain` must name the rules, and the routers' counts must be what the sites say that they sent, within 2 %, with nothing from or to
# Switzerland but what its agent and its relay say to the coordinator and the depot.
set -euo pipefail
bed=$1
programs=$(readlink -f "$2")
run=$3
# shellcheck source=testbed/centres/job.sh
. "$(dirname "$(readlink -f "$0")")/job.sh"

# run_file SITE...: in which these sites read the Italian text. In fp32, so that the bytes of a round are many next to the relays' 200 or so
# for each file.
run_file() {
    {
        sed 's/^steps = .*/steps = 300/; s/^quorum = .*/quorum = 3/; s/^codec = .*/codec = "fp32"/' "$run"
        printf '\n[[site]]\nname = "alps"\nlanguage = "German"\ntext = "build/text/de/train.txt"\nheldout = "build/text/de/heldout.txt"\n'
    } | awk -v readers=" $* " '{ print } /^name = / { n = $3; gsub("\"", "", n); if (index(readers, " " n " ")) print "data = [\"italian-text\"]" }'
}

# The log-in of the command line, for what it has no command for.
post() {
    net euromesh whoami >/dev/null
    (umask 077 && jq -r '"Authorization: Bearer \(.access_token)"' "$world"/.config/euromesh/*login*.json >"$world/bearer")
    chown --reference="$world" "$world/bearer"
    net curl -sS --fail-with-body --cacert tls.pem -H @bearer -H 'Content-Type: application/json' --data "$2" "https://10.88.4.2:8443$1"
    rm "$world/bearer"
}

explained() { net euromesh explain "$1" --json; }
# The rows of the newest table of a job: of its decision, else as it would be decided now.
rows() { explained "$1" | jq '(.decisions | last | .decision.table) // .now'; }

wait_for_rows() {
    local until=$((SECONDS + 20))
    until [ "$(rows "$1" 2>/dev/null | jq 'length')" -gt 0 ] 2>/dev/null; do
        [ $SECONDS -lt $until ] || die "$1 is not explained"
        read -rt 0.2 <> <(:) || true
    done
}

check_residency() {
    local job
    run_file jupiter leonardo marenostrum5 alps | bring everywhere
    job=$(net euromesh run work/everywhere.toml --detach 2>/dev/null | head -n 1)
    wait_for_rows "$job"
    net euromesh explain "$job"
    rows "$job" | jq -e '
        ([.[] | select(.rule == "country-residency") | .site] | sort) == ["alps", "jupiter", "marenostrum5"]
        and ([.[] | select(.site == "leonardo") | select(.rejected_by == "law")] == [])' >/dev/null ||
        die "Italian text is not kept in Italy: $(rows "$job" | jq -c .)"
    net euromesh cancel "$job" >/dev/null
}

check_exchange() {
    local job
    run_file | bring apart
    traffic --json >"$bed/log/before.json"
    net euromesh run work/apart.toml
    read -rt 3 <> <(:) || true # what is under way arrives
    traffic --json >"$bed/log/after.json"
    job=$(jq -r .job "$world/work/apart/federation-report.json")
    net euromesh explain "$job"
    rows "$job" | jq -e '[.[] | select(.site == "leonardo") | .no_exchange[]? | select(.with == "alps") | .rule] | any(test("gradients-stay-in-the-union"))' >/dev/null ||
        die "the centre's rule is not named: $(rows "$job" | jq -c .)"
    [ "$(jq -r '[.sites[].site] | sort | join(" ")' "$world/work/apart/federation-report.json")" = "jupiter leonardo marenostrum5" ] ||
        die "the run is at $(jq -c '[.sites[].site]' "$world/work/apart/federation-report.json")"
}

# What the routers counted meanwhile, one line each: WAY FROM TO PAYLOAD. A packet has 52 bytes of headers (IPv4 20, TCP 20, its times 12).
counted() {
    jq -rn --slurpfile a "$bed/log/before.json" --slurpfile b "$bed/log/after.json" '
        def keyed($list; f): $list | map({key: f, value: (.bytes - 52 * .packets)}) | from_entries;
        def pair: "\(.from) \(.to)";
        def more($set; f): keyed($a[0][$set]; f) as $old | keyed($b[0][$set]; f) | with_entries(.value -= ($old[.key] // 0));
        more("services"; "\(pair) \(.port)") as $known |
        ($known | to_entries[] | (.key | split(" ")) as $k | "\({"4400": "hub", "4410": "spool", "8443": "coordinator"}[$k[2]]) \($k[0]) \($k[1]) \(.value)"),
        (more("traffic"; pair) | to_entries[] |
            .value -= ([.key as $p | $known | to_entries[] | select(.key | startswith($p + " ")) | .value] | add // 0) |
            "direct \(.key) \(.value)")' | awk '$4 > 0' | sort
}

check_bytes() {
    local site sent wire status=0
    counted | tee "$bed/log/counted" | column -t
    printf '\n%-15s %14s %14s %9s\n' site "says it sent" "on the wire" more
    for site in jupiter leonardo marenostrum5; do
        sent=$(jq --arg s "$site" '.sites[] | select(.site == $s) | .bytes_sent' "$world/work/apart/federation-report.json")
        wire=$(awk -v s="$site" '$1 != "coordinator" && ($2 == s || index($2, s "-n") == 1) { n += $4 } END { print n + 0 }' "$bed/log/counted")
        awk -v s="$site" -v a="$sent" -v b="$wire" 'BEGIN { d = (b - a) / a * 100; printf "%-15s %14d %14d %+8.2f %%\n", s, a, b, d; exit !(d > -2 && d < 2) }' || status=1
    done
    [ $status = 0 ] || die "what was counted is not what the sites say"
    awk '$1 != "coordinator" && ($2 == "alps" || $3 == "alps") && $4 > 4096 { print; n = 1 } END { exit !n }' "$bed/log/counted" &&
        die "something of the run went to or came from Switzerland"
    awk '$1 == "direct" { print; n = 1 } END { exit !n }' "$bed/log/counted" && die "something went by no known way"
    return 0
}

take_up --abroad
federation_up --rules "leonardo=$here/../../examples/federated/centre.rules"
post /v1/data '{"id": "italian-text", "project": "hello", "residency": "country", "country": "IT", "site": "leonardo", "bytes": 1000000}' >/dev/null
check_residency
check_exchange
check_bytes
echo "the rules hold, on the wire too"
