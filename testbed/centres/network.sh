# shellcheck shell=bash
# The network of the testbed; to be sourced. It wants $folder, $here, $wan, $root and the tables of centres.sh.
#
# Each centre is a host of testbed/wan; that host is its router to the world. Behind it is the bridge `front`: machines that have
# an address in the world. A second bridge, `back`, has no address of its own: only the centre's machines talk there (Slurm does).
#
#   world 10.88.N.0/24:  .1 the line's far end, .2 the centre's router (or, for hosts 4 and 5, the machines net and alps)
#                        .129 the router inside, .130 the login node, .131 ... compute nodes unless the policy is spool
#   centre 10.89.N.0/24: .1 the login node, .11 ... compute nodes
#
# Policies, for what is new; answers always come back:
#   direct  machines with an address can be reached from the world, and reach it
#   hub     they reach the world; nothing comes in
#   spool   the same, but only the login node has an address: compute nodes have no way out at all

border() { echo "em-$(cat "$folder/state/wan")-$1"; }
wan_do() { EUROMESH_WAN_STATE=$folder/state/wans "$wan" "$1" --name "$(cat "$folder/state/wan")" "${@:2}"; }

# rtt_us CITY CITY
rtt_us() {
    awk -F, -v a="$1" -v b="$2" '($1 == "site-" a "-" b) || ($1 == "site-" b "-" a) { printf "%d\n", $14 * 1000; n = 1 } END { exit !n }' \
        "$root/data/network.csv" || die "data/network.csv has no round trip between $1 and $2"
}

# Each line's delay, so that the round trips between the three centres are those of the facts: between i and j it is twice the sum
# of the delays of both lines.
line_delays_us() {
    local ab bc ac
    ab=$(rtt_us "${city[1]}" "${city[2]}") bc=$(rtt_us "${city[2]}" "${city[3]}") ac=$(rtt_us "${city[1]}" "${city[3]}")
    delay_us=([1]=$(((ab + ac - bc) / 4)) [2]=$(((ab + bc - ac) / 4)) [3]=$(((ac + bc - ab) / 4)) [4]=$world_delay_us)
    ! $abroad || delay_us[5]=$abroad_delay_us
}

network_up() {
    local number options=()
    line_delays_us
    for number in "${!delay_us[@]}"; do options+=(--host "$number:delay=${delay_us[$number]}us"); done
    wan_do up --hosts "${#delay_us[@]}" --rate "$rate" "${options[@]}" ${tun_link:+--tun-link "$tun_link"}
    count_traffic
    for number in 1 2 3; do centre_network "$number"; done
}

centre_network() {
    local at
    at=$(border "$1")
    ip -n "$at" -batch - <<NET
link add front type bridge forward_delay 0
link add back type bridge forward_delay 0
addr add 10.88.$1.129/25 dev front
link set front up
link set back up
NET
    ip netns exec "$at" sysctl -q -w net.ipv4.ip_forward=1 net.ipv4.conf.eth0.proxy_arp=1
    [ "${policy[$1]}" = direct ] || ip netns exec "$at" nft -f - <<'NFT'
table inet border {
    chain forward {
        type filter hook forward priority 0
        ct state established,related accept
        iifname "eth0" counter drop comment "nothing comes in"
    }
}
NFT
}

# plug CENTRE PROCESS KIND BRIDGE DEVICE ADDRESS
plug() {
    local at
    at=$(border "$1")
    ip -n "$at" link add "$4$3" type veth peer name "$5" netns "$2"
    ip -n "$at" link set "$4$3" master "$4" up
    nsenter --target "$2" --net ip -batch - <<NET
addr add $6 dev $5
link set $5 up
NET
}

# connect MACHINE CENTRE KIND, which is 0 for the login node, else the number of the compute node
connect() {
    local process
    process=$(machine_process "$1") || die "machine $1 has ended"
    plug "$2" "$process" "$3" back eth0 "10.89.$2.$(($3 == 0 ? 1 : 10 + $3))/24"
    if [ "$3" != 0 ] && [ "${policy[$2]}" = spool ]; then return; fi
    plug "$2" "$process" "$3" front eth1 "10.88.$2.$((130 + $3))/25"
    nsenter --target "$process" --net ip route add default via "10.88.$2.129"
}

# Bytes of IP packets that the lines' common router passes on, by source and destination; and what of it goes to or comes from a known
# port, as federation.sh has them: 8443 the coordinator, 4400 the hub, 4410 the depot.
count_traffic() {
    ip netns exec "$(border router)" nft -f - <<'NFT'
table inet traffic {
    set pairs {
        type ipv4_addr . ipv4_addr
        flags dynamic
        counter
        size 65536
    }
    set services {
        type ipv4_addr . ipv4_addr . inet_service
        flags dynamic
        counter
        size 65536
    }
    chain forward {
        type filter hook forward priority 0
        add @pairs { ip saddr . ip daddr counter }
        tcp dport { 4400, 4410, 8443 } add @services { ip saddr . ip daddr . tcp dport counter }
        tcp sport { 4400, 4410, 8443 } add @services { ip saddr . ip daddr . tcp sport counter }
    }
}
NFT
}

names_of_addresses() {
    local number
    for number in 1 2 3; do
        awk -v n="$number" '$1 ~ /^10\.88\./ { print $1, $2 }' "$folder/${name[$number]}/etc/hosts"
    done | sort -u
}

# traffic_lines SET: one line each, FROM TO PACKETS BYTES, names where there are names; of services FROM TO PORT PACKETS BYTES.
traffic_lines() {
    ip netns exec "$(border router)" nft -j list set inet traffic "$1" |
        jq -r '.nftables[] | .set.elem // empty | .[] | .elem | [.val.concat[], .counter.packets, .counter.bytes] | @tsv' |
        awk 'NR == FNR { n[$1] = $2; next } { for (i = 1; i <= 2; ++i) if ($i in n) $i = n[$i]; print }' <(names_of_addresses) - | sort
}

# Lines of a set as JSON; the keys are the columns.
traffic_objects() {
    jq -R --arg keys "$*" '[($keys | split(" ")), split(" ")] | transpose | map({(.[0]): (.[1] | tonumber? // .)}) | add' | jq -s .
}

refused_packets() {
    [ "${policy[$1]}" != direct ] || { echo 0; return; }
    ip netns exec "$(border "$1")" nft -j list chain inet border forward | jq '[.nftables[] | .rule.expr[]? | .counter.packets? // empty] | add // 0'
}

traffic() {
    local number
    if [ "${1:-}" = --json ]; then
        jq -n --argjson traffic "$(traffic_lines pairs | traffic_objects from to packets bytes)" \
            --argjson services "$(traffic_lines services | traffic_objects from to port packets bytes)" \
            --argjson refused "$(for number in 1 2 3; do echo "{\"${name[$number]}\": $(refused_packets "$number")}"; done | jq -s add)" \
            '{traffic: $traffic, services: $services, refused_packets: $refused}'
        return
    fi
    printf '%-20s %-20s %10s %14s\n' from to packets bytes
    traffic_lines pairs | while read -r from to packets bytes; do printf '%-20s %-20s %10s %14s\n' "$from" "$to" "$packets" "$bytes"; done
    for number in 1 2 3; do printf '%s refused %s packets from the world\n' "${name[$number]}" "$(refused_packets "$number")"; done
}
