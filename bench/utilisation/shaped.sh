#!/usr/bin/env bash
# Compute utilisation of a real run between hosts of testbed/wan, next to what the simulator says for the same numbers.
# Needs root, and the texts that ./quickstart makes.
#
#   bench/utilisation/shaped.sh PROGRAM [--sites 2] [--rate 100mbit] [--delay 7500us] [--tau 10] [--codec int8]
#                               [--steps 1200] [--inner-steps 30] [--batch 2] [--json]
#
# Each site trains on one thread, so that the machine needs a core for each. --delay is that of one line and direction:
# from site to site and back it is four times as long. Utilisation is the time in inner steps divided by that and the
# waiting, without the first two rounds, in which sites find each other.
set -euo pipefail
program=$(readlink -f "${1:?shaped.sh: which program? build/release/euromesh}")
shift
top=$(readlink -f "$(dirname "$(readlink -f "$0")")/../..")
wan=$top/testbed/wan
sites=2 rate=100mbit delay=7500us tau=10 codec=int8 steps=1200 inner_steps=30 batch=2 json=no
while [ $# -gt 0 ]; do
    case "$1" in
        --sites | --rate | --delay | --tau | --codec | --steps | --batch) printf -v "${1#--}" %s "$2" ;;
        --inner-steps) inner_steps=$2 ;;
        --json) json=yes; shift; continue ;;
        *) echo "shaped.sh: unknown option '$1'" >&2; exit 2 ;;
    esac
    shift 2
done
[[ "$delay" =~ ^([0-9]+)us$ ]] || { echo "shaped.sh: --delay $delay: write it in us" >&2; exit 2; }
one_way_us=$((2 * ${BASH_REMATCH[1]}))
languages=(de it es)
[ "$sites" -le 3 ] || { echo "shaped.sh: --sites $sites: there are three texts" >&2; exit 2; }
for ((site = 0; site < sites; ++site)); do
    [ -s "$top/build/text/${languages[site]}/train.txt" ] || { echo "shaped.sh: no texts; run ./quickstart first" >&2; exit 2; }
done
net=util$$
folder=$(mktemp -d)

clean_up() {
    "$wan" down --name "$net"
    rm -rf "$folder"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

write_run_file() {
    local site
    cat <<END
[run]
name = "utilisation"
folder = "$folder/run"
seed = 1
steps = $steps
[model]
dim = 128
layers = 4
heads = 4
hidden = 480
context = 64
[inner]
batch = $batch
learning_rate = 3e-3
[outer]
kind = "nesterov"
inner_steps = $inner_steps
learning_rate = 0.8
momentum = 0.8
codec = "$codec"
overlap = $tau
[evaluate]
every_rounds = 0
windows = 8
END
    for ((site = 0; site < sites; ++site)); do
        printf '[[site]]\nname = "site%d"\naddress = "10.88.%d.2:4400"\ntext = "%s/train.txt"\nheldout = "%s/heldout.txt"\n' \
            "$site" $((site + 1)) "$top/build/text/${languages[site]}" "$top/build/text/${languages[site]}"
    done
}

run_sites() {
    local site pids=() pid
    for ((site = 0; site < sites; ++site)); do
        OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 "$wan" run --name "$net" $((site + 1)) -- \
            "$program" train "$folder/run.toml" --site "site$site" --threads 1 --json >"$folder/out-$site" &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do wait "$pid"; done
}

# Of the rounds after the first two: utilisation, seconds of an inner step, seconds of waiting a round, bytes a round.
measured() {
    cat "$folder"/out-* | grep '"event":"round"' | awk '
        function value(key) { return match($0, "\"" key "\":[0-9.e+-]+") ? substr($0, RSTART + length(key) + 3, RLENGTH - length(key) - 3) + 0 : 0 }
        value("round") >= 2 { compute += value("compute_s"); wait += value("wait_s"); steps += value("inner_steps"); bytes += value("bytes_sent"); ++rounds }
        END { printf "%.5f %.6f %.6f %.0f\n", compute / (compute + wait), compute / steps, wait / rounds, bytes / rounds }'
}

"$wan" up --name "$net" --hosts "$sites" --rate "$rate" --delay "$delay" --tun-link "$(dirname "$program")/tun_link"
write_run_file >"$folder/run.toml"
"$program" pki init "$folder/run.toml" >/dev/null
run_sites
read -r utilisation step_s wait_s bytes < <(measured)
parameters=$(grep -ho '"parameters":[0-9]*' "$folder/out-0" | head -n 1 | cut -d: -f2)
simulated=$("$program" simulate --sites "$sites" --params "$parameters" --codec "$codec" --inner-steps "$inner_steps" --tau "$tau" \
    --rounds $((steps / inner_steps)) --step-seconds "${step_s}s" --bandwidth "$rate" --latency "${one_way_us}us" --json |
    sed -n 's/^ *"utilisation": \([0-9.]*\).*/\1/p')
if [ "$json" = yes ]; then
    printf '{"sites":%d,"rate":"%s","round_trip_ms":%s,"tau":%d,"codec":"%s","inner_steps":%d,"step_s":%s,"wait_s":%s,"bytes":%s,"measured":%s,"simulated":%s}\n' \
        "$sites" "$rate" "$(awk "BEGIN { print $one_way_us * 2 / 1000 }")" "$tau" "$codec" "$inner_steps" "$step_s" "$wait_s" "$bytes" "$utilisation" "$simulated"
else
    printf 'sites %d, %s, round trip %s ms, %s, H %d, tau %d: a step %.1f ms, waiting %.1f ms and %d bytes a round; utilisation measured %.1f %%, simulated %.1f %%\n' \
        "$sites" "$rate" "$(awk "BEGIN { print $one_way_us * 2 / 1000 }")" "$codec" "$inner_steps" "$tau" \
        "$(awk "BEGIN { print $step_s * 1000 }")" "$(awk "BEGIN { print $wait_s * 1000 }")" "$bytes" \
        "$(awk "BEGIN { print $utilisation * 100 }")" "$(awk "BEGIN { print $simulated * 100 }")"
fi
