"""The processes of the demo: `signalbox dev`, the stock agent, and the stock command line. All of them end with it."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

START_SECONDS = 30


class DemoFailed(Exception):
    """The demo cannot go on; the text says why."""


class Processes:
    """Starts children in an environment of their own: this Python's `prefect` first on the PATH, a throw-away home."""

    def __init__(self, data):
        self.data = Path(data)
        self.url = None
        self._running = []
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("PREFECT__", "SIGNALBOX_"))},
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
            "PREFECT__HOME_DIR": str(self.data / "prefect"),
            "PREFECT__USER_CONFIG_PATH": str(self.data / "prefect" / "config.toml"),
            "PREFECT__BACKEND": "server",
            "PREFECT__CLOUD__LOGGING_HEARTBEAT": "1",  # seconds between uploads of log lines; 5 by default
            "TMPDIR": str(self.data),
        }

    def start_signalbox(self, binary):
        """Starts server and agent in one process; returns the address from the line it prints when it listens."""
        log = (self.data / "signalbox.log").open("wb")
        process = subprocess.Popen(
            [binary, "dev"],
            env={**self.environment, "SIGNALBOX_PORT": "0", "SIGNALBOX_DATA_DIR": str(self.data)},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True,
        )
        self._running.append(process)
        watchdog = threading.Timer(START_SECONDS, process.kill)
        watchdog.start()
        for line in process.stdout:
            if "listening on http" in line:
                watchdog.cancel()
                self.url = line.split()[-1].strip()
                self.environment["PREFECT__SERVER__ENDPOINT"] = self.url
                self.environment["PREFECT__SERVER__UI__ENDPOINT"] = self.url
                threading.Thread(target=process.stdout.read, daemon=True).start()
                return self.url
        raise DemoFailed(f"signalbox dev did not start:\n{(self.data / 'signalbox.log').read_text()[-3000:]}")

    def start_stock_agent(self, label):
        """`prefect agent local start`, taking only the runs that carry `label`."""
        log = (self.data / "stock-agent.log").open("wb")
        self._running.append(
            subprocess.Popen(
                ["prefect", "agent", "local", "start", "--name", "stock", "--label", label, "--no-hostname-label"],
                env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )
        )

    def prefect(self, *arguments):
        """Runs the stock command line and returns what it printed."""
        done = subprocess.run(
            ["prefect", *arguments], env=self.environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120,
        )
        if done.returncode:
            raise DemoFailed(f"prefect {' '.join(arguments)} failed:\n{done.stdout}")
        return done.stdout

    def check(self):
        """Raises when one of them has died."""
        for process in self._running:
            if process.poll() is not None:
                logs = "\n".join(log.read_text(errors="replace")[-2000:] for log in sorted(self.data.glob("*.log")))
                raise DemoFailed(f"{process.args[0]} ended with code {process.returncode}:\n{logs}")

    def stop(self):
        """Asks all of them to end, then makes them; the last started goes first."""
        for process in reversed(self._running):
            if process.poll() is None:
                process.terminate()
        deadline = time.monotonic() + 10
        for process in reversed(self._running):
            try:
                process.wait(timeout=max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self._running.clear()
