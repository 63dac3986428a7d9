#!/usr/bin/env bash
# `make test`: every check but the campaigns of faults, cheap ones first; stops at the first that fails.
#
#   test.sh [lint|rust|compat|chaos]...     only these; the first three when none is named
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/setup/tools.sh
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/signalbox/target}"
export CARGO_TERM_PROGRESS_WHEN=never

# A machine that is shared with others can be slow at the wrong moment. In CI a test that fails is tried again, and said
# to be flaky; at a desk it fails.
profile=default; reruns=()
[ -z "${CI:-}" ] || { profile=ci; reruns=(--reruns 2); }

step() { printf '\n\033[1m── %s\033[0m\n' "$*"; }

lint() {
    for component in rustfmt clippy; do
        cargo "${component/rustfmt/fmt}" --version >/dev/null 2>&1 || rustup component add "$component"
    done
    step "Formatting"
    cargo fmt --all --check
    step "Lints"
    cargo clippy --locked --workspace --all-targets -- -D warnings
}

# One build for all who test the binary; with the workspace's features, as the Rust tests have them, so that nothing is
# compiled twice.
binary() {
    step "The binary"
    cargo build --locked --workspace --bin signalbox
    export SIGNALBOX_BINARY="$CARGO_TARGET_DIR/debug/signalbox"
}

# Servers for the tests: SQLite in this process's memory needs none, the others are started here, once for all tests.
# They end with their input, which is ours.
servers() {
    [ -z "${SIGNALBOX_TEST_POSTGRES:-}" ] || return 0
    scripts/setup/servers.sh
    local url; url="$(mktemp)"
    exec 7> >(exec scripts/throwaway/postgres.sh >"$url")
    for _ in $(seq 600); do [ -s "$url" ] && break; sleep 0.1; done
    [ -s "$url" ] || { echo "No PostgreSQL server could be started." >&2; exit 1; }
    SIGNALBOX_TEST_POSTGRES="$(cat "$url")"
    export SIGNALBOX_TEST_POSTGRES
    rm -f "$url"
}

# What stores nothing is the same on every database, and is tested once.
STORING='package(signalbox-migrations) | package(signalbox-storage) | package(signalbox-services) | package(signalbox-api) | package(signalbox-tests)'

rust() {
    binary
    step "Rust tests"
    cargo nextest --version >/dev/null 2>&1 || cargo install --locked cargo-nextest || true
    if cargo nextest --version >/dev/null 2>&1; then
        cargo nextest run --locked --workspace --profile "$profile"
    else
        cargo test --locked --workspace
    fi
    cargo test --locked --workspace --doc --quiet
    servers
    step "Rust tests on PostgreSQL and Redis"
    if cargo nextest --version >/dev/null 2>&1; then
        SIGNALBOX_TEST_BACKEND=postgres cargo nextest run --locked --workspace --profile "$profile" -E "$STORING" 7>&-
    else
        SIGNALBOX_TEST_BACKEND=postgres cargo test --locked --workspace 7>&-
    fi
}

compat() {
    binary
    local venv
    venv="$(scripts/setup/venv.sh compat-1.4.1 scripts/prefect-requirements.txt tests/compat/requirements.txt)"
    step "The stock Prefect client"
    "$venv/bin/python" -m pytest -c tests/compat/pytest.ini --rootdir tests/compat "${reruns[@]}" tests/compat
    servers
    step "The stock Prefect client, on PostgreSQL and Redis"
    SIGNALBOX_TEST_BACKEND=postgres \
        "$venv/bin/python" -m pytest -c tests/compat/pytest.ini --rootdir tests/compat "${reruns[@]}" tests/compat 7>&-
}

chaos() {
    binary
    step "A minute of faults on each set-up"
    scripts/chaos.sh 1 || { [ "$profile" = ci ] && step "Again, with another seed" && scripts/chaos.sh 1; }
}

# `chaos` is asked for by name (make chaos): a campaign is judged by a person who has its seed.
[ $# -gt 0 ] || set -- lint rust compat
for part in "$@"; do
    case "$part" in
        lint | rust | compat | chaos) "$part" ;;
        *) echo "Unknown part: $part (lint, rust, compat, chaos)" >&2; exit 2 ;;
    esac
done
step "All good"
