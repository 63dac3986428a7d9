#!/usr/bin/env bash
# Prints the path of a Python that the Prefect 1 library runs on: 3.9, 3.10 or 3.11.
# Looks at $PYTHON_FOR_PREFECT, the PATH, pyenv, uv and conda; as root it tries apt last. Otherwise it says what to do.
set -euo pipefail

suitable() { # prints the interpreter's real path when it is one of ours
    "$1" -c 'import sys; assert (3, 9) <= sys.version_info[:2] <= (3, 11); print(sys.executable)' 2>/dev/null </dev/null
}

if [ -n "${PYTHON_FOR_PREFECT:-}" ]; then
    suitable "$PYTHON_FOR_PREFECT" && exit 0
    echo "PYTHON_FOR_PREFECT=$PYTHON_FOR_PREFECT is not a Python 3.9, 3.10 or 3.11." >&2
    exit 1
fi

shopt -s nullglob
for version in 3.11 3.10 3.9; do
    for candidate in \
        "$(command -v "python$version" || true)" \
        /usr/bin/python"$version" /usr/local/bin/python"$version" /opt/python*/bin/python"$version" \
        "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$version".*/bin/python \
        "${UV_PYTHON_INSTALL_DIR:-$HOME/.local/share/uv/python}"/cpython-"$version".*/bin/python"$version" \
        "$HOME"/{miniconda3,anaconda3,miniforge3}/envs/*/bin/python"$version"; do
        [ -z "$candidate" ] || ! suitable "$candidate" || exit 0
    done
done
for candidate in python3 python; do
    suitable "$candidate" && exit 0
done

if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq </dev/null >&2 || true
    for version in 3.11 3.10 3.9; do
        if apt-get install -y -qq --no-install-recommends "python$version" "python$version-venv" </dev/null >/dev/null 2>&1; then
            suitable "/usr/bin/python$version" && exit 0
        fi
    done
fi

cat >&2 <<'HELP'
No suitable Python was found. The Prefect 1 library needs Python 3.9, 3.10 or 3.11 (it does not run on newer ones).
Install one, in whichever way you like:

    uv python install 3.11            https://docs.astral.sh/uv
    pyenv install 3.11                https://github.com/pyenv/pyenv
    apt-get install python3.11-venv   Debian 12; on Ubuntu from the deadsnakes PPA

It will be found by itself; for an unusual place say  PYTHON_FOR_PREFECT=/path/to/python3.11 make demo
HELP
exit 1
