#!/usr/bin/env bash
# train_by_hand.sh DIR TEXT [STEPS]: one small run over the three centres of a testbed that is up in DIR, each part a job of its own
# Slurm, started by hand: no coordinator, no agent. The national texts are in TEXT/{de,it,es}, as examples/three-sites/prepare-text.sh
# makes them. One site exchanges by direct connections, one by the hub, one by a spool; hub and depot stand in the world outside.
# Ends with status 0 when all sites have the same outer parameters and chains of manifests.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
bed=$1
texts=$2
steps=${3:-240}
program=$(sed -n 's/^programs=//p' "$bed/state/options")/euromesh
helpers=()

on() { "$here/centres.sh" run "$bed" "$@"; }
# What is started so ends with the process that is remembered.
start() {
    local log=$1
    shift
    (exec "$here/centres.sh" run "$bed" "$@") >"$bed/log/$log" 2>&1 &
    helpers+=($!)
}

clean_up() {
    [ ${#helpers[@]} = 0 ] || kill "${helpers[@]}" 2>/dev/null || true
    rm -rf "$pki"
}

run_file() {
    cat <<RUN
[run]
name = "by-hand"
folder = "out"
steps = $steps
[model]
dim = 64
layers = 2
heads = 4
hidden = 160
context = 64
[inner]
batch = 2
learning_rate = 3e-3
[outer]
inner_steps = 30
learning_rate = 0.8
momentum = 0.8
[rounds]
quorum = 3
[exchange]
hub = "10.88.4.2:4400"
pki = "pki"
handshake_s = 120
[evaluate]
every_rounds = 0
windows = 64
[[site]]
name = "jupiter"
address = "10.88.1.131:4500"
exchange = "direct"
RUN
    for site in jupiter leonardo marenostrum5; do
        case $site in
            leonardo) printf '[[site]]\nname = "leonardo"\nexchange = "hub"\n' ;;
            marenostrum5) printf '[[site]]\nname = "marenostrum5"\nexchange = "spool"\n' ;;
        esac
        printf 'spool = "spool"\ntext = "text/train.txt"\nheldout = "text/heldout.txt"\n'
    done
}

# Everything that somebody would bring there by hand, in the user's home.
bring() {
    local site=$1 user=$2 home=$bed/$1/home/$2
    rm -rf "$home"/{run.toml,text,pki,spool,out}
    mkdir -p "$home"/{text,pki,spool}
    cp "$texts/$3"/{train,heldout}.txt "$home/text"
    cp "$pki/run.toml" "$pki/secret" "$home"
    cp "$pki/pki/ca.pem" "$pki/pki/$site.pem" "$pki/pki/$site.key" "$home/pki"
    chown -R --reference="$home" "$home"
}

pki=$(mktemp -d)
trap clean_up EXIT
run_file >"$pki/run.toml"
head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$pki/secret"
chmod 600 "$pki/secret"
(cd "$pki" && "$program" pki init run.toml >/dev/null)
bring jupiter jana de
bring leonardo luca it
bring marenostrum5 marta es
cp "$pki/pki/ca.pem" "$pki/secret" "$bed/net/home/you"
mkdir -p "$bed/net/home/you/depot"
chown -R --reference="$bed/net/home/you" "$bed/net/home/you"

start hub net -- euromesh hub --listen 10.88.4.2:4400 --ca ca.pem
start depot net -- euromesh relay --depot --spool depot --listen 10.88.4.2:4410 --secret secret
for site in jupiter leonardo marenostrum5; do
    start relay-$site $site -- euromesh relay --spool spool --site $site --to tcp:10.88.4.2:4410 --secret secret
done

jobs=()
for site in jupiter leonardo marenostrum5; do
    on $site -- sbatch --quiet --wait -w $site-n1 -c 1 -t 10 -o train.out --wrap "euromesh train run.toml --site $site" &
    jobs+=($!)
done
status=0
for job in "${jobs[@]}"; do wait "$job" || status=$?; done
for site in jupiter leonardo marenostrum5; do
    echo "$site: $(tail -n 1 "$bed/$site"/*/*/train.out)"
done
[ $status = 0 ] || exit $status
"$program" train --check-manifests "$bed"/{jupiter,leonardo,marenostrum5}/*/*/out/sites/*/manifests.jsonl
"$here/centres.sh" traffic "$bed"
