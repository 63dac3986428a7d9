"""What is under test: one server on SQLite, or two servers on PostgreSQL and Redis. Each part can be hit and is had again."""

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from harness.server import Signalbox

FAKE_TIME = next(iter(Path("/usr/lib").glob("*/faketime/libfaketime.so.1")), None)
#: Everything that waits for silence waits less, so that a campaign of a minute sees it; flow processes say every 2 s
#: that they live (agents.py).
IMPATIENT = {
    "SIGNALBOX_LEASE_SECONDS": "6", "SIGNALBOX_LOST_AFTER_SECONDS": "10", "SIGNALBOX_SILENT_AFTER_SECONDS": "10",
    "SIGNALBOX_UNSTARTED_AFTER_SECONDS": "25", "SIGNALBOX_GONE_AFTER_SECONDS": "10", "SIGNALBOX_LOST_RUN_RESCHEDULES": "50",
}


class Variables:
    """The part of the harness's `Backing` that a server needs."""

    def __init__(self, **variables):
        self.variables = variables

    def remove(self):
        """Nothing of its own: the campaign's folder goes as a whole."""


class Server(Signalbox):
    """A server with a clock of its own, that can be stopped as well as killed."""

    def __init__(self, folder, **variables):
        folder.mkdir()
        super().__init__(folder)
        self._clock = folder / "clock"
        self.set_clock(0)
        if FAKE_TIME:
            variables |= {
                "LD_PRELOAD": str(FAKE_TIME), "FAKETIME_TIMESTAMP_FILE": str(self._clock), "FAKETIME_NO_CACHE": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1",
            }
        self.backing = Variables(**IMPATIENT, **variables)

    def set_clock(self, seconds):
        """Its wall clock is so many seconds ahead from now on. Monotonic time goes on."""
        beside = self._clock.with_suffix(".new")
        beside.write_text(f"{seconds:+.3f}\n")
        beside.rename(self._clock)

    def send(self, number):
        self._process.send_signal(number)

    def ensure(self):
        """Starts it again when it has ended, as a supervisor does."""
        if self._process.poll() is not None:
            self.start()


class Daemon:
    """A database or a Redis, as a child of ours."""

    def __init__(self, command, port, ready):
        self.command, self.port, self._ready = command, port, ready
        self._process = None

    def start(self):
        self._process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while not self._ready():
            assert time.monotonic() < deadline, f"{self.command[0]} does not start"
            if self._process.poll() is not None:  # e.g. the last one's shared memory is still there
                self._process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(0.1)

    def end(self, number):
        self._process.send_signal(number)
        self._process.wait()

    def send(self, number):
        self._process.send_signal(number)

    def ensure(self):
        self.send(signal.SIGCONT)
        if self._process.poll() is not None:
            self.start()


class SqliteSetUp:
    """One server on a file."""

    name = "sqlite"

    def __init__(self, home):
        self.servers = [Server(home / "server", SIGNALBOX_DATABASE_URL=f"sqlite://{home}/server/signalbox.db")]

    def start(self):
        for server in self.servers:
            server.start()

    def jump(self, which, seconds):
        self.servers[which % len(self.servers)].set_clock(seconds)

    def hit(self, verb, victim, seconds):
        raise AssertionError(f"there is no {victim} to {verb}")

    def heal(self):
        for server in self.servers:
            server.send(signal.SIGCONT)
            server.ensure()

    def stop(self):
        for server in self.servers:
            if server._process:
                server.send(signal.SIGCONT)
                server.stop()


class PostgresSetUp(SqliteSetUp):
    """Two servers that share a PostgreSQL and a Redis."""

    name = "postgres"

    def __init__(self, home):
        self._home = home
        self.database, self.redis = _postgres(home / "postgres"), _redis(home / "redis")
        variables = {
            "SIGNALBOX_DATABASE_URL": f"postgres://signalbox@127.0.0.1:{self.database.port}/signalbox",
            "SIGNALBOX_REDIS_URL": f"redis://127.0.0.1:{self.redis.port}",
        }
        self.servers = [Server(home / f"server-{number}", **variables) for number in (1, 2)]

    def start(self):
        self.database.start()
        _psql(self.database.port, "CREATE ROLE signalbox LOGIN", "CREATE DATABASE signalbox OWNER signalbox")
        self.redis.start()
        super().start()

    def hit(self, verb, victim, seconds):
        daemon = getattr(self, victim)
        if verb == "stop":
            daemon.send(signal.SIGSTOP)
            time.sleep(seconds)
            daemon.send(signal.SIGCONT)
            return True
        # SIGINT is PostgreSQL's fast shutdown; killed, it recovers from its log.
        daemon.end(signal.SIGQUIT if verb == "kill" else signal.SIGINT)
        time.sleep(seconds)
        daemon.start()
        for server in self.servers:
            server.ensure()
        return True

    def heal(self):
        self.database.ensure()
        self.redis.ensure()
        super().heal()

    def stop(self):
        try:
            super().stop()
        finally:
            for daemon in (self.redis, self.database):
                if daemon._process and daemon._process.poll() is None:
                    daemon.send(signal.SIGCONT)
                    daemon.end(signal.SIGQUIT if daemon is self.database else signal.SIGTERM)


def _postgres(folder):
    binaries = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    folder.mkdir()
    as_owner = []
    if os.getuid() == 0:  # PostgreSQL refuses to run as root
        shutil.chown(folder, "postgres", "postgres")
        os.chmod(folder.parent, 0o711)
        as_owner = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    subprocess.run(
        [*as_owner, binaries / "initdb", "-D", folder / "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"],
        check=True, stdout=subprocess.DEVNULL, cwd="/",
    )
    port = _free_port()
    # What was committed must survive a killed server; only the machine's own crash is out of scope.
    command = [
        *as_owner, binaries / "postgres", "-D", folder / "data", "-p", str(port), "-k", str(folder), "-h", "127.0.0.1",
        "-c", "fsync=off", "-c", "synchronous_commit=on", "-c", "max_connections=100", "-c", "logging_collector=off",
    ]
    ready = lambda: subprocess.run([binaries / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]).returncode == 0  # noqa: E731
    return Daemon(command, port, ready)


def _psql(port, *statements):
    for statement in statements:
        subprocess.run(["psql", "-qX", "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", "-c", statement], check=True, cwd="/")


def _redis(folder):
    folder.mkdir()
    port = _free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(folder)]

    def ready():
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return True
        except OSError:
            return False

    return Daemon(command, port, ready)


def _free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


SET_UPS = {"sqlite": SqliteSetUp, "postgres": PostgresSetUp}
