#!/usr/bin/env bash
# compare.sh PROGRAM [REQUESTS] [SEED]: random requests, answered by our rules and by Cedar; the same each time.
set -euo pipefail
here="$(dirname "$(readlink -f "$0")")"
if [ $# -lt 1 ]; then
    echo "Usage: $0 PROGRAM [REQUESTS] [SEED], such as $0 build/dev/euromesh 10000 1" >&2
    exit 2
fi
"$1" rules sample --count "${2:-10000}" --seed "${3:-1}" | node "$here/compare.js"
