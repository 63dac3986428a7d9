"""The stock Prefect 1.4.1 client as people use it: its command line and its agent, in processes of their own."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

from .server import BINARY, environment

COMMAND_SECONDS = 90


def settings(url, home):
    """Points the library at `url` and at a home of its own. The issue's `backend=server`, no key."""
    return {
        "HOME": str(home),
        "PREFECT__HOME_DIR": str(Path(home) / ".prefect"),
        "PREFECT__USER_CONFIG_PATH": str(Path(home) / ".prefect" / "config.toml"),
        "PREFECT__BACKEND": "server",
        "PREFECT__SERVER__ENDPOINT": url,
        "PREFECT__SERVER__UI__ENDPOINT": url,
        # Flow processes upload logs every 5 s by default; tests are in more of a hurry.
        "PREFECT__CLOUD__LOGGING_HEARTBEAT": "1",
        # And heartbeats every 30 s.
        "PREFECT__CLOUD__HEARTBEAT_INTERVAL": "3",
        # A process that was told to wait for a free slot asks again after 30 s by default.
        "PREFECT__CLOUD__QUEUE_INTERVAL": "0.5",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def prefect(url, home, *arguments, check=True, extra=None):
    """Runs `prefect …`; returns the finished process with stdout and stderr as one text."""
    done = subprocess.run(
        [sys.executable, "-m", "prefect", *arguments],
        env={**environment(home), **settings(url, home), **(extra or {})},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=COMMAND_SECONDS,
    )
    assert not check or done.returncode == 0, f"prefect {' '.join(arguments)} → {done.returncode}\n{done.stdout}"
    return done


class Agent:
    """An agent process that takes the runs with its label. Both kinds behave alike to a test."""

    def __init__(self, label, command, env, log):
        self.label, self.log = label, Path(log)
        with self.log.open("ab") as out:
            self._process = subprocess.Popen(
                command, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
            )

    def poke(self):
        """Makes the agent look for work now instead of at its next poll."""

    def is_alive(self):
        return self._process.poll() is None

    def stop(self):
        if self.is_alive():
            self._process.terminate()
            try:
                self._process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                pass
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._process.wait()

    def kill(self):
        """kill -9 of the agent alone."""
        self._process.kill()
        self._process.wait()

    def tail(self):
        return self.log.read_text(errors="replace")[-3000:]


class StockAgent(Agent):
    """`prefect agent local start`, with the address on which it can be poked."""

    def __init__(self, url, home, label="stock", extra=None, name="stock", more_labels=()):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._address = f"http://127.0.0.1:{free.getsockname()[1]}"
        super().__init__(
            label,
            [sys.executable, "-m", "prefect", "agent", "local", "start", "--name", name, "--label", label,
             *(part for more in more_labels for part in ("--label", more)),
             "--no-hostname-label", "--agent-address", self._address],
            {**environment(home), **settings(url, home), **(extra or {})},
            Path(home) / f"stock-agent-{label}-{name}.log",
        )

    def poke(self):
        try:
            urllib.request.urlopen(f"{self._address}/api/poke", timeout=5).close()
        except OSError:
            pass  # still starting: it polls at once when it is up


class OurAgent(Agent):
    """`signalbox agent start local`; nobody needs to poke it: its poll is held until there is work."""

    def __init__(self, url, home, label="ours", key=None, extra=None, name="ours", more_labels=()):
        super().__init__(
            label,
            [BINARY, "agent", "start", "local", "--api", url, "--name", name, "--label", label, "--no-hostname-label",
             *(part for more in more_labels for part in ("--label", more)),
             "--agent-data-dir", str(Path(home) / f"agent-{label}"), *(["--key", key] if key else [])],
            {**environment(home), **settings(url, home), "SIGNALBOX_DATA_DIR": str(home), **(extra or {})},
            Path(home) / f"our-agent-{label}-{name}.log",
        )
