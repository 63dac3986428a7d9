#!/usr/bin/env bash
# `make demo`: builds Signalbox, starts it, and lets the stock Prefect 1 library run examples/prefect1 on it.
#
#   ONCE=1             stop at the end; exit code 0 only if every run ended as it should
#   PROFILE=release    build with optimisations (takes longer the first time)
#   PYTHON_FOR_PREFECT   the Python to use, if it is in an unusual place
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/setup/tools.sh
venv="$(scripts/setup/venv.sh prefect-1.4.1 scripts/prefect-requirements.txt)"

export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/signalbox/target}"
profile="${PROFILE:-dev}"
folder="$profile"; [ "$profile" != dev ] || folder=debug
[ -x "$CARGO_TARGET_DIR/$folder/signalbox" ] ||
    echo "Building Signalbox: five to ten minutes the first time (two cores), seconds after that." >&2
cargo build --quiet --locked --workspace --bin signalbox --profile "$profile"

once=(); [ "${ONCE:-0}" = 0 ] || once=(--once)
exec "$venv/bin/python" scripts/demo --binary "$CARGO_TARGET_DIR/$folder/signalbox" "${once[@]}"
