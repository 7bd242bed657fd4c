#!/usr/bin/env bash
# bench/forecast/slurm.sh [DIR]: a Slurm with 1,000 nodes in DIR, the forecast and the harvest benchmark on it, and away with it.
#
# About 25 minutes, 4 GB of memory. BUILD: where bench_forecast and bench_harvest lie (build/release). SEED: 1.
set -euo pipefail
cd "$(dirname "$0")/../.."
dir=${1:-$(mktemp -d)/cluster}
build=${BUILD:-build/release}
seed=${SEED:-1}

# Three sites for each of three policies, and all nodes together for the harvest.
sites=(96 111 126)
partitions='batch MaxTime=60;spare MaxTime=60 PriorityTier=0 PreemptMode=requeue'
names=()
first=1
for policy in a b c; do
    for nodes in "${sites[@]}"; do
        names+=("$policy$nodes")
        partitions+=";$policy$nodes MaxTime=60 Nodes=k[$first-$((first + nodes - 1))]"
        first=$((first + nodes))
    done
done
scheduler=bf_interval=1,bf_continue,sched_interval=1,sched_min_interval=10000,batch_sched_delay=0,bf_max_job_test=5000,bf_resolution=1
join() { local IFS=,; echo "$*"; }

trap 'testbed/slurm/cluster.sh stop "$dir"' EXIT
testbed/slurm/cluster.sh start "$dir" --name k --nodes 1000 --cpus 1 --partitions "$partitions" --set "SchedulerParameters=$scheduler"
"$build/bench_forecast" slurm --conf "$dir/slurm.conf" --partitions "$(join "${names[@]}")" --nodes "$(join "${sites[@]}")" \
    --percents 95,85,75 --federated 22 --largest 64 --seconds 400 --warm 60 --drain 50 --tick-ms 1500 --seed "$seed"
"$build/bench_harvest" --conf "$dir/slurm.conf" --folder "$dir/harvest" --nodes 1000 --seconds 240 --seed "$seed"
