#!/usr/bin/env bash
# bench_exchange between the hosts of testbed/wan: ours, Gloo and Open MPI over the same lines, in turns. Needs root.
#
#   bench/exchange/shaped.sh PROGRAM [--sites 2] [--cases gloo,mpi,tls:fp32,...] [--mib 64] [--rounds 7] [--rate 1gbit]
#                            [--delay 7500us] [--buffers MIB] [--chunk VALUES] [--tun-link PROGRAM]
#
# --delay is that of one line and direction: between two sites it is four times as long, there and back. --buffers sets
# what the kernel lets a TCP connection buffer (net.ipv4.tcp_rmem and tcp_wmem), for all that is measured; without it
# the kernel's own limits hold, usually 4 to 6 MiB.
set -euo pipefail
program=$(readlink -f "${1:?shaped.sh: which program? build/release/bench_exchange}")
shift
wan=$(dirname "$(readlink -f "$0")")/../../testbed/wan
sites=2 cases=gloo,mpi,tls:fp32,tls:int8,tls:int4 mib=64 rounds=7 rate=1gbit delay= buffers= chunk=65536
tun_link=$(dirname "$program")/tun_link
while [ $# -gt 0 ]; do
    case "$1" in
        --sites | --cases | --mib | --rounds | --rate | --delay | --buffers | --chunk) printf -v "${1#--}" %s "$2" ;;
        --tun-link) tun_link=$2 ;;
        *) echo "shaped.sh: unknown option '$1'" >&2; exit 2 ;;
    esac
    shift 2
done
[[ "$rate" =~ ^([0-9.]+)gbit$ ]] || { echo "shaped.sh: --rate $rate: write 1gbit" >&2; exit 2; }
line=${BASH_REMATCH[1]}
net=bench$$
folder=$(mktemp -d)

clean_up() {
    "$wan" down --name "$net"
    rm -rf "$folder"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

set_buffers() {
    local site most=$((buffers << 20))
    for ((site = 1; site <= sites; ++site)); do
        "$wan" run --name "$net" "$site" -- sysctl -q -w "net.ipv4.tcp_rmem=4096 131072 $most" "net.ipv4.tcp_wmem=4096 16384 $most"
    done
}

# The words of one site, and the file that takes what it prints.
site_words() {
    words=("$program" site "$1" "$folder/keys" "$endpoints" "$cases" "$mib" $((rounds + 2)) "$chunk")
    output=$folder/out-$1
}

run_alone() {
    local site pids=() pid
    for ((site = 0; site < sites; ++site)); do
        site_words "$site"
        "$wan" run --name "$net" $((site + 1)) -- "${words[@]}" >"$output" &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do wait "$pid"; done
}

# mpirun stands in the first host and reaches the others by this instead of ssh. Each gets a host name of its own: two
# daemons of one name would be taken for one machine.
write_agent() {
    cat >"$folder/agent" <<END
#!/usr/bin/env bash
number=\${1#10.88.}
number=\${number%%.*}
shift
exec ip netns exec "em-$net-\$number" unshare --uts sh -c "hostname em-\$number; \$*"
END
    chmod +x "$folder/agent"
}

run_by_mpirun() {
    local site contexts=()
    write_agent
    for ((site = 0; site < sites; ++site)); do
        site_words "$site"
        [ "$site" = 0 ] || contexts+=(:)
        # shellcheck disable=SC2016
        contexts+=(--host "10.88.$((site + 1)).2" -np 1 sh -c 'output=$1; shift; exec "$@" >"$output"' sh "$output" "${words[@]}")
    done
    "$wan" run --name "$net" 1 -- mpirun --allow-run-as-root --bind-to none --mca plm rsh --mca plm_rsh_agent "$folder/agent" \
        --mca pml ob1 --mca btl tcp,self --mca btl_tcp_if_include eth0 --mca oob_tcp_if_include eth0 "${contexts[@]}"
}

"$wan" up --name "$net" --hosts "$sites" --rate "$rate" ${delay:+--delay "$delay"} --tun-link "$tun_link"
[ -z "$buffers" ] || set_buffers
endpoints=
for ((site = 1; site <= sites; ++site)); do endpoints+="${endpoints:+,}10.88.$site.2:4400"; done
"$program" keys "$folder/keys" "$sites"
if [[ ",$cases," == *,mpi,* ]]; then run_by_mpirun; else run_alone; fi
files=()
for ((site = 0; site < sites; ++site)); do files+=("$folder/out-$site"); done
"$program" table "$sites" "$cases" "$mib" "$line" "${files[@]}"
"$wan" status --name "$net" | sed -n 's/^line/the line/p'
