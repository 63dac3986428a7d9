"""Agents that can be killed, stopped and started again, and the processes of the flows that they started."""

import os
import signal
from pathlib import Path

from harness.stock import OurAgent, StockAgent

from workload import LABEL, LIMITED

RUN_VARIABLE = b"PREFECT__CONTEXT__FLOW_RUN_ID="


class KeptAgent:
    """One agent of the campaign: whatever happens to its process, it can be had again as it was configured."""

    def __init__(self, kind, start):
        self.kind, self._start = kind, start
        self.process = start()

    @property
    def pid(self):
        return self.process._process.pid

    def kill(self):
        """kill -9 of the agent alone: the flows that it started go on."""
        if self.process.is_alive():
            self.process._process.kill()
        self.process._process.wait()

    def ensure(self):
        """Starts it again if it has ended."""
        if not self.process.is_alive():
            self.process = self._start()

    def send(self, number):
        if self.process.is_alive():
            self.process._process.send_signal(number)

    def end(self):
        self.process.stop()


def start(kind, name, network, home, journal):
    """A stock agent or one of ours, with the labels that the campaign's flows have."""
    extra = {
        "CHAOS_JOURNAL": str(journal), "PYTHONPATH": str(Path(__file__).parent / "flows"),
        # Flow processes say that they live more often, and look more often whether they are cancelled.
        "PREFECT__CLOUD__HEARTBEAT_INTERVAL": "2", "PREFECT__CLOUD__CHECK_CANCELLATION_INTERVAL": "1",
    }
    more_labels = [LIMITED]

    def begin():
        if kind == "stock":
            # Stock agents of one name and the same labels are one agent to the server (reference §1.5).
            return StockAgent(network.url, home, LABEL, extra=extra, name=name, more_labels=more_labels)
        return OurAgent(network.url, home, LABEL, extra=extra, name=name, more_labels=more_labels)

    return KeptAgent(kind, begin)


def flow_processes():
    """Process ids of everything that belongs to a flow run, by run; the leader of each first."""
    found = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            variables = (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        run = next((v[len(RUN_VARIABLE):].decode() for v in variables if v.startswith(RUN_VARIABLE)), None)
        if run:
            found.setdefault(run, []).append(int(folder.name))
    return {run: sorted(pids) for run, pids in sorted(found.items())}


def signal_all(pids, number):
    """Signals every process that still exists."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


KILL, STOP, CONTINUE = signal.SIGKILL, signal.SIGSTOP, signal.SIGCONT
