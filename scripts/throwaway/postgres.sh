#!/usr/bin/env bash
# A PostgreSQL server for tests: in a folder of its own under the temporary one, on a free port of 127.0.0.1, with nothing
# in it but the role "signalbox", which is no superuser. Prints one line, the superuser's URL, when it accepts
# connections. Stops, and removes the folder, when its standard input ends: whoever started it need not live to do so.
#
#   exec 7> >(scripts/throwaway/postgres.sh > url); …; exec 7>&-
#
# Safe to lose by intention: nothing is flushed to the disk.
set -euo pipefail

newest() { printf '%s\n' /usr/lib/postgresql/*/bin /usr/pgsql-*/bin | sort -t/ -k5 -V -r; }
binaries=""
for folder in $(newest) "$(dirname "$(command -v initdb || true)")"; do
    if [ -x "$folder/initdb" ] && [ -x "$folder/postgres" ]; then binaries="$folder"; break; fi
done
[ -n "$binaries" ] || { echo "PostgreSQL is missing: run scripts/setup/servers.sh, or install the package postgresql" >&2; exit 1; }

# PostgreSQL refuses to run as root.
as=()
if [ "$(id -u)" = 0 ]; then
    owner=postgres; id "$owner" >/dev/null 2>&1 || owner=nobody
    as=(setpriv --reuid="$owner" --regid="$(id -g "$owner")" --clear-groups env HOME=/nonexistent)
fi

folder="$(mktemp -d "${TMPDIR:-/tmp}/signalbox-postgres-XXXXXX")"
server=""
cleanup() {
    # At once: there is nothing worth a checkpoint.
    [ -z "$server" ] || { kill -QUIT "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; }
    rm -rf "$folder"
}
trap cleanup EXIT
trap 'exit 143' TERM INT HUP
[ ${#as[@]} = 0 ] || chown "$owner" "$folder"
cd "$folder"

# A collation that is not by code point, where this version knows how: nothing may depend on it.
locale=(--locale=C.UTF-8)
"$binaries/initdb" --help | grep -q -- --icu-locale && locale+=(--locale-provider=icu --icu-locale=en)
"${as[@]}" "$binaries/initdb" -D "$folder/data" -U postgres -A trust -E UTF8 --no-sync "${locale[@]}" >initdb.log 2>&1 ||
    { cat initdb.log >&2; exit 1; }

for _ in 1 2 3 4 5 6 7 8; do
    port=$((20000 + RANDOM % 12000))
    "${as[@]}" "$binaries/postgres" -D "$folder/data" -p "$port" -k "$folder" -h 127.0.0.1 -c fsync=off \
        -c synchronous_commit=off -c full_page_writes=off -c max_connections=400 -c shared_buffers=128MB \
        -c autovacuum_naptime=10s -c max_wal_size=4GB -c deadlock_timeout=200ms -c log_min_messages=warning \
        >>server.log 2>&1 </dev/null &
    server=$!
    while kill -0 "$server" 2>/dev/null; do
        if "$binaries/pg_isready" -q -h "$folder" -p "$port" -U postgres -d postgres; then break 2; fi
        sleep 0.05
    done
    server="" # the port was taken
done
[ -n "$server" ] || { cat server.log >&2; exit 1; }

"$binaries/psql" -qX -h "$folder" -p "$port" -U postgres -d postgres -c "CREATE ROLE signalbox LOGIN" >&2
echo "postgres://postgres@127.0.0.1:$port/postgres"
# Not our own output any more: a reader that waits for its end must not wait for ours.
exec >/dev/null
cat >/dev/null
