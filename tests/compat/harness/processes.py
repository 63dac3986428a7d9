"""The processes of a flow run, found by what their environment says."""

import os
import signal
from pathlib import Path


def of_run(run_id):
    """Process ids of everything that works on a run, and the command line of each."""
    found = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            environment = (folder / "environ").read_bytes().split(b"\0")
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue  # gone, or somebody else's
        if f"PREFECT__CONTEXT__FLOW_RUN_ID={run_id}".encode() in environment and command:
            found[int(folder.name)] = command
    return found


def executing(run_id):
    """The one process that executes the run's tasks."""
    pids = [
        pid for pid, command in of_run(run_id).items()
        if "execute flow-run" in command and "supervise-flow-run" not in command
    ]
    assert len(pids) == 1, of_run(run_id)
    return pids[0]


def kill_all(run_id):
    """kill -9 of all of them, as when the machine goes down; a supervisor aside."""
    for pid, command in of_run(run_id).items():
        if "supervise-flow-run" not in command:
            os.kill(pid, signal.SIGKILL)
