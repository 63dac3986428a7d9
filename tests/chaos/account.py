"""Everything that must be known to judge a campaign, read once at its end: the database through the API, the journals
that the flows' processes wrote by themselves, and what the network saw acknowledged.
"""

import json
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from harness.api import post

PAGE = 200
RUNS = """query($after: uuid!) { flow_run(where: {id: {_gt: $after}}, order_by: {id: asc}, limit: %d) {
  id name state version auto_scheduled scheduled_start_time labels created
  flow { id name }
  states(order_by: {version: asc}) { state version message timestamp }
  task_runs(order_by: {id: asc}) { id state version map_index task { slug } states(order_by: {version: asc}) { state version timestamp } }
} }""" % PAGE
LOGS = """query($run: uuid!, $offset: Int!) { log(where: {flow_run_id: {_eq: $run}}, order_by: {id: asc}, limit: 1000, offset: $offset) { message } }"""
EVENTS = """query($after: bigint!) { event(where: {position: {_gt: $after}}, order_by: {position: asc}, limit: 1000) {
  position kind flow_run_id task_run_id payload } }"""
SLOTS = "{ concurrency_slot { flow_run_id task_run_id } }"
NOBODY = "00000000-0000-0000-0000-000000000000"


@dataclass
class Account:
    """What happened, from every side that wrote it down."""

    runs: dict = field(default_factory=dict)
    """Flow runs by id, with `states`, `task_runs` (with their states) and `flow`."""
    lines: dict = field(default_factory=dict)
    """The messages stored for each run."""
    events: list = field(default_factory=list)
    slots: list = field(default_factory=list)
    reasons: dict = field(default_factory=dict)
    """What `flow_run_explain` says of each run that has not ended."""
    limits: dict = field(default_factory=dict)
    """Labels with a concurrency limit."""
    notes: list = field(default_factory=list)
    """The journals of the flows' processes."""
    created: list = field(default_factory=list)
    """Runs whose creation was acknowledged."""
    cancelled: list = field(default_factory=list)
    """Runs whose cancellation was acknowledged."""
    acknowledged_lines: list = field(default_factory=list)
    acknowledged_states: list = field(default_factory=list)
    ticking: dict = field(default_factory=dict)
    """For each scheduled flow, the slots (ISO texts) that came due while its schedule was active."""


def read(url, journal, **known):
    """Reads the whole account. `known` are the fields that only the campaign knows."""
    account = Account(**known)
    after = NOBODY
    while page := post(url, RUNS, {"after": after})["flow_run"]:
        account.runs |= {run["id"]: run for run in page}
        after = page[-1]["id"]
    for run in account.runs:
        account.lines[run] = _lines(url, run)
    position = 0
    while page := post(url, EVENTS, {"after": position})["event"]:
        account.events += page
        position = page[-1]["position"]
    account.slots = post(url, SLOTS)["concurrency_slot"]
    account.notes = notes(journal)
    return account


def notes(journal):
    """Every line of every journal. A last line that was cut by a kill is left out."""
    found = []
    for file in sorted(Path(journal).glob("*.jsonl")):
        for line in file.read_text(errors="replace").splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:
                continue
    return sorted(found, key=lambda note: note["at"])


def _lines(url, run):
    messages, offset = [], 0
    while page := post(url, LOGS, {"run": run, "offset": offset})["log"]:
        messages += [line["message"] for line in page]
        offset += len(page)
    return messages


def by(key, items):
    """Items in lists by a key."""
    groups = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return groups
