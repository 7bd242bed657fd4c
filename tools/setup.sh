#!/usr/bin/env bash
# Installs from Debian's packages what EuroMesh is built and run with; what is there already is left alone.
#
#   tools/setup.sh          what ./quickstart needs
#   tools/setup.sh --test   what ./test needs in addition
#   tools/setup.sh --lists  only fetches the lists of packages anew
#
# Works as root or through sudo and asks nothing. Without a missing package it needs neither, nor the network.
set -euo pipefail

build_packages=(
    g++ cmake ninja-build ccache pkg-config            # tools
    libtorch-dev libopenblas0-pthread libopenblas-dev  # trainer: tensors, and the BLAS that makes them fast
    libexpected-dev libfmt-dev libssl-dev nlohmann-json3-dev libtomlplusplus-dev libcli11-dev libxxhash-dev
    libcurl4-openssl-dev ca-certificates               # object stores
    libboost-dev                                       # planner: direction numbers of Sobol sequences; HTTP
    libsqlite3-dev libpq-dev libsodium-dev             # federation: stores; the separate verifier of ledgers
    mandoc perl                                        # text of the three sites
)
# A wider AES-GCM for TLS, looked for when the program runs; Debian has it for this processor only.
[ "$(dpkg --print-architecture 2>/dev/null)" != amd64 ] || build_packages+=(libipsec-mb1)
test_packages=(
    doctest-dev clang-format-14
    clang-14 libclang-rt-14-dev             # fuzz targets
    libgloo-dev libopenmpi-dev openmpi-bin  # what bench/exchange is compared with
    iproute2 nftables jq                    # shaped links, what centres let through
    postgresql coinor-cbc                   # the other store; the exact optimum that placement is held against
    slurmctld slurmd slurmrestd slurm-client slurm-wlm-basic-plugins slurm-wlm-jwt-plugin munge   # testbed/slurm
    charliecloud-runtime squashfs-tools     # jobs in container images
)
# What comes with these starts by itself in Debian, and nobody here wants it: tests start daemons of their own.
unwanted_services=(munge slurmctld slurmd slurmrestd)

say() { printf 'setup: %s\n' "$*"; }
die() {
    printf 'setup: error: %s\n' "$*" >&2
    exit 1
}

# Prints what must stand before a command that changes the machine; ends with one line where nothing helps.
root_prefix() {
    [ "$(id -u)" = 0 ] && return
    command -v sudo >/dev/null || die "neither root nor sudo is at hand; as root: apt-get install $packages_missing"
    sudo -n true 2>/dev/null || die "sudo asks for a password; run 'sudo -v' first, or this as root"
    echo sudo -n
}

# apt-get with one log, shown only when it matters.
apt_quietly() {
    local log prefix
    prefix=$(root_prefix) || exit 1
    log=$(mktemp)
    # shellcheck disable=SC2086
    if ! $prefix env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 "$@" >"$log" 2>&1 </dev/null; then
        tail -n 15 "$log" >&2
        rm -f "$log"
        die "apt-get $1 failed (above are its last lines; 'dpkg --configure -a' repairs an interrupted installation)"
    fi
    rm -f "$log"
}

# Installs "$@" while the services among it are kept from starting, now and at the next start of the machine.
install_without_services() {
    local policy=/usr/sbin/policy-rc.d service made='' prefix new=()
    prefix=$(root_prefix) || exit 1
    for service in "${unwanted_services[@]}"; do
        is_installed "$service" || new+=("$service")
    done
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | $prefix tee "$policy" >/dev/null
        $prefix chmod 755 "$policy"
        made=yes
        # shellcheck disable=SC2064
        trap "$prefix rm -f $policy" EXIT
    fi
    apt_quietly install --no-install-recommends "$@"
    if [ -n "$made" ]; then
        $prefix rm -f "$policy"
        trap - EXIT
    fi
    command -v systemctl >/dev/null || return 0
    for service in "${new[@]}"; do
        if is_installed "$service"; then $prefix systemctl --quiet disable "$service.service" >/dev/null 2>&1 || true; fi
    done
}

is_installed() { [ "$(dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null)" = 'ii ' ]; }

missing_of() {
    local package
    for package in "$@"; do
        is_installed "$package" || printf '%s ' "$package"
    done
}

# Debian's torch asks for any BLAS; with the reference one it computes some 40 times slower.
choose_openblas() {
    local folder name link
    folder=$(dirname "$(dpkg -L libopenblas0-pthread | grep '/libblas\.so\.3$')")
    for name in libblas.so.3 liblapack.so.3; do
        link=${folder%/*}/$name
        [ "$(readlink -f "$link")" = "$(readlink -f "$folder/$name")" ] && continue
        $(root_prefix) update-alternatives --quiet --set "$name-$(basename "${folder%/*}")" "$folder/$name"
        [ "$(readlink -f "$link")" = "$(readlink -f "$folder/$name")" ] || die "$link should lead to OpenBLAS ($folder/$name)"
        say "$name now leads to OpenBLAS"
    done
}

node_is_new_enough() { command -v npm >/dev/null && [ "$(node -p 'parseInt(process.versions.node)' 2>/dev/null || echo 0)" -ge 18 ]; }

main() {
    local wanted=("${build_packages[@]}")
    case "${1:-}" in
        '') ;;
        --test)
            wanted+=("${test_packages[@]}")
            # Node is needed only to rebuild the web bundle and compare it.
            node_is_new_enough || wanted+=(nodejs npm ca-certificates)
            ;;
        --lists)
            apt_quietly update
            return
            ;;
        *) die "unknown option '$1' (known: --test, --lists)" ;;
    esac
    command -v apt-get >/dev/null || die "no apt-get: this set-up is for Debian 12; docs/dependencies.md names what to install elsewhere"
    grep -qs '^VERSION_ID="12"' /etc/os-release || say "warning: tried on Debian 12 only; this machine is something else"
    packages_missing=$(missing_of "${wanted[@]}")
    if [ -n "$packages_missing" ]; then
        say "installing $packages_missing"
        apt_quietly update
        # shellcheck disable=SC2086
        install_without_services $packages_missing
        packages_missing=$(missing_of "${wanted[@]}")
        [ -z "$packages_missing" ] || die "still missing after the installation: $packages_missing"
    fi
    choose_openblas
}

packages_missing=
main "$@"
