#!/usr/bin/env bash
# Formats all C++ in place; with --check only says what is not formatted. Version 14, as others break lines elsewhere.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
mode=(-i)
[ "${1:-}" = --check ] && mode=(--dry-run -Werror)
find src apps bench tools fuzz testbed -type f \( -name '*.cpp' -o -name '*.hpp' \) -print0 |
    xargs -0 -r clang-format-14 "${mode[@]}"
