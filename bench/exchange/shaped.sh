#!/bin/sh
# Sites on links of 1 Gbit/s each way: int8 against fp32, and a hub against shared work. Needs root, iproute2
# and a kernel with network namespaces, veth and tbf. Only namespaces that it made itself are touched.
#   bench/exchange/shaped.sh build/bench/bench/exchange/bench_exchange [MIB] [ROUNDS] [RATE]
set -eu
program=$(readlink -f "$1")
mib=${2:-64}
rounds=${3:-7}
rate=${4:-1gbit}
tag=em$$
folder=$(mktemp -d)
made=""

clean_up() {
    for name in $made; do ip netns delete "$name" 2>/dev/null || true; done
    rm -rf "$folder"
}
trap clean_up EXIT INT TERM

add_namespace() {
    ip netns add "$1"
    made="$made $1"
    ip -n "$1" link set lo up
}

# A router in the middle; each site hangs on it by one link, shaped at both ends.
make_net() {
    add_namespace "$tag-r"
    ip netns exec "$tag-r" sysctl -q -w net.ipv4.ip_forward=1
    site=0
    while [ "$site" -lt "$1" ]; do
        add_namespace "$tag-$site"
        ip -n "$tag-r" link add "v$site" type veth peer name eth0 netns "$tag-$site"
        ip -n "$tag-r" addr add "10.99.$site.1/24" dev "v$site"
        ip -n "$tag-$site" addr add "10.99.$site.2/24" dev eth0
        ip -n "$tag-r" link set "v$site" up
        ip -n "$tag-$site" link set eth0 up
        ip -n "$tag-$site" route add default via "10.99.$site.1"
        ip netns exec "$tag-r" tc qdisc add dev "v$site" root tbf rate "$rate" burst 256kb latency 50ms
        ip netns exec "$tag-$site" tc qdisc add dev eth0 root tbf rate "$rate" burst 256kb latency 50ms
        site=$((site + 1))
    done
}

run_sites() {
    world=$1
    cases=$2
    endpoints=""
    files=""
    site=0
    while [ "$site" -lt "$world" ]; do
        endpoints="$endpoints${endpoints:+,}10.99.$site.2:4400"
        files="$files $folder/out-$site"
        site=$((site + 1))
    done
    rm -rf "$folder/keys"
    "$program" keys "$folder/keys" "$world"
    site=0
    pids=""
    while [ "$site" -lt "$world" ]; do
        ip netns exec "$tag-$site" "$program" site "$site" "$folder/keys" "$endpoints" "$cases" "$mib" $((rounds + 2)) \
            65536 >"$folder/out-$site" &
        pids="$pids $!"
        site=$((site + 1))
    done
    for pid in $pids; do wait "$pid"; done
    # shellcheck disable=SC2086
    "$program" table "$cases" "$mib" $files
}

make_net 3
run_sites 2 tls:fp32,tls:bf16,tls:int8
run_sites 3 tls:fp32,tls:fp32:hub,tls:int8,tls:int8:hub
