#!/usr/bin/env bash
# main_job.sh DIR PROGRAMS RUN.toml: the testbed up, a federation over it, one federated run through the coordinator and its check; then all is
# taken down, and the report stays in DIR. What ./quickstart --slurm runs.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
bed=$1
programs=$2
run=$3
world=$bed/net/home/you

net() { "$here/centres.sh" run "$bed" net -- "$@"; }
clean_up() {
    "$here/federation.sh" down "$bed" || true
    "$here/centres.sh" down "$bed"
}

"$here/centres.sh" down "$bed"
rm -rf "$bed"
trap clean_up EXIT
trap 'exit 130' INT TERM
start=$EPOCHREALTIME
"$here/centres.sh" up "$bed" --programs "$programs" --tun-link "$programs/tun_link"
"$here/federation.sh" up "$bed"
printf '%-24s%8.1f s\n' "three centres" "$(awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { print b - a }')"
"$here/centres.sh" status "$bed"
mkdir -p "$world/work/examples/federated"
cp "$run" "$world/work/examples/federated/run.toml"
chown -R --reference="$world" "$world/work"
net euromesh apply --tier playground
net euromesh run work/examples/federated/run.toml
net euromesh verify work/examples/federated/run.toml
"$here/centres.sh" traffic "$bed"
printf '\nThe report is below %s.\n' "$world/work/runs"
