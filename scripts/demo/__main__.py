"""The story of `make demo`: start, register, trigger, watch, cancel, cache, schedule; through our agent and the stock one."""

import argparse
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

import screen
from graphql import as_curl, post
from processes import DemoFailed, Processes
from watch import Run, Watch

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "prefect1"
PROJECT = "Examples"
STOCK_LABEL = "stock"
ACT_SECONDS = 180

CREATE = """mutation($input: create_flow_run_input!) { create_flow_run(input: $input) { id } }"""
CANCEL = """mutation($input: cancel_flow_run_input!) { cancel_flow_run(input: $input) { state } }"""
FLOWS = """query($project: String!) {
  flow(where: {archived: {_eq: false}, project: {name: {_eq: $project}}}) { id name run_config }
}"""
AGENTS = """{ agent { name type labels } }"""
PLANNED = """query($flow: uuid!) {
  flow_run(where: {flow_id: {_eq: $flow}, auto_scheduled: {_eq: true}}, order_by: {scheduled_start_time: asc}) {
    scheduled_start_time parameters
  }
}"""


class Demo:
    def __init__(self, processes):
        self.processes = processes
        self.flows = {}
        self.runs = []

    @property
    def url(self):
        return self.processes.url

    def prepare(self, binary):
        screen.heading("One binary: the server and an agent, on a SQLite file")
        screen.command(f"{Path(binary).name} dev")
        started = time.monotonic()
        screen.say(f"Signalbox is listening on {self.processes.start_signalbox(binary)} "
                   + screen.dim(f"(after {1000 * (time.monotonic() - started):.0f} ms; data in {self.processes.data})"))

        screen.heading("The stock Prefect 1.4.1 library registers the flows of examples/prefect1")
        screen.command(f"prefect create project {PROJECT}")
        self.processes.prefect("create", "project", PROJECT)
        screen.command(f"prefect register --project {PROJECT} -p examples/prefect1/")
        self.processes.prefect("register", "--project", PROJECT, "-p", str(EXAMPLES))
        self.flows = {flow["name"]: flow for flow in post(self.url, FLOWS, {"project": PROJECT})["flow"]}
        expected = len(list(EXAMPLES.glob("*.py")))
        if len(self.flows) != expected:
            raise DemoFailed(f"{len(self.flows)} flows were registered, not {expected}: {sorted(self.flows)}")
        for name in sorted(self.flows):
            screen.say(f"  {screen.paint('32', '✓')} {name}")

    def wait_for_our_agent(self):
        """Local storage labels the flows with this machine's name; one of the agents of `signalbox dev` has it too."""
        wanted = set(self.flows["sales-etl"]["run_config"]["labels"])
        self._agent(lambda agent: agent["name"] != "stock" and wanted <= set(agent["labels"]))

    def _agent(self, matches):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            self.processes.check()
            for agent in post(self.url, AGENTS)["agent"]:
                if matches(agent):
                    return agent
            time.sleep(0.2)
        raise DemoFailed(f"no suitable agent registered within 30 s: {post(self.url, AGENTS)}")

    def start_stock_agent(self):
        screen.command(f"prefect agent local start --label {STOCK_LABEL}")
        self.processes.start_stock_agent(STOCK_LABEL)
        self._agent(lambda agent: agent["name"] == "stock")

    def trigger(self, flow, title=None, labels=None, parameters=None, **expectation):
        asked = {"flow_id": self.flows[flow]["id"]}
        if parameters:
            asked["parameters"] = parameters
        if labels is not None:
            asked["labels"] = labels
        return Run(post(self.url, CREATE, {"input": asked})["create_flow_run"]["id"], title or flow, **expectation)

    def act(self, agent, labels):
        """Every example once through one agent, the cached one twice."""
        watch = Watch(self.url, self.processes.check, self.cancel)
        database = str(self.processes.data / f"sales-{agent}.db")
        hashes = {"signalbox": 3000, "stock": 2500}[agent]  # other inputs, so that each agent begins without a cache
        runs = [
            self.trigger("word-statistics", labels=labels),
            self.trigger("sales-etl", labels=labels, parameters={"database": database}),
            self.trigger("flaky-gateway", labels=labels),
            self.trigger("weather-report", labels=labels, parameters={"station": "mountain"}),
            self.trigger("similar-texts", labels=labels, parameters={"hashes": hashes}),
            self.trigger("archive-check", labels=labels, expected="Cancelled", cancel_after=24),
        ]
        watch.until_finished(runs, ACT_SECONDS)

        screen.say()
        screen.say(screen.dim("The cached example again, with the same inputs:"))
        again = self.trigger("similar-texts", labels=labels, parameters={"hashes": hashes})
        watch.until_finished([again], ACT_SECONDS)
        first = runs[4].task_states("fingerprint")
        second = again.task_states("fingerprint")
        screen.say(f"  fingerprint, first run:  {' → '.join(map(screen.state, first))}")
        screen.say(f"  fingerprint, second run: {' → '.join(map(screen.state, second))}")
        problems = []
        if "Running" not in first:
            problems.append(f"{agent}: the first run of similar-texts did not compute anything ({first})")
        if "Running" in second or "Cached" not in second:
            problems.append(f"{agent}: the second run of similar-texts did not hit the cache ({second})")
        retries = runs[2].task_states("submit").count("Retrying")
        if retries != 2:
            problems.append(f"{agent}: flaky-gateway was tried again {retries} times, not 2")
        for run in [*runs, again]:
            run.agent = agent
            if run.row["state"] != run.expected:
                problems.append(f"{agent}: {run.title} is {run.row['state']}, expected {run.expected} (flow run {run.id})")
        left = {task["state"] for task in runs[5].row["task_runs"]} - {"Success", "Cancelled", "Mapped"}
        if left:
            problems.append(f"{agent}: archive-check left task runs behind: {sorted(left)}")
        self.runs += [*runs, again]
        return problems

    def cancel(self, run, done):
        screen.say(screen.paint("35", f"── {run.title}: {done} steps done, cancelling it now ──"))
        post(self.url, CANCEL, {"input": {"flow_run_id": run.id}})

    def show_schedule(self):
        screen.heading("The schedule of weather-report has planned its next runs")
        planned = post(self.url, PLANNED, {"flow": self.flows["weather-report"]["id"]})["flow_run"]
        for row in planned[:5]:
            chosen = ", ".join(f"{name} = {row['parameters'][name]}" for name in ("station", "unit"))
            screen.say(f"  {row['scheduled_start_time'][:16].replace('T', ' ')} UTC  {chosen}")
        screen.say(screen.dim(f"  … {len(planned)} altogether"))
        return [] if len(planned) >= 10 else [f"the schedule planned {len(planned)} runs, not 10"]

    def show_summary(self):
        screen.heading("What ran")
        for run in self.runs:
            row = run.row
            states = [task["state"] for task in row["task_runs"]]
            counted = ", ".join(f"{states.count(name)} {name}" for name in dict.fromkeys(states))
            mark = screen.paint("32", "✓") if row["state"] == run.expected else screen.paint("31", "✗")
            line = f"{run.agent:<10} {run.title:<16} {row['name']:<24} {row['state']:<10}"
            screen.say(f"  {mark} {line} {screen.dim(counted)}")

    def show_where_next(self, binary):
        screen.heading("Where to look next")
        screen.say(f"GraphQL: POST {self.url}/graphql, for example")
        query = "{ flow_run(order_by: {created: desc}, limit: 3) { name state flow { name } } }"
        screen.say(screen.dim(as_curl(f"{self.url}/graphql", query)))
        screen.say("The command line:")
        api = f"--api {self.url}"
        screen.command(f"{binary} get flow-runs {api}")
        screen.command(f"{binary} run --project {PROJECT} --name sales-etl --watch {api}")
        screen.say("And Prefect's own, from the same virtual environment:")
        screen.command(f"export PREFECT__BACKEND=server PREFECT__SERVER__ENDPOINT={self.url}")
        screen.command(f"{Path(sys.executable).parent}/prefect get flow-runs")


def tell(demo, binary):
    """The whole story; returns what went otherwise than it should."""
    demo.prepare(binary)

    screen.heading("Every example through Signalbox's agent: started by GraphQL, with one POST each")
    mutation = f'mutation {{ create_flow_run(input: {{flow_id: "{demo.flows["word-statistics"]["id"]}"}}) {{ id }} }}'
    screen.say(screen.dim(as_curl(demo.url, mutation)))
    screen.say()
    demo.wait_for_our_agent()
    problems = demo.act("signalbox", None)

    screen.heading("The same through Prefect's own agent, unmodified")
    demo.start_stock_agent()
    screen.say(screen.dim("(it looks for cancelled runs every 15 seconds: please be patient with archive-check)"))
    problems += demo.act("stock", [STOCK_LABEL])

    problems += demo.show_schedule()
    demo.show_summary()
    return problems


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--binary", required=True, help="the signalbox executable")
    arguments.add_argument("--once", action="store_true", help="end when the story ends, with an exit code")
    options = arguments.parse_args()

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    data = tempfile.mkdtemp(prefix="signalbox-demo-")
    processes = Processes(data)
    demo = Demo(processes)
    problems = ["the demo did not get to its end"]
    try:
        problems = tell(demo, options.binary)
        for problem in problems:
            screen.fail(f"✗ {problem}")
        if not options.once:
            demo.show_where_next(options.binary)
            screen.say()
            screen.say(screen.bold("Signalbox keeps running until you press Ctrl-C."))
            while True:
                processes.check()
                time.sleep(1)
    except DemoFailed as failure:
        problems = [str(failure)]
        screen.fail(f"✗ {failure}")
    except KeyboardInterrupt:
        screen.say()
    finally:
        processes.stop()
        if problems and options.once:
            screen.say(f"The logs are in {data}")
        else:
            shutil.rmtree(data, ignore_errors=True)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
