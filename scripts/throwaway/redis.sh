#!/usr/bin/env bash
# A Redis server for tests: in a folder of its own under the temporary one, on a free port of 127.0.0.1, writing nothing
# down. Prints one line, its URL, when it answers. Stops, and removes the folder, when its standard input ends.
set -euo pipefail

command -v redis-server >/dev/null ||
    { echo "Redis is missing: run scripts/setup/servers.sh, or install the package redis-server" >&2; exit 1; }
folder="$(mktemp -d "${TMPDIR:-/tmp}/signalbox-redis-XXXXXX")"
server=""
cleanup() {
    [ -z "$server" ] || { kill -KILL "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; }
    rm -rf "$folder"
}
trap cleanup EXIT
trap 'exit 143' TERM INT HUP
cd "$folder"

for _ in 1 2 3 4 5 6 7 8; do
    port=$((20000 + RANDOM % 12000))
    redis-server --port "$port" --bind 127.0.0.1 --unixsocket "$folder/socket" --save "" --appendonly no \
        >server.log 2>&1 </dev/null &
    server=$!
    while kill -0 "$server" 2>/dev/null; do
        if redis-cli -s "$folder/socket" ping >/dev/null 2>&1; then break 2; fi
        sleep 0.05
    done
    server="" # the port was taken
done
[ -n "$server" ] || { cat server.log >&2; exit 1; }

echo "redis://127.0.0.1:$port"
# Not our own output any more: a reader that waits for its end must not wait for ours.
exec >/dev/null
cat >/dev/null
