"""What the campaign's users do: register flows, ask for runs at a steady rate, cancel some, and set a limit."""

import random
import threading
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

from harness.api import Refused, mutate, post

FLOWS = Path(__file__).parent / "flows"
LABEL, LIMITED = "chaos", "chaos-limited"
LIMIT = 2
#: A run costs a Python process and its imports: more than this many at once only wait for each other.
MOST_AT_ONCE = 5
SHARE_CANCELLED, SHARE_LIMITED = 0.12, 0.25
TICKING = 3


class Workload:
    """Everything it was answered is kept, for the account."""

    def __init__(self, seed, network):
        self.url, self._dice = network.url, random.Random(f"{seed}/workload")
        self.created, self.cancelled = [], []
        self.ticking, self._active_since = {}, []
        self._ending = threading.Event()
        self._threads = []

    def register(self):
        """With the stock client, through the (still quiet) network."""
        from prefect import Client

        Client().create_project("Chaos")
        mutate(self.url, "update_flow_concurrency_limit", "id", label=LIMITED, limit=LIMIT)
        self.flows = {
            (name, limited): _register(name, [LABEL, LIMITED] if limited else [LABEL])
            for name in ("steps", "retrying", "long") for limited in (False, True)
        }
        for number in range(TICKING):
            _register("ticking", [LABEL], number)
            self._active_since.append(datetime.now(timezone.utc))

    def start(self):
        for work in (self._create, self._cancel):
            thread = threading.Thread(target=work, daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self):
        """No more runs; schedules are switched off, and what came due until now is written down."""
        self._ending.set()
        for thread in self._threads:
            thread.join()
        until = datetime.now(timezone.utc)
        self._await_due(until)
        for flow in self._insist(lambda: post(self.url, '{ flow(where: {name: {_ilike: "ticking%"}}) { id name } }'))["flow"]:
            self._insist(lambda flow=flow: mutate(self.url, "set_schedule_inactive", "success", flow_id=flow["id"]))
        for number in range(TICKING):
            self.ticking[f"ticking-{number}"] = list(_slots(number, self._active_since[number], until))

    def _await_due(self, until):
        """What has not begun goes with its schedule when that is switched off; so what is due is waited for."""
        query = """query($until: timestamptz!) { flow_run(where: {auto_scheduled: {_eq: true}, state: {_eq: "Scheduled"},
          scheduled_start_time: {_lt: $until}}) { id } }"""
        for _ in range(60):
            waiting = self._insist(lambda: post(self.url, query, {"until": until.isoformat()}))
            if waiting is not None and not waiting["flow_run"]:
                return
            time.sleep(1)

    def _create(self):
        number = 0
        while not self._ending.wait(self._dice.uniform(0.8, 2.4)):
            if self._unfinished() >= MOST_AT_ONCE:
                continue
            number += 1
            name = self._dice.choices(("steps", "retrying", "long"), (6, 2, 3))[0]
            flow = self.flows[name, self._dice.random() < SHARE_LIMITED]
            parameters = {"steps": {"steps": self._dice.randint(1, 5)}, "long": {"seconds": self._dice.randint(2, 12)}}.get(name, {})
            fields = {"flow_id": flow, "parameters": parameters, "idempotency_key": f"chaos-{number}"}
            run = self._insist(lambda fields=fields: mutate(self.url, "create_flow_run", "id", **fields))
            if run:
                self.created.append(run["id"])

    def _cancel(self):
        seen = 0
        while not self._ending.wait(0.5):
            for run in self.created[seen:]:
                seen += 1
                if self._dice.random() < SHARE_CANCELLED:
                    self._ending.wait(self._dice.uniform(0, 6))
                    if self._insist(lambda run=run: mutate(self.url, "cancel_flow_run", "state", flow_run_id=run)):
                        self.cancelled.append(run)

    def _unfinished(self):
        query = '{ flow_run_aggregate(where: {state: {_in: ["Submitted", "Running", "Cancelling"]}}) { aggregate { count } } }'
        try:
            return post(self.url, query)["flow_run_aggregate"]["aggregate"]["count"]
        except (OSError, Refused, ValueError):
            return MOST_AT_ONCE

    def _insist(self, ask):
        """Asks until it is answered, as a careful user does: every mutation may be sent twice. A refusal is an answer."""
        for _ in range(60):
            try:
                return ask()
            except Refused as refusal:
                if refusal.code not in ("UNAVAILABLE", "API_ERROR"):
                    return None
            except (OSError, ValueError):
                pass
            time.sleep(0.5)
        raise AssertionError("no server answered for half a minute")


def _register(name, labels, number=None):
    from prefect.run_configs import UniversalRun
    from prefect.schedules import IntervalSchedule
    from prefect.storage import Local
    from prefect.utilities.storage import extract_flow_from_file

    path = FLOWS / f"{name}.py"
    flow = extract_flow_from_file(file_path=str(path))
    storage_name = flow.name
    if number is not None:
        flow.name = f"{name}-{number}"
        flow.schedule = IntervalSchedule(start_date=_first(number), interval=timedelta(minutes=1))
    flow.storage = Local(path=str(path), stored_as_script=True, add_default_labels=False)
    flow.storage.add_flow(flow)
    assert storage_name
    flow.run_config = UniversalRun(labels=labels)
    return flow.register(project_name="Chaos", no_url=True)


def _first(number):
    """Each of the ticking flows has its own second of the minute."""
    return datetime(2020, 1, 1, 0, 0, (number * 60) // TICKING, tzinfo=timezone.utc)


def _slots(number, since, until):
    first = _first(number)
    slot = first + timedelta(minutes=1) * ((since - first) // timedelta(minutes=1) + 1)
    while slot < until:
        yield slot.isoformat()
        slot += timedelta(minutes=1)
