#!/usr/bin/env bash
# Makes sure that what a build needs is on this machine: cargo, and a C compiler for SQLite and TLS.
# Installs with apt only what is missing; says what to do when it cannot.
set -euo pipefail

say() { printf '\033[2m%s\033[0m\n' "$*" >&2; }
fail() { printf '\033[31m%s\033[0m\n' "$*" >&2; exit 1; }

apt_install() {
    command -v apt-get >/dev/null || fail "Please install: $*"
    [ "$(id -u)" = 0 ] || fail "Please install, as root: apt-get install $*"
    say "Installing with apt: $*"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq </dev/null >/dev/null
    apt-get install -y -qq --no-install-recommends "$@" </dev/null >/dev/null
}

missing=()
command -v cc >/dev/null || missing+=(build-essential)
command -v git >/dev/null || missing+=(git)
[ -e /etc/ssl/certs/ca-certificates.crt ] || missing+=(ca-certificates)
[ ${#missing[@]} = 0 ] || apt_install "${missing[@]}"

if ! command -v cargo >/dev/null; then
    if [ -x "$HOME/.cargo/bin/cargo" ]; then
        fail "cargo is in $HOME/.cargo/bin but not on the PATH: run  . \"$HOME/.cargo/env\"  and try again."
    fi
    fail "Rust is missing. Install it from https://rustup.rs (version 1.95 or newer) and try again."
fi
