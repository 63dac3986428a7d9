#!/usr/bin/env bash
# Makes a virtual environment from requirement files, once, and prints its path.
#
#   venv.sh NAME REQUIREMENTS...     under ${XDG_CACHE_HOME:-~/.cache}/signalbox/
#
# The path names the Python version and a digest of the requirements: a change of either makes another environment.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"

name="$1"; shift
python="$("$here/python.sh")"
version="$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')"
digest="$(cat "$@" | cksum | cut -d' ' -f1)"
cache="${XDG_CACHE_HOME:-$HOME/.cache}/signalbox"
venv="$cache/$name-py$version-$digest"

make_venv() {
    "$python" -m venv --clear "$venv" >/dev/null 2>&1 && return
    # Debian splits venv off into a package of its own.
    if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
        DEBIAN_FRONTEND=noninteractive apt-get update -qq </dev/null >/dev/null || true
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "python$version-venv" </dev/null >/dev/null || true
    fi
    "$python" -m venv --clear "$venv" >&2
}

mkdir -p "$cache"
exec 9>"$venv.lock"
flock 9 # two of us at once: the second waits and finds it made
if [ ! -e "$venv/.complete" ]; then
    echo "Making a virtual environment with Prefect 1.4.1 (Python $version): $venv" >&2
    make_venv
    arguments=()
    for file in "$@"; do arguments+=(-r "$file"); done
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input "${arguments[@]}" </dev/null >&2
    touch "$venv/.complete"
fi
echo "$venv"
