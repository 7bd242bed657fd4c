#!/usr/bin/env bash
# Makes build/text/{de,it,es}/{train,heldout}.txt out of the manual pages that Debian translates.
#
# The packages are fetched and unpacked below build/text, not installed: nobody wants them on the machine, and
# slim images leave manual pages out of installations. The same package version gives the same bytes; what was
# used stands in build/text/sources.json. Nothing is done when that is there and this recipe has not changed.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."

out=build/text
cleaner=tools/manpage_text.pl
recipe=$(cat examples/three-sites/prepare-text.sh "$cleaner" | sha256sum | cut -c1-64)
languages=(de it es)

die() {
    printf 'prepare-text: error: %s\n' "$*" >&2
    exit 1
}

is_done() {
    local language
    grep -qs "\"recipe\": \"$recipe\"" $out/sources.json || return 1
    for language in "${languages[@]}"; do
        [ -s $out/$language/train.txt ] && [ -s $out/$language/heldout.txt ] || return 1
    done
}

fetch() {
    local names=("${languages[@]/#/manpages-}")
    (cd "$1" && apt-get -q -o APT::Sandbox::User=root download "${names[@]}") 2>&1
}

# Lists of packages may be missing (slim images) or too old to name the file that the mirror has.
fetch_packages() {
    fetch "$1" >"$1/log" && return
    tools/setup.sh --lists
    fetch "$1" >"$1/log" || die "fetching ${languages[*]/#/manpages-} failed: $(tail -n 1 "$1/log")"
}

make_text() {
    local language=$1 work=$2/$1
    local made=$work/made
    mkdir -p "$work/html" "$made"
    dpkg-deb -x "$2"/manpages-"$language"_*.deb "$work/root"
    find "$work/root/usr/share/man" -type f -name '*.gz' | LC_ALL=C sort | while read -r page; do
        # A page that mandoc finds fault with is still rendered.
        mandoc -K utf-8 -T html -O fragment "$page" >"$work/html/$(basename "$page" .gz).html" || true
    done
    "$cleaner" "$language" "$work/html" "$made"
    cp "$work/root/usr/share/doc/manpages-$language/copyright" "$made/copyright"
    rm -rf "${out:?}/$language"
    mv "$made" "$out/$language"
}

entry() {
    local language=$1 package
    package=$(echo "$2"/manpages-"$language"_*.deb)
    printf '  "%s": {\n    "package": "%s", "version": "%s",\n' "$language" \
        "$(dpkg-deb -f "$package" Package)" "$(dpkg-deb -f "$package" Version)"
    printf '    "licence": "free documentation, mostly GPL-3.0-or-later; %s/copyright lists it by page",\n' "$language"
    printf '    "package_sha256": "%s",\n' "$(digest "$package")"
    printf '    "train_bytes": %s, "train_sha256": "%s",\n' "$(bytes $language/train.txt)" "$(digest $out/$language/train.txt)"
    printf '    "heldout_bytes": %s, "heldout_sha256": "%s"\n  }' "$(bytes $language/heldout.txt)" "$(digest $out/$language/heldout.txt)"
}
digest() { sha256sum "$1" | cut -c1-64; }
bytes() { stat -c %s "$out/$1"; }

write_sources() {
    local language
    {
        printf '{\n  "recipe": "%s"' "$recipe"
        for language in "${languages[@]}"; do
            printf ',\n'
            entry "$language" "$1"
        done
        printf '\n}\n'
    } >"$1/sources.json"
    mv "$1/sources.json" $out/sources.json
}

main() {
    local language job jobs=()
    if is_done; then
        echo "text: nothing to do"
        return
    fi
    command -v mandoc >/dev/null || die "no mandoc; tools/setup.sh installs it"
    mkdir -p $out
    rm -f $out/sources.json
    work=$(mktemp -d "$PWD/$out/work.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    fetch_packages "$work"
    for language in "${languages[@]}"; do
        make_text "$language" "$work" &
        jobs+=($!)
    done
    for job in "${jobs[@]}"; do wait "$job" || die "making the text of one language failed (see above)"; done
    write_sources "$work"
}

main
