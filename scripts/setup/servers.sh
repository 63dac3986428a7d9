#!/usr/bin/env bash
# Makes sure that what the tests start for themselves is on this machine: PostgreSQL, Redis, and the library that lets a
# server's clock jump. Installs with apt only what is missing; what it installs is not started, and no database is made of it.
set -euo pipefail

fail() { printf '\033[31m%s\033[0m\n' "$*" >&2; exit 1; }

missing=()
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || command -v initdb >/dev/null || missing+=(postgresql)
command -v redis-server >/dev/null || missing+=(redis-server)
compgen -G '/usr/lib/*/faketime/libfaketime.so.1' >/dev/null || missing+=(faketime)
[ ${#missing[@]} -gt 0 ] || exit 0

command -v apt-get >/dev/null || fail "Please install: ${missing[*]}"
[ "$(id -u)" = 0 ] || fail "Please install, as root: apt-get install ${missing[*]}"
printf '\033[2mInstalling with apt: %s\033[0m\n' "${missing[*]}" >&2
export DEBIAN_FRONTEND=noninteractive
if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
    mkdir -p /etc/postgresql-common
    echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
fi
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    trap 'rm -f "$policy"' EXIT
fi
apt-get update -qq </dev/null >/dev/null
apt-get install -y -qq --no-install-recommends -o Dpkg::Options::=--force-confold "${missing[@]}" </dev/null >/dev/null
