"""Runs long enough to be cancelled."""

import time

import prefect
from prefect import Flow, Parameter, task
from witness import note


@task
def work(seconds):
    note("task", slug="work")
    prefect.context.logger.info("begin of %s", prefect.context.flow_run_id)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.2)
    prefect.context.logger.info("end of %s", prefect.context.flow_run_id)


with Flow("long") as flow:
    work(Parameter("seconds", default=30))
