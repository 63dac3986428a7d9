#!/usr/bin/env bash
# `make chaos MINUTES=n`: faults against real servers, agents and flows, and a check of what is left (tests/chaos).
#
#   chaos.sh [MINUTES]                 one campaign on each set-up; one minute when not said
#   SIGNALBOX_CHAOS_SET_UP=sqlite      only this set-up (sqlite, postgres)
#   SIGNALBOX_CHAOS_SEED=7             the faults of this seed
set -euo pipefail
cd "$(dirname "$0")/.."

minutes="${1:-1}"
scripts/setup/tools.sh
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/signalbox/target}"
if [ -z "${SIGNALBOX_BINARY:-}" ]; then
    cargo build --quiet --locked --workspace --bin signalbox
    export SIGNALBOX_BINARY="$CARGO_TARGET_DIR/debug/signalbox"
fi
scripts/setup/servers.sh
venv="$(scripts/setup/venv.sh compat-1.4.1 scripts/prefect-requirements.txt tests/compat/requirements.txt)"

# The rules first: a check that cannot fail checks nothing.
"$venv/bin/python" -m pytest -q -p no:cacheprovider tests/chaos/test_invariants.py

seed=(); [ -z "${SIGNALBOX_CHAOS_SEED:-}" ] || seed=(--seed "$SIGNALBOX_CHAOS_SEED")
for set_up in ${SIGNALBOX_CHAOS_SET_UP:-sqlite postgres}; do
    "$venv/bin/python" tests/chaos --set-up "$set_up" --minutes "$minutes" "${seed[@]}"
done
