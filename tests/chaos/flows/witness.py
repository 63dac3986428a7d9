"""What a flow's process writes down by itself, beside the server: one line for each thing that happened, flushed at
once. The name of the file is the process's, so nobody else writes there.
"""

import json
import os
import time

JOURNAL = os.environ.get("CHAOS_JOURNAL")


def note(kind, **fields):
    if not JOURNAL:
        return
    import prefect

    line = {"kind": kind, "run": prefect.context.get("flow_run_id"), "pid": os.getpid(), "at": time.time(), **fields}
    with open(os.path.join(JOURNAL, f"{os.getpid()}.jsonl"), "a") as journal:
        journal.write(json.dumps(line) + "\n")


if JOURNAL and os.environ.get("PREFECT__CONTEXT__FLOW_RUN_ID"):
    # Loading the flow is the first thing that a run's process does with it.
    with open(os.path.join(JOURNAL, f"{os.getpid()}.jsonl"), "a") as _journal:
        _journal.write(
            json.dumps({"kind": "process", "run": os.environ["PREFECT__CONTEXT__FLOW_RUN_ID"], "pid": os.getpid(), "at": time.time()}) + "\n"
        )
