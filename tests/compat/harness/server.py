"""The server under test: the real binary, on a free port, on a database of its own."""

import os
import re
import signal
import subprocess
import threading
from pathlib import Path

from .backing import Backing

START_SECONDS = 60
BINARY = os.environ.get("SIGNALBOX_BINARY", "")


def environment(home):
    """This process's environment without anybody's settings, with a home of its own."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT__", "SIGNALBOX_"))}
    return {**clean, "HOME": str(home)}


class Signalbox:
    """Start, stop, kill, restart. `url` stays the same across restarts, and so does the database."""

    def __init__(self, folder, settings=None):
        self.folder, self.settings = Path(folder), settings or {}
        self.backing = Backing(self.folder)
        self.log = self.folder / "server.log"
        self.url = None
        self._process = None

    @property
    def port(self):
        return int(self.url.rsplit(":", 1)[1])

    def start(self):
        arguments = [
            BINARY, "server", "start", "--host", "127.0.0.1", "--port", str(self.port if self.url else 0),
            "--log-format", "json",
        ]
        own = {**self.backing.variables, "SIGNALBOX_DATA_DIR": str(self.folder), **self.settings}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                arguments, env={**environment(self.folder), **own},
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True,
            )
        watchdog = threading.Timer(START_SECONDS, self._process.kill)
        watchdog.start()
        try:
            line = self._process.stdout.readline()
        finally:
            watchdog.cancel()
        listening = re.fullmatch(r"Signalbox is listening on (http://\S+)\n", line)
        if not listening:
            raise AssertionError(f"the server did not start; it printed {line!r}\n{self.tail()}")
        assert self.url in (None, listening[1]), "a restarted server listens elsewhere"
        self.url = listening[1]
        return self

    def kill(self):
        """kill -9: no goodbye, no flush."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self):
        """SIGTERM, and the exit code: 0 for a clean end."""
        if self._process.poll() is None:
            self._process.terminate()
        try:
            return self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise AssertionError(f"the server did not stop within 20 s of SIGTERM\n{self.tail()}") from None

    def panics(self):
        """What the server logged about panics: always a bug."""
        return [line for line in self._text().splitlines() if "panicked at" in line or '"panic"' in line]

    def tail(self, characters=4000):
        return self._text()[-characters:]

    def _text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""
