"""Fails once; the retry is 20 minutes off, so the process does not wait for it (the library's limit is 10 minutes)."""

from datetime import timedelta

import prefect
from prefect import Flow, Parameter, task
from prefect.engine.results import LocalResult


@task
def prepare(base):
    return base + 1


@task(max_retries=1, retry_delay=timedelta(minutes=20))
def flaky(value):
    if prefect.context.get("task_run_count") < 2:
        raise ConnectionError("come back in 20 minutes")
    prefect.context.logger.info("value is %s", value)
    return value


with Flow("long-retry", result=LocalResult()) as flow:
    flaky(prepare(Parameter("base", default=41)))
