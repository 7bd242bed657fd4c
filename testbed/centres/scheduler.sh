# shellcheck shell=bash
# Slurm at each centre, made by testbed/slurm/cluster.sh in the centre's shared folder /srv/slurm: munged, slurmctld and slurmrestd on
# the login node, a slurmd on each compute node. To be sourced; it wants the tables and functions of centres.sh.

# as_root MACHINE COMMAND...: where the command's end is waited for.
as_root() {
    local process
    process=$(machine_process "$1") || die "machine $1 is not up"
    (machine_enter "$process" root "${@:2}")
}

cluster() { as_root "$1" /srv/testbed/slurm/cluster.sh "$2" /srv/slurm "${@:3}"; }

node_names() {
    local node
    for ((node = 1; node <= nodes; ++node)); do echo "${name[$1]}-n$node"; done
}

controller_up() {
    local node elsewhere=
    for ((node = 1; node <= nodes; ++node)); do elsewhere+=",${name[$1]}-n$node=10.89.$1.$((10 + node))"; done
    # A busy disk keeps slurmctld waiting for its state file; users should not see that.
    cluster "${name[$1]}" start --name "${name[$1]}" --cpus "$cpus" --address "10.89.$1.1" --rest \
        --set MessageTimeout=60 --partitions "$partitions" --elsewhere "${elsewhere#,}"
    echo '. /srv/slurm/env' >"$folder/${name[$1]}/etc/profile"
    for node in $(node_names "$1"); do cluster "$node" revive "slurmd-$node"; done
}

nodes_idle() { [ "$(as_root "${name[$1]}" sinfo -h -N -t idle -o %N 2>/dev/null | sort -u | wc -l)" = "$nodes" ]; }

slurm_up() {
    local number jobs=() until=$((SECONDS + 60))
    for number in 1 2 3; do
        rm -rf "$folder/${name[$number]}"/{slurm,etc/profile}
        controller_up "$number" >"$folder/log/slurm-${name[$number]}" 2>&1 &
        jobs[number]=$!
    done
    for number in 1 2 3; do
        wait "${jobs[$number]}" || die "Slurm of ${name[$number]} does not start: status $?: $(tail -n 3 "$folder/log/slurm-${name[$number]}")"
    done
    for number in 1 2 3; do
        until nodes_idle "$number"; do
            [ $SECONDS -lt $until ] || die "the nodes of ${name[$number]} do not come up: $(tail -n 2 "$folder/${name[$number]}"/slurm/log/slurm*)"
            read -rt 0.1 <> <(:) || true
        done
    done
}

# slurm_revive CENTRE NODE: what ran on the machine before it lost power; NODE 0 is the login node.
slurm_revive() {
    local daemon
    if [ "$2" != 0 ]; then
        rm -f "$folder/${name[$1]}/slurm/pids/slurmd-${name[$1]}-n$2"
        cluster "${name[$1]}-n$2" revive "slurmd-${name[$1]}-n$2"
        return
    fi
    for daemon in munged slurmctld slurmrestd; do
        rm -f "$folder/${name[$1]}/slurm/pids/$daemon"
        cluster "${name[$1]}" revive "$daemon"
    done
}
