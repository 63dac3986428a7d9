"""One campaign: a set-up, a workload, and faults until the time is over; then everything is healed, and what is left
must come to its end.
"""

import threading
import time
from collections import Counter

import account
import agents
import plan
from agents import CONTINUE, KILL, STOP
from harness.api import Refused, post
from harness.runs import FINISHED
from workload import LIMIT, LIMITED, Workload

#: How long the rest may take after everything was healed.
SETTLE_SECONDS = 150
EXPLAIN = "query($id: uuid!) { flow_run_explain(flow_run_id: $id) { condition sentence } }"


class Campaign:
    """`run()` returns the account; `summary` says how much happened."""

    def __init__(self, set_up, network, home, seed):
        self.set_up, self.network, self.home, self.seed = set_up, network, home, seed
        self.journal = home / "journal"
        self.journal.mkdir()
        self.workload = Workload(seed, network)
        self.took_effect, self._restorers = Counter(), []

    def run(self, seconds):
        self.set_up.start()
        self.network.servers = [server.url.removeprefix("http://") for server in self.set_up.servers]
        self.workload.register()
        self.agents = [
            agents.start(kind, f"{kind}-{number}", self.network, self.home, self.journal)
            for kind in ("ours", "stock") for number in (1, 2)
        ]
        try:
            return self._go_on(seconds)
        finally:
            for agent in self.agents:
                agent.end()
            for pids in agents.flow_processes().values():
                agents.signal_all(pids, KILL)

    def _go_on(self, seconds):
        begin = time.monotonic()
        self.network.disturbing = True
        self.workload.start()
        for fault in plan.faults(self.seed, seconds, self.set_up.name):
            time.sleep(max(0.0, begin + fault.at - time.monotonic()))
            if self._strike(fault):
                self.took_effect[fault.kind] += 1
        time.sleep(max(0.0, begin + seconds - time.monotonic()))
        self._heal()
        self.workload.stop()
        self._settle()
        url = self.set_up.servers[0].url
        return account.read(
            url, self.journal, created=self.workload.created, cancelled=self.workload.cancelled, ticking=self.workload.ticking,
            limits={LIMITED: LIMIT}, reasons=self._reasons(url), acknowledged_lines=self.network.acknowledged_lines,
            acknowledged_states=self.network.acknowledged_states,
        )

    def _strike(self, fault):
        """Whether it took effect: there was something to hit."""
        verb, victim = fault.kind.split(" ", 1)
        if victim == "server":
            return self._hit_server(verb, self.set_up.servers[fault.which % len(self.set_up.servers)], fault.seconds)
        if victim == "agent":
            return self._hit_agent(verb, self.agents[fault.which % len(self.agents)], fault.seconds)
        if victim == "flow":
            return self._hit_flow(verb, fault)
        if victim == "clock":
            self.set_up.jump(fault.which, fault.seconds)
            return True
        return self.set_up.hit(verb, victim, fault.seconds)

    def _hit_server(self, verb, server, seconds):
        if verb == "kill":
            server.kill()
            time.sleep(seconds)
            server.start()
        else:
            server.send(STOP)
            time.sleep(seconds)
            server.send(CONTINUE)
        return True

    def _hit_agent(self, verb, agent, seconds):
        if verb == "stop":
            agent.send(STOP)
            self._later(seconds * 4, agent.send, CONTINUE)
            return True
        if verb == "kill":
            agent.send(CONTINUE)
            agent.kill()
        else:
            agent.send(CONTINUE)
            agent.process._process.terminate()
        self._later(seconds + 1, self._revive, agent)
        return True

    def _revive(self, agent):
        try:
            agent.process._process.wait(timeout=20)
        except Exception:  # noqa: BLE001 - an agent that drains for long is killed, as a supervisor does
            agent.kill()
        agent.ensure()

    def _hit_flow(self, verb, fault):
        running = list(agents.flow_processes().values())
        if not running:
            return False
        pids = running[fault.which % len(running)]
        if verb == "kill":
            agents.signal_all(pids, KILL)
        else:
            agents.signal_all(pids, STOP)
            self._later(fault.seconds * 4, agents.signal_all, pids, CONTINUE)
        return True

    def _later(self, seconds, what, *arguments):
        timer = threading.Timer(seconds, what, arguments)
        timer.daemon = True
        timer.start()
        self._restorers.append(timer)

    def _heal(self):
        self.network.disturbing = False
        for timer in self._restorers:
            timer.join()
        self.set_up.heal()
        for pids in agents.flow_processes().values():
            agents.signal_all(pids, CONTINUE)
        for agent in self.agents:
            agent.send(CONTINUE)
            agent.ensure()

    def _settle(self):
        deadline = time.monotonic() + SETTLE_SECONDS
        while time.monotonic() < deadline:
            for agent in self.agents:
                agent.process.poke()
            if not self._open_runs():
                break
            time.sleep(1)
        # The library's processes send their last lines after their last state.
        while agents.flow_processes() and time.monotonic() < deadline:
            time.sleep(0.5)

    def _open_runs(self):
        query = "query($ended: [String!]) { flow_run(where: {state: {_nin: $ended}}) { id } }"
        try:
            return [run["id"] for run in post(self.set_up.servers[0].url, query, {"ended": sorted(FINISHED)})["flow_run"]]
        except (OSError, Refused, ValueError):
            return ["unknown"]

    def _reasons(self, url):
        return {run: post(url, EXPLAIN, {"id": run})["flow_run_explain"] for run in self._open_runs()}

