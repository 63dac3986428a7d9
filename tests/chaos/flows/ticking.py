"""Runs by the clock, once a minute. The campaign registers it several times, each with its own second of the minute."""

from datetime import datetime, timedelta, timezone

import prefect
from prefect import Flow, task
from prefect.schedules import IntervalSchedule
from witness import note


@task
def tick():
    note("task", slug="tick")
    prefect.context.logger.info("tick of %s", prefect.context.flow_run_id)


with Flow("ticking", schedule=IntervalSchedule(start_date=datetime(2020, 1, 1, tzinfo=timezone.utc), interval=timedelta(seconds=60))) as flow:
    tick()
