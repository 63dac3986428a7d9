"""What a server under test stores in: a SQLite file of its own, or a database of its own on PostgreSQL, beside Redis.

`SIGNALBOX_TEST_BACKEND=postgres` chooses the latter, on the server that `SIGNALBOX_TEST_POSTGRES` names (its superuser's
URL), or on a throw-away one of this process.
"""

import atexit
import itertools
import json
import os
import sqlite3
import subprocess
from contextlib import closing
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

_SCRIPTS = Path(__file__).parents[3] / "scripts/throwaway"
_COUNTER = itertools.count(1)


@cache
def _postgres():
    """The superuser's URL."""
    if url := os.environ.get("SIGNALBOX_TEST_POSTGRES"):
        return url
    return _throwaway("postgres.sh")


@cache
def _throwaway(script):
    """The URL of a server of this process. It ends with the pipe to its standard input: when we do."""
    process = subprocess.Popen([_SCRIPTS / script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    atexit.register(process.wait)
    atexit.register(process.stdin.close)
    url = process.stdout.readline().strip()
    assert url, f"{script} started no server"
    return url


def _sql(url, statement):
    """The lines that psql prints for a statement."""
    # What belongs to a user or a terminal is none of a test's.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    command = ["psql", "-qXAt", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", statement]
    return subprocess.run(command, check=True, env=environment, stdout=subprocess.PIPE, text=True).stdout.split("\n")[:-1]


class Backing:
    """An empty place to store in; `variables` are the server's."""

    def __init__(self, folder):
        self._name = None
        if os.environ.get("SIGNALBOX_TEST_BACKEND") == "postgres":
            self._name = f"compat_{os.getpid()}_{next(_COUNTER)}"
            _sql(_postgres(), f"CREATE DATABASE {self._name} OWNER signalbox")
            url = f"postgres://signalbox@{urlsplit(_postgres()).netloc.rpartition('@')[2]}/{self._name}"
        else:
            self._file = folder / "signalbox.db"
            url = f"sqlite://{self._file}"
        self.variables = {"SIGNALBOX_DATABASE_URL": url}
        if self._name:
            self.variables["SIGNALBOX_REDIS_URL"] = _throwaway("redis.sh")

    def rows(self):
        """Every row of every table, past the server: pairs of the table's name and the row, a dict."""
        if self._name is None:
            return self._rows_of_file()
        url = f"{_postgres().rpartition('/')[0]}/{self._name}"
        names = _sql(url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        of_each = [f"SELECT json_build_array('{name}', t)::text FROM \"{name}\" t" for name in names]
        return [json.loads(line) for line in _sql(url, " UNION ALL ".join(of_each))]

    def _rows_of_file(self):
        with closing(sqlite3.connect(f"file:{self._file}?mode=ro", uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            names = connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            ).fetchall()
            return [
                (name, dict(row)) for (name,) in names
                for row in connection.execute(f'SELECT * FROM "{name}"')  # noqa: S608 - names come from the file
            ]

    def remove(self):
        """Removes it, with everything in it. A file goes with its folder."""
        if self._name:
            _sql(_postgres(), f"DROP DATABASE IF EXISTS {self._name} WITH (FORCE)")
            self._name = None
