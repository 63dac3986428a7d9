#!/usr/bin/env bash
# `make test`: every check there is, cheap ones first; stops at the first that fails.
#
#   test.sh [lint|rust|compat]...     only these; all of them when none is named
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/setup/tools.sh
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/signalbox/target}"
export CARGO_TERM_PROGRESS_WHEN=never

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

rust() {
    binary
    step "Rust tests"
    cargo nextest --version >/dev/null 2>&1 || cargo install --locked cargo-nextest || true
    if cargo nextest --version >/dev/null 2>&1; then
        cargo nextest run --locked --workspace
    else
        cargo test --locked --workspace
    fi
    cargo test --locked --workspace --doc --quiet
}

compat() {
    binary
    step "The stock Prefect client"
    local venv
    venv="$(scripts/setup/venv.sh compat-1.4.1 scripts/prefect-requirements.txt tests/compat/requirements.txt)"
    "$venv/bin/python" -m pytest -c tests/compat/pytest.ini --rootdir tests/compat tests/compat
}

[ $# -gt 0 ] || set -- lint rust compat
for part in "$@"; do
    case "$part" in
        lint | rust | compat) "$part" ;;
        *) echo "Unknown part: $part (lint, rust, compat)" >&2; exit 2 ;;
    esac
done
step "All good"
