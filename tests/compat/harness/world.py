"""Makes the things that mutations are about, by GraphQL alone: projects, flows, runs, task runs, agents."""

import itertools
import uuid

from . import api

_COUNTER = itertools.count(1)
IN_A_YEAR = "2035-01-01T00:00:00+00:00"


def serialized_task(slug):
    return {
        "name": slug, "slug": slug, "type": "prefect.core.task.Task", "tags": [], "max_retries": 1, "retry_delay": 60,
        "timeout": None, "trigger": {"fn": "prefect.triggers.all_successful", "kwargs": {}}, "cache_key": None,
        "auto_generated": False, "skip_on_upstream_skip": True, "inputs": {}, "outputs": "typing.Any",
    }


def serialized_edge(upstream, downstream):
    return {
        "upstream_task": {"slug": upstream}, "downstream_task": {"slug": downstream}, "key": None, "mapped": False,
        "flattened": False,
    }


def serialized_flow(name, tasks=("a", "b"), schedule=None):
    """A flow as `prefect register` would send it, with its tasks in a chain."""
    return {
        "name": name, "type": "prefect.core.flow.Flow", "schedule": schedule, "reference_tasks": [],
        "parameters": [{"name": "n", "slug": "n", "default": 1, "required": False, "tags": []}],
        "tasks": [serialized_task(slug) for slug in tasks],
        "edges": [serialized_edge(*pair) for pair in zip(tasks, tasks[1:])],
        "run_config": {"type": "UniversalRun", "labels": [], "env": None},
        "storage": {"type": "Local", "flows": {name: "/nowhere"}, "secrets": []}, "__version__": "1.4.1",
    }


HOURLY = {
    "clocks": [{
        "type": "IntervalClock", "start_date": {"dt": "2024-01-01T00:00:00", "tz": "UTC"}, "end_date": None,
        "interval": 3_600_000_000, "parameter_defaults": {}, "labels": None,
    }],
    "filters": [], "or_filters": [], "not_filters": [], "adjustments": [],
}


class World:
    """Every method makes something new and returns its id."""

    def __init__(self, server):
        self.server, self.url = server, server.url
        self.tenant_id = api.post(self.url, "{ tenant { id } }")["tenant"][0]["id"]

    def mutate(self, name, selection="id", /, **fields):
        return api.mutate(self.url, name, selection, **fields)

    def name(self):
        return f"thing-{next(_COUNTER)}-{uuid.uuid4().hex[:6]}"

    def project(self):
        return self.mutate("create_project", name=self.name(), description=None, tenant_id=self.tenant_id)["id"]

    def flow(self, schedule=None, active=False, tasks=("a", "b")):
        return self.mutate(
            "create_flow", project_id=self.project(), serialized_flow=serialized_flow(self.name(), tasks, schedule),
            set_schedule_active=active, idempotency_key=self.name(),
        )["id"]

    def flow_group(self, flow_id=None, **options):
        query = "query($id: uuid!) { flow_by_pk(id: $id) { flow_group_id } }"
        return api.post(self.url, query, {"id": flow_id or self.flow(**options)})["flow_by_pk"]["flow_group_id"]

    def scheduled_flow_group(self):
        group = self.flow_group()
        self.mutate("set_flow_group_schedule", "success", flow_group_id=group, cron_clocks=[{"cron": "0 * * * *"}],
                    interval_clocks=[], timezone="UTC")
        return group

    def tenant(self):
        name = self.name()
        return self.mutate("create_tenant", name=name, slug=name)["id"]

    def agent_config(self):
        return self.mutate("create_agent_config", tenant_id=self.tenant_id, name=self.name(), settings={"a": 1})["id"]

    def run(self, flow_id=None, **options):
        return self.mutate(
            "create_flow_run", flow_id=flow_id or self.flow(), idempotency_key=self.name(), **options
        )["id"]

    def set_run(self, run_id, state, **fields):
        self.mutate("set_flow_run_states", "states { id status message }",
                    states=[{"flow_run_id": run_id, "state": {"type": state, **fields}, "version": None}])
        return run_id

    def running(self):
        return self.set_run(self.run(), "Running")

    def paused(self):
        run_id = self.run()
        self.mutate("pause_flow_run", "success", flow_run_id=run_id)
        return run_id

    def awaiting_approval(self):
        """A task run that a person has to let go on."""
        task_run_id = self.task_run(self.running())["id"]
        self.mutate("set_task_run_states", "states { id status message }",
                    states=[{"task_run_id": task_run_id, "state": {"type": "Paused"}, "version": None}])
        return task_run_id

    def claimed(self):
        """A run and the lease of the agent that works on it."""
        label = self.name()
        agent, run_id = self.agent([label]), self.run(labels=[label])
        runs = self.mutate("claim_flow_runs", "runs { flow_run_id lease_token }", agent_id=agent, labels=[label], slots=1,
                           wait_ms=0, held=[], claim_id=str(uuid.uuid4()))["runs"]
        self.set_run(run_id, "Running")
        return runs[0]

    def task(self, run_id, slug="a"):
        return self.task_run(run_id, slug)["task_id"]

    def task_run(self, run_id, slug="a"):
        query = """query($id: uuid!, $slug: String!) {
          task_run(where: {flow_run_id: {_eq: $id}, task: {slug: {_eq: $slug}}}) { id task_id } }"""
        return api.post(self.url, query, {"id": run_id, "slug": slug})["task_run"][0]

    def agent(self, labels=()):
        return self.mutate("register_agent", type="LocalAgent", name=self.name(), labels=list(labels),
                           tenant_id=self.tenant_id, agent_config_id=None)["id"]

    def artifact(self):
        return self.mutate("create_task_run_artifact", task_run_id=self.task_run(self.run())["id"], kind="link",
                           data={"link": self.name()}, tenant_id=None)["id"]
