"""Fails twice, a second apart, then succeeds."""

from datetime import timedelta

import prefect
from prefect import Flow, task


@task
def prepare():
    return 21


@task(max_retries=3, retry_delay=timedelta(seconds=1))
def flaky(value):
    attempt = prefect.context.get("task_run_count")
    if attempt < 3:
        raise ConnectionError(f"refused on attempt {attempt}")
    return 2 * value


with Flow("retrying") as flow:
    flaky(prepare())
